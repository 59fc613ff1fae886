"""When a request that failed is put again: after growing pauses, while there is time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from ivlm_policies.vlm.faults import HttpError

#: First pause, s; each further one is twice as long, up to the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0
#: A pause is longer or shorter by up to this share, so that many workers do not come back at once.
SPREAD = 0.25

_TOO_MANY = 429

T = TypeVar("T")


class Patience:
    """Repeats what fails in a way that may pass: 429, 5xx, a server that is (re)started.

    A server that failed for the whole time of one question is given one try for each further one,
    until it answers again: a run against a server that is off ends soon.

    Parameters
    ----------
    retries
        Further tries of one request; those for which the server itself asks count, too.
    first_pause_s
        First pause, s.
    """

    def __init__(self, retries: int, *, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self._retries, self._first_pause_s = retries, first_pause_s
        self._is_away = False
        self._lock = threading.Lock()

    def asked(self, once: Callable[[], T], *, until_s: float) -> T:
        """Return what ``once`` does, tried until it works, may not, or time is up.

        Raises
        ------
        HttpError
            The last one.
        """
        for n_tried in range(self._retries + 1):
            try:
                answer = once()
            except HttpError as fault:
                pause_s = self._pause_s(fault, n_tried)
                if not self._goes_on(fault, n_tried, time.monotonic() + pause_s < until_s):
                    raise
                time.sleep(pause_s)
            else:
                self._note(away=False)
                return answer
        raise AssertionError("the last try returns or raises")

    def _goes_on(self, fault: HttpError, n_tried: int, in_time: bool) -> bool:
        with self._lock:
            was_away = self._is_away
        if fault.passes and in_time and n_tried < self._retries and not was_away:
            return True
        if fault.status != _TOO_MANY:  # whose limits lift by themselves
            self._note(away=True)
        return False

    def _note(self, *, away: bool) -> None:
        with self._lock:
            self._is_away = away

    def _pause_s(self, fault: HttpError, n_tried: int) -> float:
        if fault.wait_s is not None:
            return fault.wait_s
        rng = np.random.default_rng()  # of no consequence for any answer
        doubled = min(self._first_pause_s * 2**n_tried, LONGEST_PAUSE_S)
        return float(doubled * rng.uniform(1.0 - SPREAD, 1.0 + SPREAD))
