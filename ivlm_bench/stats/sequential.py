"""Evidence that may be looked at after every night: betting e-processes and e-detectors."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

#: Capitals beyond exp of this are told as exp of it: more evidence than anyone needs, no overflow.
_MOST_LOG = 700.0

#: Stakes that share the starting capital: small ones find slow drift, large ones sudden loss.
STAKES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True, eq=False, slots=True)
class EProcess:
    """Capital won by betting, in equal parts at each stake, that the next difference is negative.

    Under "no loss on average" (each difference in [-1, 1] has a mean of at least 0 given the past)
    the capital exceeds 1 / alpha at any time with a chance of at most alpha: one may look as often
    as one likes.

    References
    ----------
    I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting",
    JRSS B 86 (2024), 1-27.
    """

    log_capitals: np.ndarray

    @staticmethod
    def start() -> EProcess:
        """Return the process before any evidence: capital 1."""
        return EProcess(np.zeros(len(STAKES)))

    def after(self, differences: np.ndarray) -> EProcess:
        """Return the process after more differences (n,), new minus old, each in [-1, 1]."""
        gains = np.log1p(-np.outer(_checked(differences), STAKES)).sum(axis=0)
        return replace(self, log_capitals=self.log_capitals + gains)

    @property
    def e_value(self) -> float:
        """The capital."""
        return _mean_capital(self.log_capitals)

    @property
    def p_value(self) -> float:
        """A p-value that is valid at any time: ``min(1, 1 / capital)``."""
        return min(1.0, 1.0 / self.e_value)


@dataclass(frozen=True, eq=False, slots=True)
class EDetector:
    """A Shiryaev-Roberts e-detector: bets that start anew every night, their capitals added up.

    Without any loss, the mean number of nights until ``value`` first reaches c is at least c.

    References
    ----------
    J. Shin, A. Ramdas and A. Rinaldo, "E-detectors: a nonparametric framework for sequential change
    detection", New England Journal of Statistics in Data Science 2 (2024), 229-260.
    """

    log_capitals: np.ndarray

    @staticmethod
    def start() -> EDetector:
        """Return the detector before the first night."""
        return EDetector(np.full(len(STAKES), -np.inf))

    def after_night(self, differences: np.ndarray) -> EDetector:
        """Return the detector after one night's independent differences (n,), each in [-1, 1]."""
        gains = np.log1p(-np.outer(_checked(differences), STAKES)).sum(axis=0)
        return replace(self, log_capitals=np.logaddexp(self.log_capitals, 0.0) + gains)

    @property
    def value(self) -> float:
        """The mean of the added capitals over the stakes."""
        return _mean_capital(self.log_capitals)


def _mean_capital(log_capitals: np.ndarray) -> float:
    log = float(logsumexp(log_capitals)) - math.log(len(STAKES))
    return math.exp(min(log, _MOST_LOG))


def _checked(differences: np.ndarray) -> np.ndarray:
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or not (np.abs(values) <= 1.0).all():
        raise ValueError("Differences (n,) in [-1, 1] were expected.")
    return values
