"""What a run spends: requests, tokens and their price, counted over all of its processes.

``python -m ivlm_policies.vlm.ledger`` prints what the last runs spent.
"""

from __future__ import annotations

import fcntl
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ivlm_bench.errors import RemoteLostError
from ivlm_policies.vlm.cache import cache_folder
from ivlm_policies.vlm.client import Completion, Request

#: Prices are of so many tokens.
PRICED_TOKENS = 1e6
#: Side of the smallest patch (px) that becomes a token, and tokens that frame a picture and prompt.
PATCH_PX, FRAME_TOKENS = 14, 300
#: Runs that ``main`` prints.
_SHOWN_RUNS = 10
#: Room for the counts in their file.
_ROOM_BYTES = 512
_WORKER = "ivlm_bench.harness.worker"


class Spent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What one run has spent so far; ``reserved`` is for requests that are under way."""

    model: str = ""
    n_requests: int = 0
    n_prompt_tokens: int = 0
    n_written_tokens: int = 0
    cost: float = 0.0
    reserved: float = 0.0


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of a million tokens read and written, and the most that may be spent."""

    read: float = 0.0
    written: float = 0.0
    max_cost: float | None = None

    def bound(self, request: Request) -> float:
        """Return more than a request can cost: a token a letter and a patch, the longest answer."""
        n_patches = math.ceil(request.picture.shape[0] / PATCH_PX) ** 2
        named = (request.options.get(key) for key in ("max_tokens", "max_completion_tokens"))
        n_written = max([0, *(value for value in named if isinstance(value, int))])
        return self.cost(len(request.prompt) + n_patches + FRAME_TOKENS, n_written)

    def cost(self, n_prompt_tokens: int, n_written_tokens: int) -> float:
        """Return the price of some tokens."""
        return (self.read * n_prompt_tokens + self.written * n_written_tokens) / PRICED_TOKENS


class Ledger:
    """Counts what requests cost, and refuses those that might cost more than is allowed.

    Parameters
    ----------
    path
        File that all processes of one run share; None counts in this process alone.
    prices
        What tokens cost.
    """

    def __init__(self, path: Path | None, prices: Prices) -> None:
        if path is not None:
            path.touch()
        self._path, self._prices = path, prices
        self._own = Spent()
        self._lock = threading.Lock()

    def counted(self, request: Request, ask: Callable[[], Completion]) -> Completion:
        """Return what ``ask`` does, and count it.

        Raises
        ------
        RemoteLostError
            If the request might cost more than is left.
        """
        bound = self._prices.bound(request)
        if self._prices.max_cost is not None:
            self._reserve(bound, self._prices.max_cost)
        completion: Completion | None = None
        try:
            completion = ask()
        finally:
            self._settle(request.model, bound, completion)
        return completion

    def spent(self) -> Spent:
        """Return what has been spent so far."""
        with self._open() as spent:
            return msgspec.structs.replace(spent)

    def _reserve(self, bound: float, limit: float) -> None:
        with self._open() as spent:
            if spent.cost + spent.reserved + bound > limit:
                raise RemoteLostError(
                    f"The budget is spent: {spent.cost:.4g} of max_cost {limit:g} went on "
                    f"{spent.n_requests} requests, and the next might cost {bound:.2g}; go on with "
                    "a new budget by --resume, or run anew with a higher -P max_cost."
                )
            spent.reserved += bound

    def _settle(self, model: str, bound: float, completion: Completion | None) -> None:
        with self._open() as spent:
            if self._prices.max_cost is not None:
                spent.reserved = max(0.0, spent.reserved - bound)
            if completion is None:
                return
            n_prompt, n_written = completion.n_prompt_tokens, completion.n_written_tokens
            told = n_prompt is not None and n_written is not None
            spent.model = model
            spent.n_requests += 1
            spent.n_prompt_tokens += n_prompt or 0
            spent.n_written_tokens += n_written or 0
            # Where a server tells no tokens, all is counted that it might have been.
            spent.cost += self._prices.cost(n_prompt or 0, n_written or 0) if told else bound

    @contextmanager
    def _open(self) -> Iterator[Spent]:
        """Yield the counts, with all other threads and processes kept out."""
        with self._lock:
            if self._path is None:
                yield self._own
                return
            with self._path.open("r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                content = file.read()
                spent = _read(content)
                try:
                    yield spent
                finally:
                    # Written over, as cutting a file off may take a disk 15 ms.
                    file.seek(0)
                    file.write(msgspec.json.encode(spent).ljust(max(len(content), _ROOM_BYTES)))


def _read(content: bytes) -> Spent:
    try:
        return msgspec.json.decode(content, type=Spent)
    except msgspec.DecodeError:  # new, or cut off by a full disk
        return Spent()


def open_ledger(prices: Prices) -> Ledger:
    """Return the ledger of this run; one of this process alone where nothing can be written."""
    folder = cache_folder()
    if folder is None:
        return Ledger(None, prices)
    path = folder / "spent" / f"{_run()}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Ledger(path, prices)
    except OSError:
        return Ledger(None, prices)


def _run() -> str:
    """Return a name that all workers of one run share: of the process that started them."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    pid = os.getppid() if getattr(spec, "name", "") == _WORKER else os.getpid()
    try:
        started = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:  # no Linux
        return str(pid)
    return f"{pid}-{started[19]}"  # field 22 of proc(5): when it began


def main() -> None:
    """Print what the last runs spent."""
    folder = cache_folder()
    files = [] if folder is None else list((folder / "spent").glob("*.json"))
    for path in sorted(files, key=lambda p: p.stat().st_mtime)[-_SHOWN_RUNS:]:
        spent = _read(path.read_bytes())
        if spent.n_requests:
            print(
                f"{spent.model}: {spent.n_requests} requests, {spent.n_prompt_tokens} tokens read, "
                f"{spent.n_written_tokens} written, cost {spent.cost:.4g}"
            )


if __name__ == "__main__":
    main()
