"""Writing the page: choose, restore, draw, fill the template, write the file as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from ivlm_bench.errors import ConfigError
from ivlm_bench.records import EpisodeResult
from ivlm_bench.report.cards import Card, make_card
from ivlm_bench.report.choose import one, sample
from ivlm_bench.report.dataset_cards import data_cards
from ivlm_bench.report.frame import packaged, source_hash, templates
from ivlm_bench.report.head import Head, make_head
from ivlm_bench.report.pictures import legend
from ivlm_bench.report.words import GROUPS, group_of
from ivlm_bench.store import Run, load_run
from ivlm_bench.store.faults import told
from ivlm_bench.store.seal import write_whole

#: File name of the page in the folder of its run.
PAGE = "report.html"
#: Characters of the episode's key in the file name of a page that shows one episode.
KEY_CHARS = 8
#: Episodes that a page shows unless asked for more: enough to see every outcome of every task.
MAX_EPISODES = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of the outcome filter: a group or a code."""

    key: str
    text: str


def write_page(
    run_folder: Path | str,
    *,
    out: Path | str | None = None,
    max_episodes: int = MAX_EPISODES,
    episode: str | None = None,
) -> Path:
    """Write one self-contained HTML file that shows a run, and return its path.

    Parameters
    ----------
    run_folder
        Folder of a sealed run.
    out
        The file to write; ``report.html`` in the run's folder if None.
    max_episodes
        Show at most so many episodes; of more, a sample that keeps rare outcomes.
    episode
        Show this episode alone, by default in a file of its own: the beginning of its key, or
        ``Task-v0/seed``.

    Raises
    ------
    StoreError
        If the run is not sealed or damaged, or the page can't be written.
    ConfigError
        If ``max_episodes`` is negative, or no episode has that name.
    """
    if max_episodes < 0:
        raise ConfigError(f"max_episodes is {max_episodes}; a number from 0 up is needed.")
    run = load_run(run_folder)
    chosen = sample(run.results, max_episodes) if episode is None else [one(run.results, episode)]
    cards = cards_of(run, chosen)
    shown = shown_sentence(run.results, chosen)
    content = _filled(make_head(run), cards, shown=shown, whole=episode is None)
    name = PAGE if episode is None else f"episode-{cards[0].anchor[:KEY_CHARS]}.html"
    path = run.folder / name if out is None else Path(out)
    with told(path, "writing"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.encode())
    return path


def cards_of(run: Run, chosen: list[EpisodeResult]) -> list[Card]:
    """Return the cards of the chosen episodes."""
    if run.manifest.data is not None:
        return data_cards(run, run.manifest.data, chosen)
    return [make_card(result, run.manifest) for result in chosen]


def _filled(head: Head, cards: list[Card], *, shown: str, whole: bool) -> str:
    style, script = packaged("page.css"), packaged("page.js")
    template = templates().get_template("page.html.jinja")
    return template.render(
        head=head,
        cards=cards,
        shown=shown,
        whole=whole,
        tasks=sorted({card.task for card in cards}),
        outcomes=_choices(cards),
        legend=legend(),
        style=Markup(style),
        style_hash=source_hash(style),
        script=Markup(script),
        script_hash=source_hash(script),
    )


def shown_sentence(results: tuple[EpisodeResult, ...], chosen: list[EpisodeResult]) -> str:
    """Return which episodes the page shows, plainly."""
    if len(chosen) == len(results):
        return f"All {len(results)} episodes of the run, failures first."
    if len(chosen) == 1:
        return f"One of the {len(results)} episodes of the run."
    parts = []
    for group, name in GROUPS.items():
        n_all = sum(group_of(result.episode) == group for result in results)
        n_shown = sum(group_of(result.episode) == group for result in chosen)
        if n_all:
            parts.append(f"{name.lower()} {n_shown} of {n_all}")
    return (
        f"A sample of {len(chosen)} of the {len(results)} episodes, failures first, taken in turns "
        f"from each task and outcome so that rare ones are here ({', '.join(parts)}). Rates stand "
        "in the summary, which covers all episodes; do not count them here."
    )


def _choices(cards: list[Card]) -> tuple[Choice, ...]:
    groups = {card.group for card in cards}
    codes = sorted({card.episode.code for card in cards})
    return tuple(Choice(g, name) for g, name in GROUPS.items() if g in groups) + tuple(
        Choice(code, code) for code in codes
    )
