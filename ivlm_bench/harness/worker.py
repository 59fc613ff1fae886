"""A worker process: ``python -m ivlm_bench.harness.worker FD`` plays episodes until told to end.

It is started fresh (never forked), so that no state of the driver leaks into it, and it imports
the reasoner that the driver never touches. Nothing that a reasoner prints can disturb anything:
file descriptor 1 points at standard error before it is loaded.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection

from ivlm_bench.calibration.kept import calibration_of
from ivlm_bench.engines import get_engine
from ivlm_bench.errors import IvlmBenchError, StoreError
from ivlm_bench.guard import guarded, in_brief
from ivlm_bench.harness.asking import Answered, Asker
from ivlm_bench.harness.dataset_items import read_items
from ivlm_bench.harness.isolate import IsolatedReasoner, isolated
from ivlm_bench.harness.messages import (
    NOBODY,
    Answer,
    Done,
    FromWorker,
    Job,
    Places,
    Ready,
    Refused,
    Setup,
    encode,
    from_driver,
)
from ivlm_bench.harness.offering import places_of, prepared
from ivlm_bench.harness.phases import WORK
from ivlm_bench.harness.play import Player, PosingError, Work
from ivlm_bench.harness.render import environment
from ivlm_bench.reasoners import AnyReasoner, resolve_reasoner
from ivlm_bench.records import ReasonerCard
from ivlm_bench.testing import privileged  # noqa: F401  # registers those that know the truth

#: What a worker hears: messages of the driver, and answers of its own threads.
Mail = bytes | Answered


def main(descriptor: int) -> None:
    """Serve the driver at the other end of the socket ``descriptor``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    os.dup2(sys.stderr.fileno(), 1)
    connection = Connection(descriptor)
    inbox, send = _inbox(connection), _outbox(connection)
    first = inbox.get()
    setup = from_driver.decode(first) if isinstance(first, bytes) else None
    if not isinstance(setup, Setup):
        raise SystemExit("The first message to a worker must be its setup.")
    ready, player = _start(setup)
    send(ready)
    if player is None:
        return
    try:
        _Shift(player, inbox, send).work()
    except (PosingError, StoreError) as error:
        send(Refused(sentence=str(error), exit_code=error.exit_code))


class _Shift:
    """What a worker does all day: poses and judges here, while questions wait for their answers.

    New questions go before old answers, so that who answers is never without one.
    """

    def __init__(
        self, player: Player, inbox: queue.SimpleQueue[Mail], send: Callable[[FromWorker], None]
    ) -> None:
        self._player, self._inbox, self._send = player, inbox, send
        self._asker = Asker(player, send, inbox.put)
        self._jobs: deque[Job] = deque()
        self._answered: deque[Answered] = deque()

    def work(self) -> None:
        """Go on until the process ends."""
        while True:
            self._read()
            if self._jobs:
                job = self._jobs.popleft()
                self._go_on(WORK[self._player.setup.phase](self._player, job))
            else:
                answered = self._answered.popleft()
                self._go_on(answered.work, answered.answer)

    def _read(self) -> None:
        """Take all that has come; wait only where there is nothing to do."""
        while not self._inbox.empty() or not (self._jobs or self._answered):
            mail = self._inbox.get()
            if isinstance(mail, Answered):
                self._answered.append(mail)
                continue
            message = from_driver.decode(mail)
            if isinstance(message, Job):
                self._jobs.append(message)

    def _go_on(self, work: Work, answer: Answer | None = None) -> None:
        """Work until a question is asked, or to the end."""
        try:
            asked = next(work) if answer is None else work.send(answer)
        except StopIteration as end:
            self._send(Done(result=end.value))
        else:
            self._asker.put(work, asked)


def _start(setup: Setup) -> tuple[Ready | Refused, Player | None]:
    """Build what the phase needs of reasoner, engines and tasks, or say why that can't be done."""
    reasoner: AnyReasoner | IsolatedReasoner | None = None
    card, imagination, places = NOBODY, "", Places()
    if setup.phase in ("run", "predict", "data"):
        built, error = guarded(lambda: _build(setup))
        if isinstance(error, IvlmBenchError):
            return Refused(sentence=str(error), exit_code=error.exit_code), None
        if error is not None or built is None:
            what = in_brief(error) if error is not None else "nothing was built"
            sentence = f"The reasoner {setup.reasoner!r} can't be built: {what}."
            return Refused(sentence=sentence, exit_code=IvlmBenchError.exit_code), None
        reasoner, card, imagination, places = built
    try:
        engines = {name: get_engine(name).version for name in setup.engines}
        if setup.data is not None:
            read_items(setup.data)
        for task in setup.tasks if setup.data is None else ():
            environment(task, setup.sensors)
    except IvlmBenchError as refused:
        return Refused(sentence=str(refused), exit_code=refused.exit_code), None
    isolation = "; ".join(reasoner.enforced) if isinstance(reasoner, IsolatedReasoner) else ""
    ready = Ready(
        card=card,
        engines=engines,
        isolation=isolation,
        imagination=imagination,
        calibration=calibration_of(card),
        places=places,
    )
    return ready, Player(setup, reasoner, card.privileged, places)


def _build(setup: Setup) -> tuple[AnyReasoner | IsolatedReasoner, ReasonerCard, str, Places]:
    """Return the reasoner, its card, where it may try its grasps, in words, and its places."""
    if setup.isolate:
        confined, card = isolated(setup)
        return confined, card, confined.imagination, places_of(confined, setup)
    reasoner, card = resolve_reasoner(setup.reasoner, setup.params)
    places = Places() if card.privileged else places_of(reasoner, setup)
    return reasoner, card, prepared(reasoner, setup.deadline_s), places


def _inbox(connection: Connection) -> queue.SimpleQueue[Mail]:
    """Return a queue that a thread fills; when the driver is gone, the process ends at once.

    The thread sees the end of the driver even while a reasoner blocks the main thread.
    """
    inbox: queue.SimpleQueue[Mail] = queue.SimpleQueue()

    def listen() -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                inbox.put(connection.recv_bytes())
        os._exit(1)

    threading.Thread(target=listen, name="driver", daemon=True).start()
    return inbox


def _outbox(connection: Connection) -> Callable[[FromWorker], None]:
    """Return what sends a message; in a process that a reasoner forked it ends that process.

    A forked child holds the same connection, and must not answer for its parent.
    """
    owner, lock = os.getpid(), threading.Lock()

    def send(message: FromWorker) -> None:
        if os.getpid() != owner:
            os._exit(1)
        packed = encode(message)
        with lock:
            connection.send_bytes(packed)

    return send


if __name__ == "__main__":
    main(int(sys.argv[1]))
