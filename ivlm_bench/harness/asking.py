"""Phase ``predict`` in a worker: one question after another, or several that wait together."""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ivlm_bench.harness.isolate import IsolatedReasoner
from ivlm_bench.harness.messages import Answer, FromWorker, Predicted, Predicting
from ivlm_bench.harness.play import Asked, Player, Work
from ivlm_bench.harness.predict import predict, predict_many, reasoner_seed


@dataclass(frozen=True, eq=False, slots=True)
class Answered:
    """A job whose question has its answer."""

    work: Work
    answer: Answer


class Asker:
    """Puts questions to a worker's reasoner.

    One that answers by itself is asked here and now, in the thread that built it; one that waits
    for others, or takes several at once, is asked in threads.

    Parameters
    ----------
    player
        Who is asked, and how many questions at the same time.
    tell
        Hears when a question is put and when it is answered; only the time between the two counts
        against the deadline.
    hear
        Is given each answer.
    """

    def __init__(
        self,
        player: Player,
        tell: Callable[[FromWorker], None],
        hear: Callable[[Answered], None],
    ) -> None:
        self._player, self._tell, self._hear = player, tell, hear
        self._waiting: queue.SimpleQueue[tuple[Work, Asked]] = queue.SimpleQueue()
        places = player.places
        self._n_threads = math.ceil(places.at_once / places.batch) if places.at_once > 1 else 0
        for number in range(self._n_threads):
            threading.Thread(target=self._serve, name=f"asks-{number}", daemon=True).start()

    def put(self, work: Work, asked: Asked) -> None:
        """Have a question answered."""
        if self._n_threads:
            self._waiting.put((work, asked))
        else:
            self._answer([(work, asked)])

    def _serve(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while len(batch) < self._player.places.batch and not self._waiting.empty():
                batch.append(self._waiting.get())
            self._answer(batch)

    def _answer(self, batch: Sequence[tuple[Work, Asked]]) -> None:
        for _, asked in batch:
            self._tell(Predicting(record=asked.record))
        questions = [asked for _, asked in batch]
        for (work, asked), answer in zip(batch, self._answers(questions), strict=True):
            self._tell(Predicted(episode_key=asked.record.episode_key))
            self._hear(Answered(work, answer))

    def _answers(self, questions: Sequence[Asked]) -> list[Answer]:
        """Return one answer a question; what fails together is asked one by one."""
        together = self._together(questions) if len(questions) > 1 else None
        return together or [self._one(asked) for asked in questions]

    def _together(self, questions: Sequence[Asked]) -> list[Answer] | None:
        reasoner = self._player.reasoner
        if hasattr(reasoner, "reset") and not hasattr(reasoner, "reset_batch"):
            return None  # each question has a seed of its own
        seeds = [self._seed(asked) for asked in questions]
        shown = [asked.observation for asked in questions]
        return predict_many(reasoner, shown, seeds, fine=self._is_fine)

    def _one(self, asked: Asked) -> Answer:
        player, reasoner = self._player, self._player.reasoner
        if asked.answer is not None:
            return asked.answer
        if reasoner is None:
            raise TypeError("This worker was started without a reasoner.")
        seed = self._seed(asked)
        if isinstance(reasoner, IsolatedReasoner):
            return reasoner.ask(asked.observation, seed=seed)
        truth = asked.truth() if player.privileged else None
        alone = self._n_threads <= 1
        return predict(
            reasoner, asked.observation, seed=seed, truth=truth, fine=self._is_fine, alone=alone
        )

    @property
    def _is_fine(self) -> bool:
        return self._player.setup.data is not None

    def _seed(self, asked: Asked) -> int:
        return reasoner_seed(self._player.setup.base_seed, asked.job.spec)
