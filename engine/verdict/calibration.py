"""How well margins speak as probabilities (design, section 2; Bradley and Terry 1952).

Every function takes margins delta = r(chosen) - r(rejected), [pairs], finite, in units of reward.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 15

_STEPS = 200
_PRECISION = 1e-12

Floats = npt.NDArray[np.float64]


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


@dataclass(frozen=True, slots=True)
class Scores:
    """Of p = sigmoid(delta / T)."""

    nll: float
    """Mean of -log p, in nats."""
    brier: float
    """Mean of (1 - p)^2."""
    ece: float
    """Expected calibration error over 15 equal-mass bins."""


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One point of the reliability curve."""

    pairs: int
    confidence: float
    """Mean of sigmoid(|delta|)."""
    accuracy: float
    """Share of pairs with delta > 0, ties one half."""


def calibrate(margins: npt.ArrayLike) -> Calibration | None:
    """The figures at T = 1, and the fitted T. None of no pairs."""
    delta = _floats(margins)
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
    )


def cross_fitted_scores(margins: npt.ArrayLike, fold: npt.NDArray[np.integer]) -> Scores | None:
    """The figures at the fitted T, where each fold (0 or 1) uses the T fitted on the other.

    None where either fold has no fitted T.
    """
    delta = _floats(margins)
    in_second = fold == 1
    for_second, for_first = fit_temperature(delta[~in_second]), fit_temperature(delta[in_second])
    if for_first is None or for_second is None:
        return None
    return _scores(delta / np.where(in_second, for_second, for_first))


def fit_temperature(margins: npt.ArrayLike) -> float | None:
    """The T that maximises the likelihood of the labels.

    None where mean delta <= 0 (the likelihood still rises as T goes to infinity) and where no
    delta is below zero (it still rises as T goes to 0).
    """
    delta = _floats(margins)
    if delta.size == 0 or delta.mean() <= 0 or delta.min() >= 0:
        return None
    # The mean NLL is convex in b = 1 / T: its slope is below zero at 0 and above it far out.
    scale = float(np.abs(delta).max())
    delta = delta / scale
    low, high = 0.0, 1.0
    while _slope(delta, high) <= 0:
        low, high = high, 2 * high
        if not np.isfinite(scale * high):
            return None
    return scale / _root_of_slope(delta, low, high)


def reliability(margins: npt.ArrayLike) -> tuple[ReliabilityBin, ...]:
    """15 bins of equal mass (sizes differ by one at most) by sigmoid(|delta|), ascending.

    Under 15 pairs each is a bin. Pairs of equal |delta| are ordered by delta, so that the order
    in which pairs come is never seen.
    """
    delta = _floats(margins)
    delta = delta[np.lexsort((delta, np.abs(delta)))]
    bins = np.array_split(delta, min(BINS, delta.size)) if delta.size else []
    return tuple(
        ReliabilityBin(
            pairs=each.size,
            confidence=float(_sigmoid(np.abs(each)).mean()),
            accuracy=float(_right(each).mean()),
        )
        for each in bins
    )


def _scores(delta: Floats) -> Scores:
    bins = reliability(delta)
    return Scores(
        nll=float(np.logaddexp(0, -delta).mean()),
        brier=float((_sigmoid(-delta) ** 2).mean()),
        ece=sum(each.pairs * abs(each.confidence - each.accuracy) for each in bins) / delta.size,
    )


def _slope(delta: Floats, b: float) -> float:
    """The derivative of the mean NLL of sigmoid(b * delta) by b."""
    return -float((delta * _sigmoid(-b * delta)).mean())


def _root_of_slope(delta: Floats, low: float, high: float) -> float:
    """Newton's method, kept in a bracket that halves where a step would leave it."""
    b = (low + high) / 2
    for _ in range(_STEPS):
        slope = _slope(delta, b)
        if slope > 0:
            high = b
        else:
            low = b
        curvature = float((delta**2 * _sigmoid(b * delta) * _sigmoid(-b * delta)).mean())
        step = b - slope / curvature if curvature > 0 else low
        if not low < step < high:
            step = (low + high) / 2
        if abs(step - b) <= _PRECISION * b:
            return step
        b = step
    return b


def _right(delta: Floats) -> Floats:
    return (np.sign(delta) + 1) / 2


def _sigmoid(x: Floats) -> Floats:
    return np.exp(-np.logaddexp(0, -x))


def _floats(margins: npt.ArrayLike) -> Floats:
    return np.asarray(margins, dtype=np.float64)
