"""Attacks on what judges a reasoner, and a reasoner that makes them on every other question."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import resource
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from ivlm_bench.types import Interaction, Motion, Observation

GIB = 1 << 30
UP = np.array([0.0, 0.0, 1.0])


class Fair:
    """Right two times out of three."""

    def reset(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def predict(self, observation: Observation) -> Interaction:
        return Interaction(motion=Motion(np.array([1.5 * self.rng.uniform(), 0.0, 0.0]), UP))


class Attack:
    """What is done instead of answering."""

    def attack(self, observation: Observation) -> Interaction:
        raise NotImplementedError


def missed() -> Interaction:
    return Interaction(motion=Motion(np.zeros(3), UP))


class Patches(Attack):
    """Makes every predicate that it can import say yes, then gives an answer that must fail."""

    def attack(self, observation: Observation) -> Interaction:
        for name in ("ivlm_bench.trials.judge", "ivlm_bench.harness.score", "toy_tasks"):
            with contextlib.suppress(ImportError, OSError):
                __import__(name)
        for module in [m for n, m in sys.modules.items() if n.startswith(("ivlm", "toy"))]:
            for key, value in list(vars(module).items()):
                if callable(value) and not isinstance(value, type) and key != "encode":
                    with contextlib.suppress(AttributeError, TypeError):
                        setattr(module, key, self.yes)
        return missed()

    def yes(self, *args: Any, **kwargs: Any) -> Any:
        return True


class RewritesTheJudge(Attack):
    """Writes into the judge's source, for the next process to import."""

    def attack(self, observation: Observation) -> Interaction:
        import ivlm_bench

        target = Path(ivlm_bench.__file__).parent / "metrics" / "planted.py"
        target.write_text("raise SystemExit('planted')")
        return missed()


class HogsMemory(Attack):
    def attack(self, observation: Observation) -> Interaction:
        held = [np.empty(GIB, np.uint8) for _ in range(64)]
        return Interaction(feasible_prob=float(len(held) > 0))


class ForkBomb(Attack):
    def attack(self, observation: Observation) -> Interaction:
        for _ in range(50):
            if os.fork() == 0:
                time.sleep(60)
        return missed()


