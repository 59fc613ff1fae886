"""``python -m ivlm_bench.testing.miniatures NAME FOLDER [--seed N]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ivlm_bench.errors import IvlmBenchError
from ivlm_bench.testing.miniatures import MINIATURES, make_miniature


def main(arguments: Sequence[str] | None = None) -> int:
    """Make one miniature, print its folder and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m ivlm_bench.testing.miniatures",
        description="Write a small made-up data set in the exact layout of a public one.",
        epilog=f"Miniatures: {', '.join(MINIATURES.names())}.",
    )
    parser.add_argument("name", help="data set whose layout it has")
    parser.add_argument("folder", type=Path, help="new or empty folder")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other values")
    asked = parser.parse_args(arguments)
    try:
        print(make_miniature(asked.name, asked.folder, seed=asked.seed))
    except IvlmBenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
