"""One failed episode: the truth is put in, stage by stage, until it succeeds.

Repairs add up, and each is tried in the run's reference engine by the harness's own judge:

1. ``parse``: the reasoner is asked again in plain words.
2. ``label``: it does what was asked (an abstention is lifted, another action replaced) where it
   said. Of a question that can't be done, this is to abstain.
3. Its own region, with the shared executor instead of its own action. If that succeeds, the action
   was at fault: ``reach``, ``contact``, ``wrong part``, ``hold`` or ``function``, by the code and
   the checks of the failed trial. Without this control every fault of an action would be laid at
   the region's door, as the next repairs are acted on by the shared executor, too.
4. What it says in the pictures, lifted by the shared lifter instead of its own, where it has one:
   if that succeeds, its ``lift`` was at fault.
5. ``localise``: the true region in the pictures, lifted from what the lifter saw.
6. ``lift``: the true contact points.
7. The right answer as a whole. If only that succeeds, the action is at fault, by what the trial
   with the true contact points failed in.

The first that succeeds tells the stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ivlm_bench.attribution.asked import AskedAgain
from ivlm_bench.attribution.plain import plain_query
from ivlm_bench.attribution.stages import UNREPAIRED, failed_in
from ivlm_bench.attribution.truths import (
    acts,
    has_region,
    is_mislabelled,
    relabelled,
    true_contacts,
    true_region,
    unlifted,
    without_action,
)
from ivlm_bench.codec import decode
from ivlm_bench.completion import complete
from ivlm_bench.env import Episode
from ivlm_bench.errors import InvalidAnswerError
from ivlm_bench.protocols import Engine
from ivlm_bench.trials.judge import judge
from ivlm_bench.types import Check, Interaction, Observation

#: Repairs that are no stage of their own.
EXECUTOR, LIFTER, ORACLE = "executor", "lifter", "oracle"
#: Those that mend the action.
ACTIONS = (EXECUTOR, ORACLE)


@dataclass(frozen=True, slots=True)
class Tried:
    """One repair and what came of it; ``checks`` are those of the nominal trial."""

    repair: str
    success: bool
    code: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Failure:
    """A failed episode as it is stored: the answer and its trial.

    ``lifts_itself``: its contact points were the reasoner's own, so that the shared lifter reads no
    depth that the track does not show.
    """

    episode: Episode
    repeat: int
    prediction: bytes
    stored: Tried
    lifts_itself: bool


class Repairer:
    """Mends failed episodes of one run."""

    def __init__(self, engine: Engine, asked: AskedAgain) -> None:
        self._engine = engine
        self._asked = asked

    def mend(self, failure: Failure) -> tuple[str, tuple[Tried, ...]]:
        """Return the first stage whose repair makes the episode succeed, and all that was tried."""
        if not failure.episode.truth.feasible:
            return self._mend_unanswerable(failure)
        tried, answer, last = [], decode(failure.prediction), failure.stored
        plain = self._in_plain_words(failure)
        if plain is not None:
            answer, last = plain, self._try(failure.episode, plain, "parse")
            tried.append(last)
            if last.success:
                return "parse", tuple(tried)
        if is_mislabelled(failure.episode, answer):
            answer = relabelled(failure.episode, answer)
            last = self._try(failure.episode, answer, "label")
            tried.append(last)
            if last.success:
                return "label", tuple(tried)
        stage, more = self._mend_rest(failure, answer, last)
        return stage, (*tried, *more)

    def _mend_unanswerable(self, failure: Failure) -> tuple[str, tuple[Tried, ...]]:
        """To abstain is right: does it, in plain words? Else it was what is to be done."""
        plain = self._in_plain_words(failure)
        if plain is None:
            return "label", ()
        tried = Tried("parse", bool(plain.abstain), "ABSTAINED" if plain.abstain else "ACTED")
        return ("parse" if tried.success else "label"), (tried,)

    def _mend_rest(
        self, failure: Failure, answer: Interaction, last: Tried
    ) -> tuple[str, tuple[Tried, ...]]:
        """Mend region, contact points and action."""
        tried = []
        for repair, mended, seen in _rest(failure, answer):
            one = self._try(failure.episode, mended, repair, seen=seen)
            tried.append(one)
            if one.success:
                stage = failed_in(last.code, last.checks) if repair in ACTIONS else repair
                return ("lift" if repair == LIFTER else stage), tuple(tried)
            last = one if repair == "lift" else last
        return UNREPAIRED, tuple(tried)

    def _in_plain_words(self, failure: Failure) -> Interaction | None:
        """Return what is answered in plain words; None if that is nothing else, or no answer."""
        query = plain_query(failure.episode)
        if query is None or query == failure.episode.observation.query:
            return None
        blob = self._asked.answer(failure.episode, failure.repeat, query)
        return None if blob in (None, failure.prediction) else decode(blob)

    def _try(
        self,
        episode: Episode,
        answer: Interaction,
        repair: str,
        *,
        seen: Observation | None = None,
    ) -> Tried:
        """Complete an answer and judge its nominal trial."""
        try:
            completed, _ = complete(episode.sensed if seen is None else seen, answer)
        except InvalidAnswerError:
            return Tried(repair, False, "INVALID")
        verdict, _ = judge(
            self._engine,
            episode.scene,
            completed,
            episode.truth,
            scenario_seed=episode.seed,
            n_perturbed=0,
        )
        return Tried(repair, bool(verdict.success), verdict.code, verdict.checks)


def _rest(failure: Failure, answer: Interaction) -> Iterator[tuple[str, Interaction, Observation]]:
    """Yield repairs of action and region: name, answer, and what the lifter sees."""
    episode = failure.episode
    if has_region(answer) and acts(answer):
        yield EXECUTOR, without_action(answer), episode.sensed
    region_from = episode.observation if failure.lifts_itself else episode.sensed
    if (pointed := unlifted(episode, answer)) is not None:
        yield LIFTER, pointed, region_from
    yield "localise", true_region(episode), region_from
    yield "lift", true_contacts(episode), episode.sensed
    yield ORACLE, episode.truth.oracle, episode.sensed
