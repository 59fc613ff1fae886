"""``ivlm-bench merge``: shards of one run put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from tyro.conf import Positional, arg

from ivlm_bench.cli.parse import parse


class MergeFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Put the shards of one run together; doing it again changes nothing."""

    out: Annotated[Positional[str], arg(metavar="OUT")]
    """Folder of the whole run."""
    shards: Annotated[Positional[tuple[str, ...]], arg(metavar="SHARD ...", help_behavior_hint="")]
    """Folders of all its shards, made with 'run --shard 1/N', 'run --shard 2/N' ..."""
    no_page: bool = False
    """Write no HTML page."""


def command(argv: Sequence[str]) -> int:
    """Merge, print the table, and name the page and both digests last."""
    flags = parse(MergeFlags, "merge", argv)
    from ivlm_bench.cli.outcome import tell
    from ivlm_bench.harness.merge import merge
    from ivlm_bench.report import write_page

    outcome = merge(flags.out, flags.shards)
    return tell(outcome, None if flags.no_page else write_page(outcome.run.folder))
