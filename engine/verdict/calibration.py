"""How well margins speak as probabilities (docs/calibration.md; Bradley and Terry 1952).

Every function takes margins delta = r(chosen) - r(rejected), [pairs], finite, in units of reward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.verdict.intervals import Interval, bootstrap_mean, share_interval
from engine.verdict.temperature import (
    Floats,
    cross_fitted_temperatures,
    fit_temperature,
    floats,
    sigmoid,
)

BINS = 15


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One point of the reliability curve."""

    pairs: int
    confidence: float
    """Mean of sigmoid(|delta|)."""
    accuracy: float
    """Share of pairs with delta > 0, ties one half."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of p = sigmoid(delta), that is at T = 1; `temperature` is the T that fits best."""

    pairs: int
    mean_margin: float
    accuracy: float
    """Share of pairs with delta > 0, ties one half."""
    nll: float
    brier: float
    ece: float
    temperature: float | None
    """None where no finite T above zero is best."""
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """Of p = sigmoid(delta / T)."""

    nll: float
    """Mean of -log p, in nats."""
    brier: float
    """Mean of (1 - p)^2 (Brier 1950)."""
    ece: float
    """Expected calibration error over 15 equal-mass bins (Naeini et al. 2015)."""
    bins: tuple[ReliabilityBin, ...]


def calibrate(margins: npt.ArrayLike) -> Calibration | None:
    """The figures at T = 1, and the fitted T. None of no pairs."""
    delta = floats(margins)
    if delta.size == 0:
        return None
    scores = _scores(delta)
    return Calibration(
        pairs=delta.size,
        mean_margin=float(delta.mean()),
        accuracy=float(_right(delta).mean()),
        nll=scores.nll,
        brier=scores.brier,
        ece=scores.ece,
        temperature=fit_temperature(delta),
        bins=scores.bins,
    )


def cross_fitted_scores(margins: npt.ArrayLike, fold: npt.NDArray[np.integer]) -> Scores | None:
    """The figures at the fitted T, where each fold (0 or 1) uses the T fitted on the other.

    None where either fold has no fitted T.
    """
    delta = floats(margins)
    fitted = cross_fitted_temperatures(delta, fold)
    return None if fitted is None else _scores(delta / np.where(fold == 1, fitted[1], fitted[0]))


def accuracy_interval(margins: npt.ArrayLike, context_hashes: Sequence[str]) -> Interval | None:
    """The share of pairs with delta > 0, ties one half, with its 95% interval.

    Wilson where no context repeats and no pair is tied, else a bootstrap over contexts.
    """
    delta = floats(margins)
    if (delta == 0).any():
        return bootstrap_mean(_right(delta), context_hashes)
    return share_interval((delta > 0).tolist(), context_hashes)


def reliability(margins: npt.ArrayLike) -> tuple[ReliabilityBin, ...]:
    """15 bins of equal mass (sizes differ by one at most) by sigmoid(|delta|), ascending.

    Under 15 pairs each is a bin. Pairs of equal |delta| are ordered by delta, so that the order
    in which pairs come is never seen.
    """
    delta = floats(margins)
    delta = delta[np.lexsort((delta, np.abs(delta)))]
    bins = np.array_split(delta, min(BINS, delta.size)) if delta.size else []
    return tuple(
        ReliabilityBin(
            pairs=each.size,
            confidence=float(sigmoid(np.abs(each)).mean()),
            accuracy=float(_right(each).mean()),
        )
        for each in bins
    )


def _scores(delta: Floats) -> Scores:
    bins = reliability(delta)
    return Scores(
        nll=float(np.logaddexp(0, -delta).mean()),
        brier=float((sigmoid(-delta) ** 2).mean()),
        ece=sum(each.pairs * abs(each.confidence - each.accuracy) for each in bins) / delta.size,
        bins=bins,
    )


def _right(delta: Floats) -> Floats:
    return (np.sign(delta) + 1) / 2
