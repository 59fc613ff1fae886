"""What a worker and an isolated reasoner say to each other: as msgpack, never as pickles."""

from __future__ import annotations

import msgspec

from ivlm_bench.harness.messages import Answer, Refused

#: Largest serialised observation, bytes: four views of 2048 px with depth, and a mesh.
MAX_QUESTION_BYTES = 1 << 28


class Build(msgspec.Struct, frozen=True, kw_only=True, tag="build"):
    """How to build the reasoner."""

    reasoner: str
    params: dict[str, str]


class Question(msgspec.Struct, frozen=True, kw_only=True, tag="question"):
    """One observation to answer; ``number`` comes back with the answer."""

    number: int
    seed: int
    observation: bytes


class Confined(msgspec.Struct, frozen=True, kw_only=True, tag="confined"):
    """The process has locked itself in; nothing foreign has run in it yet."""

    enforced: tuple[str, ...]


class Built(msgspec.Struct, frozen=True, kw_only=True, tag="built"):
    """The reasoner is ready; ``imagines``: it declared that it wants to try its grasps."""

    imagines: bool = False


class Imagine(msgspec.Struct, frozen=True, kw_only=True, tag="imagine"):
    """What is to be tried while a question is answered: points and grasps as doubles."""

    pieces: tuple[bytes, ...]
    others: tuple[bytes, ...]
    grasps: bytes
    mass_kg: float
    friction: float
    n_perturbed: int


class Imagined(msgspec.Struct, frozen=True, kw_only=True, tag="imagined"):
    """Code and share held of each grasp that was to be tried, or what was wrong."""

    outcomes: tuple[tuple[str, float], ...] = ()
    fault: str = ""


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag="reply"):
    """What came of asking."""

    number: int
    answer: Answer


FromWorker = Build | Question | Imagined
FromCell = Confined | Built | Refused | Imagine | Reply

encode = msgspec.msgpack.Encoder().encode
from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)
from_cell: msgspec.msgpack.Decoder[FromCell] = msgspec.msgpack.Decoder(FromCell)
