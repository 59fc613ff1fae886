"""``ivlm-bench``: finds the subcommand and imports that one only."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence

import ivlm_bench
from ivlm_bench.errors import IvlmBenchError, UnknownNameError, did_you_mean

#: Subcommands in the order in which they are shown, one line each.
COMMANDS = {
    "run": "run a reasoner over a suite and print its table",
    "merge": "put the shards of one run together",
    "view": "write the HTML page of a run and print its path",
    "leaderboard": "table of all runs below a folder; 'leaderboard verify FOLDER' checks them",
    "compare": "compare two runs question by question",
    "power": "what a suite can tell: least differences found, scenarios needed",
    "ablate": "what each setting of a reasoner is worth, paired with its defaults",
    "attribute": "where a run loses success: the truth put in stage by stage",
    "bench": "time the stages of an episode, as ratios that a gate can judge",
    "latency": "how long answers take on each track, beside CLIP's image tower",
    "gate": "is a new run worse than its baseline? for nightly runs",
    "baseline": "promote a run to what nights are compared with, or list the baselines",
    "doctor": "check engines, renderer and disk of this machine",
    "list": "list suites, tasks, reasoners, objects, engines, metrics, data sets or references",
    "check": "check a suite, reasoner, task, object, engine or metric before it is used",
    "certify": "show that every task accepts right answers and refuses wrong ones",
    "agreement": "compare the engines on 160 borderline grasps",
    "baselines": "run every baseline over a suite into a results folder and publish its table",
    "ranks": "run the baselines with both renderers and compare the two rankings",
    "robustness": "try stored answers under other protocols and compare the rankings",
    "export": "a run as CSV, JUnit XML or JSON; its questions as files for other methods",
    "render": "first phase of a run by itself: draw a suite into a folder of observations",
    "predict": "second phase: a reasoner answers a folder of observations",
    "simulate": "third phase: judge a folder of predictions, without their reasoner",
    "show": "print one episode of a run: question, answer, checks, scores",
    "explain": "pictures and a page of how a reasoner came to one answer",
    "replay": "try the answer of one episode again, compare, and film it",
    "score": "recompute the scores of a run from disk and compare them with the stored ones",
    "score-files": "score predictions on disk as a public data set's official code does",
    "train": "train a reasoner on pictures that the environments draw",
    "transfer": "train on one group of object families, test on all: a matrix",
    "serve": "answer questions over a network: openpi's websocket, and HTTP with JSON",
    "try": "show a reasoner's answer to a sentence on one photograph of your own",
    "plausibility": "penetration, contact and stability of pairs of body or hand and object mesh",
}

#: Modules of subcommands whose names Python could not import.
MODULES = {"score-files": "score_files", "try": "try_photo"}

#: Exit code after Ctrl-C, as shells give it (128 + SIGINT).
INTERRUPTED = 130

#: Exit code of a fault of our own (EX_SOFTWARE of sysexits.h): Python's usual 1 would read as a
#: confirmed regression.
INTERNAL = 70

#: Exit code of wrong usage.
USAGE = 2

_PROG = "ivlm-bench"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code; never ends in a traceback for known errors.

    A fault of the program itself prints its traceback and returns ``INTERNAL``.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except IvlmBenchError as error:
        print(f"{_PROG}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{_PROG}: stopped; nothing that was recorded is lost.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); what is left to flush must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception:  # noqa: BLE001 - whatever it is, it must not end with the code of a regression
        traceback.print_exc()
        print(
            f"{_PROG}: this is a fault of {_PROG} itself and no result; report the lines above.",
            file=sys.stderr,
        )
        return INTERNAL
    return code


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    name, rest = arguments[0], arguments[1:]
    if name in ("-V", "--version"):
        print(f"{_PROG} {ivlm_bench.__version__}")
        return 0
    if name not in COMMANDS:
        hint = did_you_mean(name, list(COMMANDS))
        raise UnknownNameError(f"There is no subcommand {name!r}.{hint}")
    module = importlib.import_module(f"ivlm_bench.cli.{MODULES.get(name, name)}")
    return int(module.command(rest))


def usage() -> str:
    """Return the help of the whole command."""
    lines = [
        f"usage: {_PROG} COMMAND [OPTIONS]",
        "",
        "Simulation-in-the-loop benchmarking of 3D interaction reasoning from images.",
        "",
        *(f"  {name:<13} {line}" for name, line in COMMANDS.items()),
        "",
        f"'{_PROG} COMMAND --help' tells the options of one; '{_PROG} --version' the version.",
        f"Start with: {_PROG} run --suite smoke-v0 --reasoner geometric",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
