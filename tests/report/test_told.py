"""A terminal shows what a reasoner wrote, and obeys none of it."""

from __future__ import annotations

from unicodedata import category

import pytest
from msgspec.structs import replace

from ivlm_bench.codec import encode
from ivlm_bench.guard import in_brief, last_line, visible
from ivlm_bench.records import EpisodeResult, Manifest
from ivlm_bench.report.told import told
from ivlm_bench.types import Interaction

#: Clears the screen, sets the title, goes back over the line, turns the writing, in one byte each.
SEQUENCES = ("\x1b[2J", "\x1b]0;mine\x07", "ok\rFAILED", "\u202eevil", "\x9b31m")


@pytest.mark.parametrize("text", SEQUENCES)
def test_a_terminal_obeys_nothing_of_an_answer(
    text: str, variety: tuple[EpisodeResult, ...], manifest: Manifest
) -> None:
    answer = Interaction(abstain=True, abstain_reason=f"before {text} after")
    record = replace(variety[0].episode, message=f"one\n{text}\nthree", query_text=text)
    result = replace(variety[0], episode=record, prediction=encode(answer))
    shown = told(result, manifest)
    assert not [char for char in shown if char != "\n" and category(char) in ("Cc", "Cf")]
    assert "three" in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\x9bb", "a\\x9bb"),
        ("\u202e", "\\u202e"),
        ("\ud800", "\\ud800"),
        ("two\nlines\tand a tab, caf\xe9, \u6f22", "two\nlines\tand a tab, caf\xe9, \u6f22"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_the_one_line_of_an_error_is_written_out() -> None:
    assert in_brief(ValueError("\x1b[2J")) == "ValueError: \\x1b[2J"
    assert last_line("first\nlast \x1b[2J.") == "last \\x1b[2J"