class AnswersTenGigabytes(Attack):
    def attack(self, observation: Observation) -> Interaction:
        points = np.zeros((10 * GIB // 24, 3))
        return Interaction(contact_points_m=points)


class FloodsTheChannel(Attack):
    """Announces a message of ten gigabytes on every socket that it finds."""

    def attack(self, observation: Observation) -> Interaction:
        flood(struct.pack("<Q", 10 * GIB) + b"x" * 4096)
        time.sleep(60)
        return missed()


class TalksNonsense(Attack):
    def attack(self, observation: Observation) -> Interaction:
        flood(struct.pack("<Q", 9) + b"\\xff garbage"[:9].ljust(9))
        return missed()


class DripsAnAnswer(Attack):
    """Begins an answer and never ends it."""

    def attack(self, observation: Observation) -> Interaction:
        flood(struct.pack("<Q", 1000))
        while True:
            flood(b"x")
            time.sleep(0.2)


def flood(content: bytes) -> None:
    """Write into every socket of this process."""
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                os.write(int(name), content)


class WritesTheObservation(Attack):
    def attack(self, observation: Observation) -> Interaction:
        observation.views[0].rgb[:] = 0
        return missed()


class WritesTheObservationByForce(Attack):
    """Overwrites the pixels behind NumPy's back, then gives an answer that must fail."""

    def attack(self, observation: Observation) -> Interaction:
        rgb = observation.views[0].rgb
        ctypes.memset(rgb.ctypes.data, 0, rgb.nbytes)
        return missed()


class ReadsTheParent(Attack):
    def attack(self, observation: Observation) -> Interaction:
        secrets = Path(f"/proc/{os.getppid()}/environ").read_bytes()
        return Interaction(feasible_prob=float(len(secrets) > 0))


class TracesTheParent(Attack):
    """PTRACE_ATTACH (16)."""

    def attack(self, observation: Observation) -> Interaction:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ptrace(16, os.getppid(), 0, 0) < 0:
            raise OSError(ctypes.get_errno(), "ptrace")
        return missed()


class KillsTheParent(Attack):
    def attack(self, observation: Observation) -> Interaction:
        os.kill(os.getppid(), signal.SIGKILL)
        return missed()


class KillsEverybody(Attack):
    """Asks first whether it may: signal 0 is heard by nobody."""

    def attack(self, observation: Observation) -> Interaction:
        os.kill(-1, 0)
        os.kill(-1, signal.SIGKILL)
        return missed()


class PhonesHome(Attack):
    def attack(self, observation: Observation) -> Interaction:
        with socket.socket() as line:
            line.connect(("127.0.0.1", 9))
        return missed()


class FillsTheDisk(Attack):
    def attack(self, observation: Observation) -> Interaction:
        with Path("big").open("wb") as file:
            file.truncate(10 * GIB)
        return missed()


class LiftsItsLimits(Attack):
    def attack(self, observation: Observation) -> Interaction:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return missed()


class Leaves(Attack):
    def attack(self, observation: Observation) -> Interaction:
        os._exit(0)


class Steals(Attack):
    """Reads what lies beside it and in the folder that work is done in, and tells what it got."""

    def attack(self, observation: Observation) -> Interaction:
        here = Path(__file__).resolve().parent
        stolen, refused = 0, 0
        for home in (here, here.parent / "work"):
            for path in (path for path in home.rglob("*") if path.suffix in LOOT):
                try:
                    stolen += len(path.read_bytes()) > 0
                except PermissionError:
                    refused += 1
        raise RuntimeError(f"stole {stolen}, refused {refused}")


#: Ends of the names of files that are worth stealing.
LOOT = (".parquet", ".sqlite", ".truth", ".obs", ".object")


class NestsFolders(Attack):
    """Leaves folders in folders, deeper than Python's stack and than a path may be long."""

    def attack(self, observation: Observation) -> Interaction:
        for _ in range(1500):
            Path("nested").mkdir()
            os.chdir("nested")
        Path("bottom").write_text("here")
        return missed()


class FillsItsFolder(Attack):
    """Writes many files, each of them small enough."""

    def attack(self, observation: Observation) -> Interaction:
        for number in range(8):
            with Path(f"part-{number}").open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, 48 << 20)
        return missed()


class MakesManyFiles(Attack):
    def attack(self, observation: Observation) -> Interaction:
        for number in range(6_000):
            os.close(os.open(f"file-{number}", os.O_CREAT | os.O_WRONLY))
        return missed()


class HoldsHiddenMemory(Attack):
    def attack(self, observation: Observation) -> Interaction:
        os.memfd_create("hidden")
        return missed()


class SharesMemory(Attack):
    """shmget (a private segment, readable and writable for all), which outlives its maker."""

    def attack(self, observation: Observation) -> Interaction:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.shmget(0, 4096, 0o1666) < 0:
            raise OSError(ctypes.get_errno(), "shmget")
        return missed()


class SetsTimes(Attack):
    """Makes a source of the judge look older than what was compiled of it."""

    def attack(self, observation: Observation) -> Interaction:
        import ivlm_bench

        os.utime(ivlm_bench.__file__, (0, 0))
        return missed()


class MarksFiles(Attack):
    def attack(self, observation: Observation) -> Interaction:
        import ivlm_bench

        os.setxattr(ivlm_bench.__file__, "user.planted", b"here")
        return missed()


class BlocksForever(Attack):
    def attack(self, observation: Observation) -> Interaction:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(3600)


class PrintsGarbage(Fair):
    """Writes what looks like messages to both standard streams, and answers all the same."""

    def predict(self, observation: Observation) -> Interaction:
        for descriptor in (1, 2):
            os.write(descriptor, struct.pack("<Q", 5) + b"\\x00garbage\\n")
        return super().predict(observation)


class LooksForTheTruth(Fair):
    """Answers with the truth if one lies anywhere in its process, else what must fail."""

    def predict(self, observation: Observation) -> Interaction:
        for thing in gc.get_objects():
            if type(thing).__name__ == "Truth":
                return thing.oracle
        return missed()


class PosesTheQuestionAgain(Fair):
    """Looks for the seed whose question looks the same, and gives the answer that it knows."""

    def predict(self, observation: Observation) -> Interaction:
        task_class = importlib.import_module("toy_tasks").ToyTask

        task = task_class(track="rgbd", size_px=16)
        for seed in range(20):
            episode = task.episode(seed)
            if np.array_equal(episode.observation.views[0].rgb, observation.views[0].rgb):
                return episode.truth.oracle
        return missed()


class SpinsThreads(Attack):
    """Burns CPU time in NumPy on several threads, which wall time alone would allow for long."""

    def attack(self, observation: Observation) -> Interaction:
        from threading import Thread

        def burn() -> None:
            large = np.random.default_rng(0).uniform(size=(400, 400))
            while True:
                large @ large

        for _ in range(4):
            Thread(target=burn, daemon=True).start()
        time.sleep(3600)
        return missed()


class Siege(Fair):
    """Makes the attacks that ``names`` lists on questions 1, 3, 5 ..., and is fair in between."""

    def __init__(self, names: str) -> None:
        self.names = names.split(",")

    def predict(self, observation: Observation) -> Interaction:
        fair = super().predict(observation)
        place, odd = divmod(int(observation.query.text.removesuffix(".").split()[-1]), 2)
        if not odd:
            return fair
        kind: type[Attack] = globals()[self.names[place]]
        return kind().attack(observation)
