"""The gate on a planted regression, on harmless noise and on too few questions.

python docs/gate_demo/demo.py [FOLDER]

Runs a steady method, a noisy one twice, and one whose grasps of handles drift by 1.5 cm, judges
each night, and writes docs/gate-demonstration.md. Runs that are
already in FOLDER (runs/gate-demo if left out) are kept.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SUITE = "docs/gate_demo/nightly-demo.toml"
METHOD = "docs/gate_demo/methods.py:Drifting"

#: Methods by name: their parameters, and how many questions of each task they answer.
METHODS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "steady": ((), ()),
    "again": ((), ()),
    "noisy": (("-P", "jitter_m=0.004", "-P", "salt=1"), ()),
    "noisy-again": (("-P", "jitter_m=0.004", "-P", "salt=2"), ()),
    "drifting": (("-P", "handle_m=0.015"), ()),
    "steady-5": ((), ("--limit", "5")),
    "drifting-5": (("-P", "handle_m=0.015"), ("--limit", "5")),
}

#: What is shown: a heading, the night, its baseline.
NIGHTS = (
    ("The same method again", "again", "steady"),
    ("A noisy method against itself: other answers, equally good", "noisy-again", "noisy"),
    ("A planted regression: grasps of handles drift by 1.5 cm", "drifting", "steady"),
    ("The same regression, five questions a task", "drifting-5", "steady-5"),
)

#: What a reader must know of a night beside the gate's own words.
REMARKS = {
    "noisy-again": (
        "Neither red nor shown to be as good: with so many flips, thirty questions a task can't\n"
        "refute a loss of two points, and the gate says so instead of passing. A nightly run lets\n"
        "such a night go on (`--inconclusive pass` turns this 3 into 0), which is no finding that\n"
        "nothing was lost."
    ),
    "drifting-5": "A loss of 60 points in one task, but five questions can't show it.",
}

PAGE = """\
# The gate, demonstrated

Made by `python docs/gate_demo/demo.py`. The steady method is `geometric-words` on a suite of four
tasks with thirty questions each ([nightly-demo.toml](gate_demo/nightly-demo.toml)); the others are
the same method, spoilt by a known amount ([methods.py](gate_demo/methods.py)). Which fresh
questions confirm a loss is drawn by the id of the night's run, so their numbers differ a little
each time this page is made; all others stay.
"""


def main(folder: str) -> None:
    """Run what is not there yet, judge every night, and write the page."""
    home = Path(folder)
    for name, (params, scope) in METHODS.items():
        if not (home / name / "manifest.json").is_file():
            words = ["run", "--suite", SUITE, "--reasoner", METHOD, *params, *scope]
            _ivlm_bench([*words, "--engine", "mujoco", "--no-page", "--out", str(home / name)])
    parts = [PAGE]
    for heading, night, baseline in NIGHTS:
        words = ["gate", str(home / night), "--baseline", str(home / baseline), "--confirm"]
        words += ["--suite", SUITE, "--reasoner", METHOD, "--baseline-reasoner", METHOD]
        ended = _ivlm_bench([*words, "--out", str(home / "gates" / night)])
        text = ended.stdout.replace("## ", "**", 1).replace("\n", "**\n", 1)
        remark = f"{REMARKS[night]}\n\n" if night in REMARKS else ""
        parts.append(f"## {heading}\n\nExit code {ended.returncode}.\n\n{remark}{text}")
    (ROOT / "docs" / "gate-demonstration.md").write_text("\n".join(parts), encoding="utf-8")


def _ivlm_bench(words: list[str]) -> subprocess.CompletedProcess[str]:
    print("ivlm-bench", shlex.join(words), file=sys.stderr)
    command = [sys.executable, "-m", "ivlm_bench.cli.main", *words]
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, cwd=ROOT)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runs/gate-demo")
