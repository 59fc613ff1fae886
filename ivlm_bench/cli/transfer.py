"""``ivlm-bench transfer``: train on one group of object families, test on all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from tyro.conf import UseAppendAction, arg

from ivlm_bench.cli.parse import listed, parse
from ivlm_bench.errors import ConfigError, UnknownNameError, did_you_mean
from ivlm_bench.harness.threads import SINGLE_THREADED


class TransferFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Train a reasoner on one group of object families after the other, and test each net on the
    scenes held back of all groups; held-out categories never enter."""

    pictures: Annotated[str, arg(metavar="FOLDER")]
    """Labelled pictures, as 'ivlm-bench train' draws them into OUT/pictures."""
    reasoner: Annotated[str, arg(metavar="NAME")] = "ivlm-points"
    """Reasoner that is trained."""
    group: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="NAME")] = ()
    """Train on these groups only; a comma list will do. All are tested on."""
    steps: Annotated[int | None, arg(metavar="N")] = None
    """Steps of each training; the preset's number if left out."""
    seed: Annotated[int | None, arg(metavar="N")] = None
    """Seed of start and order; the preset's if left out."""
    out: Annotated[str, arg(aliases=["-o"], metavar="FOLDER")] = "transfer"
    """Folder for figures; groups whose figures lie there are not trained again."""
    format: Literal["text", "markdown"] = "text"
    """How to print."""


def command(argv: Sequence[str]) -> int:
    """Train, test, print the matrix, and return 0."""
    flags = parse(TransferFlags, "transfer", argv)
    # As for 'train': read once, when the libraries of numpy and torch are first imported.
    os.environ.update(SINGLE_THREADED)
    from ivlm_bench.cli.place import check_folder
    from ivlm_bench.cli.progress import counting
    from ivlm_bench.cli.tables import columns
    from ivlm_bench.learning.transfer import TRANSFERS, TransferOrder, matrix_table

    trainer = TRANSFERS.get(flags.reasoner)
    groups = tuple(listed(flags.group))
    for name in groups:
        if name not in trainer.groups:
            hint = did_you_mean(name, list(trainer.groups))
            raise UnknownNameError(f"No group of families is called {name!r}.{hint}")
    for flag, value, least in (("--steps", flags.steps, 1), ("--seed", flags.seed, 0)):
        if value is not None and value < least:
            raise ConfigError(f"{flag} is {value}; a whole number of at least {least} is needed.")
    out = Path(flags.out)
    check_folder(out)
    order = TransferOrder(
        Path(flags.pictures), out, groups=groups, seed=flags.seed, n_steps=flags.steps
    )
    head, rows = matrix_table(trainer(order, counting))
    if flags.format == "markdown":
        lines = [head, ("---",) * len(head), *rows]
        print("\n".join(f"| {' | '.join(line)} |" for line in lines))
        return 0
    print(columns(head, rows))
    print("IoU / pointing on questions about scenes held back, by the group that they are about.")
    return 0
