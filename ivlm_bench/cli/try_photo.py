"""``ivlm-bench try``: what a reasoner answers to one photograph, drawn on it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from tyro.conf import Positional, UseAppendAction, arg

from ivlm_bench.cli.parse import parameters, parse
from ivlm_bench.errors import ConfigError

#: Longer side (px) of the view unless asked otherwise, and the sizes that a reasoner can be shown.
VIEW_PX, LEAST_PX, MOST_PX = 448, 16, 2048
#: Endings of files that can be written.
ENDINGS = (".png", ".html", ".htm")


class TryFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Show a reasoner one photograph of your own and draw its answer on it."""

    photo: Annotated[Positional[str], arg(metavar="PHOTO")]
    """JPEG, PNG, WebP or BMP file."""
    sentence: Annotated[Positional[str], arg(metavar="SENTENCE")]
    """What is to be done, such as "hold the mug by its handle"."""
    reasoner: Annotated[str, arg(metavar="NAME|MODULE:ATTR|FILE.py:ATTR")] = "geometric-words"
    """Who answers."""
    param: Annotated[
        UseAppendAction[tuple[str, ...]], arg(aliases=["-P"], metavar="KEY=VALUE")
    ] = ()
    """Constructor parameter of the reasoner."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE.png|FILE.html")] = None
    """File to write; PHOTO-REASONER.png in the working folder if left out."""
    size: Annotated[int, arg(metavar="PX")] = VIEW_PX
    """Longer side of the picture that the reasoner sees; it is never enlarged."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Seed of the reasoner."""


def command(argv: Sequence[str]) -> int:
    """Ask, draw, write the file, print what was answered; 5 if there is no valid answer."""
    flags = parse(TryFlags, "try", argv)
    out = _out(flags)
    # Only now, so that --help and a mistyped flag need not wait for the imports.
    from ivlm_bench.guard import visible
    from ivlm_bench.harness.photograph import ask_about
    from ivlm_bench.report.photograph import caption_of, drawn_answer, write_picture

    asked = ask_about(
        Path(flags.photo),
        flags.sentence,
        flags.reasoner,
        params=parameters(flags.param),
        longest_px=flags.size,
        seed=flags.seed,
    )
    lines = caption_of(asked)
    write_picture(out, drawn_answer(asked), lines)
    print(visible("\n".join(lines)))
    print(f"picture  {shlex.quote(str(out))}")
    return 0


def _out(flags: TryFlags) -> Path:
    if not LEAST_PX <= flags.size <= MOST_PX:
        raise ConfigError(f"--size is {flags.size}; {LEAST_PX} to {MOST_PX} px can be shown.")
    if flags.seed < 0:
        raise ConfigError(f"--seed is {flags.seed}; a whole number of at least 0 is needed.")
    if flags.out is None:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", flags.reasoner.rpartition(":")[2]).strip("-.")
        return Path(f"{Path(flags.photo).stem}-{name or 'reasoner'}.png")
    out = Path(flags.out)
    if out.suffix.lower() not in ENDINGS:
        raise ConfigError(f"--out is {flags.out!r}; give a name that ends in .png or .html.")
    return out
