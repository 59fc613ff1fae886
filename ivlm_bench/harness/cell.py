"""The process of an isolated reasoner: ``python -m ivlm_bench.harness.cell FD PARENT FOLDER ...``.

What follows the folder are files and folders that it may read.

It locks itself in before anything foreign is imported. All it ever gets is how to build the
reasoner and serialised observations; all it gives is serialised answers, which the worker, a
process that it can't reach, checks and judges.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path

import msgspec

from ivlm_bench.errors import IvlmBenchError
from ivlm_bench.guard import guarded, in_brief
from ivlm_bench.harness.cell_messages import (
    MAX_QUESTION_BYTES,
    Build,
    Built,
    Confined,
    Question,
    Reply,
    encode,
    from_worker,
)
from ivlm_bench.harness.channel import Channel
from ivlm_bench.harness.confine import confine
from ivlm_bench.harness.messages import Refused


def main(descriptor: int, parent: int, folder: Path, readable: list[Path]) -> None:
    """Serve the worker at the other end of the socket ``descriptor``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    os.dup2(sys.stderr.fileno(), 1)
    channel = Channel(socket.socket(fileno=descriptor), max_bytes=MAX_QUESTION_BYTES)
    enforced = confine(folder, parent=parent, readable=readable)
    channel.send(encode(Confined(enforced=enforced)))
    build = from_worker.decode(channel.receive())
    if not isinstance(build, Build):
        raise SystemExit("The first message to an isolated reasoner must be how to build it.")
    serve(channel, build)


def serve(channel: Channel, build: Build) -> None:
    """Build the reasoner and answer questions until the worker is gone."""
    # Imported only now that the process is locked in: NumPy and what comes with it are heavy.
    from ivlm_bench.codec import decode_observation
    from ivlm_bench.harness.far_imagination import FarImagination
    from ivlm_bench.harness.offering import offer
    from ivlm_bench.harness.predict import predict
    from ivlm_bench.reasoners import resolve_reasoner

    if ":" not in build.reasoner:
        _register(build.reasoner)
    imagination = FarImagination(channel)
    built, error = guarded(lambda: resolve_reasoner(build.reasoner, build.params)[0])
    imagines: bool | None = None
    if built is not None:
        imagines, error = guarded(lambda: offer(built, imagination))
    if built is None or imagines is None:
        channel.send(encode(_refused(build, error)))
        return
    channel.send(encode(Built(imagines=imagines)))
    while True:
        question = from_worker.decode(channel.receive())
        if isinstance(question, Question):
            observation = decode_observation(question.observation)
            imagination.open = imagines
            answer = predict(built, observation, seed=question.seed)
            imagination.open = False
            channel.send(encode(Reply(number=question.number, answer=answer)))


def _register(name: str) -> None:
    """Import plugin packages until one registers ``name``: those of tasks can't be read here."""
    from ivlm_bench.reasoners import REASONERS
    from ivlm_bench.registry import import_tree, plugin_packages

    for package in plugin_packages():
        if name not in REASONERS:
            guarded(partial(import_tree, package))


def _refused(build: Build, error: BaseException | None) -> Refused:
    if isinstance(error, IvlmBenchError):
        return Refused(sentence=str(error), exit_code=error.exit_code)
    what = in_brief(error) if error is not None else "nothing was built"
    sentence = f"The reasoner {build.reasoner!r} can't be built: {what}."
    return Refused(sentence=sentence, exit_code=IvlmBenchError.exit_code)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), [Path(p) for p in sys.argv[4:]])
    except (EOFError, OSError, msgspec.MsgspecError):
        sys.exit(1)  # the worker is gone
