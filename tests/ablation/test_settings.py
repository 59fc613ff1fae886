"""Settings that are compared: what a class offers, and what is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivlm_bench.ablation.settings import Ablation, chosen, offered
from ivlm_bench.errors import ConfigError, UnknownNameError

SOURCE = """
class Mind:
    def __init__(self, *, views: int = 1, words: bool = True):
        pass

    @staticmethod
    def ablations():
        return {offer}

    def predict(self, observation):
        raise NotImplementedError


def plain():
    return Mind()
"""

OFFER = '(("no words", {"words": "false"}), ("views=4", {"views": 4}))'


def mind(folder: Path, offer: str = OFFER) -> str:
    file = folder / "mind.py"
    file.write_text(SOURCE.format(offer=offer))
    return f"{file}:Mind"


def test_a_class_offers_its_settings(tmp_path: Path) -> None:
    assert offered(mind(tmp_path)) == (
        Ablation("no words", {"words": "false"}),
        Ablation("views=4", {"views": "4"}),
    )
    assert offered(mind(tmp_path).replace("Mind", "plain")) == ()
    assert offered("geometric") == ()


@pytest.mark.parametrize(
    "offer", ["('words',)", "(('', {'a': 'b'}),)", "(('a', {}),)", "((1, 2),)"]
)
def test_what_is_no_setting(tmp_path: Path, offer: str) -> None:
    with pytest.raises(ConfigError, match="a pair"):
        offered(mind(tmp_path, offer))


def test_two_settings_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two ablations called 'a'"):
        offered(mind(tmp_path, "(('a', {'words': 'x'}), ('a', {'views': '2'}))"))


def test_names_choose_and_any_parameter_can_be_set(tmp_path: Path) -> None:
    text = mind(tmp_path)
    assert len(chosen(text)) == 2
    assert chosen(text, ["views=2", "no words"]) == (
        Ablation("views=2", {"views": "2"}),
        Ablation("no words", {"words": "false"}),
    )
    assert chosen("geometric", ["words=true"]) == (Ablation("words=true", {"words": "true"}),)


def test_wrong_names(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'no words'"):
        chosen(mind(tmp_path), ["no word"])
    with pytest.raises(ConfigError, match="twice"):
        chosen("geometric", ["words=true", "words=true"])
    with pytest.raises(ConfigError, match="offers no ablations"):
        chosen("geometric")
