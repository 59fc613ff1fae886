"""One record in the schema of Every Eval Ever (eval.schema.json, version 0.2.1).

Source of the fields: github.com/evaleval/every_eval_ever. Their validator needs a newer Python
than we support, so the JSON is written here, with the fields that the schema requires.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from ivlm_bench.digest import canonical_json
from ivlm_bench.leaderboard.rates import Rate
from ivlm_bench.leaderboard.summary import Row, summarise
from ivlm_bench.records import Manifest
from ivlm_bench.store import Run

SCHEMA_VERSION = "0.2.1"
#: Level of our intervals.
LEVEL = 0.95
#: Rates that are exported: column of the table, what it says, whether less is better.
EXPORTED = {
    "strict": ("success rate; errors of the reasoner count as failures", False),
    "conditional": ("success rate among episodes without errors", False),
    "error": ("share of episodes that ended in an error", True),
}


def export(run: Run) -> str:
    """Return the macro row and each task's rates, with intervals, as one JSON record."""
    manifest, summary = run.manifest, summarise(run)
    stamp = str(int(datetime.fromisoformat(manifest.created_at).timestamp()))
    results = [
        _result(manifest, row, name)
        for row in (summary.macro, *summary.tasks)
        for name in EXPORTED
        if row.rates[name].value is not None
    ]
    who = manifest.reasoner
    record = {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"ivlm_bench/{manifest.suite}/{who.name}/{stamp}",
        "evaluation_timestamp": stamp,
        "retrieved_timestamp": stamp,
        "dedupe_identity": {"run_fingerprint": manifest.bit_digest, "hash_algorithm": "sha256"},
        "source_metadata": {
            "source_name": "ivlm_bench",
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "other",
        },
        "eval_library": {
            "name": "ivlm_bench",
            "version": manifest.tool_version,
            "additional_details": {"protocol": manifest.protocol, **manifest.engines},
        },
        "model_info": {
            "name": who.display,
            "id": who.name,
            "additional_details": {"fingerprint": who.fingerprint, **who.params},
        },
        "evaluation_results": results,
    }
    return json.dumps(record, indent=2, allow_nan=False) + "\n"


def _result(manifest: Manifest, row: Row, name: str) -> dict[str, Any]:
    description, lower_is_better = EXPORTED[name]
    return {
        "evaluation_name": f"{manifest.suite}/{row.task}/{name}",
        "source_data": {"dataset_name": manifest.suite, "source_type": "other"},
        "metric_config": {
            "evaluation_description": description,
            "lower_is_better": lower_is_better,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
        },
        "score_details": _score(row.rates[name]),
        "generation_config": {
            "additional_details": {
                "track": manifest.track,
                "suite_hash": manifest.suite_hash,
                "config_hash": hashlib.sha256(canonical_json(manifest.reasoner.params)).hexdigest(),
            }
        },
    }


def _score(rate: Rate) -> dict[str, Any]:
    uncertainty: dict[str, Any] = {"num_samples": rate.n}
    if rate.interval is not None:
        uncertainty["confidence_interval"] = {
            "lower": rate.interval.low,
            "upper": rate.interval.high,
            "confidence_level": LEVEL,
            "method": rate.interval.method,
        }
    return {"score": rate.value, "uncertainty": uncertainty}
