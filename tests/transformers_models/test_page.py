"""The example of the page on transformers is a reasoner that works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from ivlm_bench.reasoners import REASONERS
from ivlm_bench.testing.analytic import Block, table_observation
from ivlm_bench.types import Query
from ivlm_policies import transformers_models

PAGE = Path(__file__).parents[2] / "docs" / "transformers.md"


def test_red_things_are_found() -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    made: dict[str, Any] = {}
    # The registry is shared by all tests of this process.
    exec(code.replace("REASONERS.register(", "entry = ("), made)
    assert made["entry"][0] not in REASONERS.names()
    red = Block((0.06, 0.0, 0.04), (0.05, 0.05, 0.08), rgb=(220, 30, 30))
    blue = Block((-0.06, 0.05, 0.04), (0.05, 0.05, 0.08), rgb=(30, 30, 220))
    query = Query("grasp", "box", None, "Pick up the red box.")
    answer = made["red"]().predict(table_observation((red, blue), query))
    assert answer.grasps
    np.testing.assert_allclose(
        answer.grasps[0].world_from_gripper.position_m[:2], (0.06, 0.0), atol=0.02
    )


def test_every_shipped_adapter_is_one_short_file() -> None:
    """What README and page promise of a model of one's own."""
    home = Path(transformers_models.__file__).parent
    adapters = ("_clipseg", "_dense", "_detector", "_writer", "_depth_model", "_sam")
    lengths = {name: len((home / f"{name}.py").read_text().splitlines()) for name in adapters}
    assert max(lengths.values()) <= 60, lengths
