"""Fail unless each block after ``<!-- output: COMMAND -->`` in README.md is what COMMAND prints.

``--write`` puts what the commands print into README.md instead.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"(<!-- output: (?P<command>.+?) -->\n```text\n)(?P<text>.*?)(\n```)", re.DOTALL)


def printed(command: str) -> str:
    """Return a command's standard output without trailing blanks."""
    done = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True)
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())


def main() -> None:
    """Compare, or write with ``--write``."""
    path = Path("README.md")
    old = path.read_text(encoding="utf-8")
    new = BLOCK.sub(lambda m: m[1] + printed(m["command"]) + m[4], old)
    if "--write" in sys.argv[1:]:
        path.write_text(new, encoding="utf-8")
    elif new != old:
        sys.exit("README.md shows other tables than results/ gives: .ci/check_readme.py --write")
    print(f"README.md: {len(BLOCK.findall(new))} tables are those of results/")


main()
