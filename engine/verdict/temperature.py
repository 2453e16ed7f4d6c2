"""The temperature that makes margins speak as probabilities, and how sure it is.

p = sigmoid(delta / T) of margins delta = r(chosen) - r(rejected), [pairs], finite, in units of
reward (Bradley and Terry 1952; one T for all of them is temperature scaling, Guo et al. 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.verdict.intervals import LEVEL, RESAMPLES, resampled_sums

NoTemperature = Literal["no pairs", "mean margin <= 0", "no margin below zero"]
"""Why there is no T: with the second the likelihood still rises as T goes to infinity, with the
third as it goes to 0."""

_STEPS = 200
_PRECISION = 1e-12
_OCTAVES = 8
_PER_OCTAVE = 8

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TemperatureInterval:
    """The 95% interval of a fitted T."""

    low: float
    """0 where resamples without a margin below zero reach into the lower tail."""
    high: float | None
    """None: without a bound, since resamples with a mean margin <= 0 reach into the upper tail."""


def no_temperature(margins: npt.ArrayLike) -> NoTemperature | None:
    """Why no finite T above zero is best; None where one is."""
    delta = floats(margins)
    if delta.size == 0:
        return "no pairs"
    if delta.mean() <= 0:
        return "mean margin <= 0"
    return "no margin below zero" if delta.min() >= 0 else None


def fit_temperature(margins: npt.ArrayLike) -> float | None:
    """The T that maximises the likelihood of the labels; None where `no_temperature` says why."""
    delta = floats(margins)
    if no_temperature(delta) is not None:
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


def cross_fitted_temperatures(
    margins: npt.ArrayLike, fold: npt.NDArray[np.integer]
) -> tuple[float, float] | None:
    """The T for fold 0 and for fold 1, each fitted on the other; None where either has none."""
    delta = floats(margins)
    for_first, for_second = (fit_temperature(delta[fold == other]) for other in (1, 0))
    return None if for_first is None or for_second is None else (for_first, for_second)


def temperature_interval(
    margins: npt.ArrayLike,
    groups: Sequence[str],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> TemperatureInterval | None:
    """Percentile bootstrap (Efron 1979) of the fitted T, groups resampled whole; None without T.

    Each resample's slope of the likelihood is summed on a grid of 1 / T, eight points an octave
    and eight octaves either way of the fitted one, and its zero found between two of them: T is
    right to about one in a thousand. Beyond the grid it counts as infinite, or as 0.
    """
    delta = floats(margins)
    fitted = fit_temperature(delta)
    if fitted is None:
        return None
    octave = np.linspace(-_OCTAVES, _OCTAVES, 2 * _OCTAVES * _PER_OCTAVE + 1)
    scaled = delta / fitted
    rising = np.column_stack([scaled * sigmoid(-(2**each) * scaled) for each in octave])
    slopes = resampled_sums(rising, groups, resamples, seed)
    zeros = np.sort([_zero(octave, slope) for slope in slopes])
    tail = int((1 - LEVEL) / 2 * resamples)
    most, least = zeros[tail], zeros[-1 - tail]
    return TemperatureInterval(
        low=float(fitted * 2**-least), high=float(fitted * 2**-most) if most > -np.inf else None
    )


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), without overflow."""
    with np.errstate(over="ignore"):  # one over infinity is the 0 that is meant
        return 1 / (1 + np.exp(-x))


def floats(margins: npt.ArrayLike) -> Floats:
    """Margins in the precision that every figure is computed in."""
    return np.asarray(margins, dtype=np.float64)


def _zero(octave: Floats, slope: Floats) -> float:
    """Where a falling slope crosses zero; infinite where that is beyond the grid."""
    after = int(np.count_nonzero(slope >= 0))  # far out it falls to a plain 0
    if after == 0:
        return -np.inf
    if after == slope.size:
        return np.inf
    left, right = slope[after - 1], slope[after]
    step = octave[after] - octave[after - 1]
    return float(octave[after - 1] + step * left / (left - right))


def _slope(delta: Floats, b: float) -> float:
    """The derivative of the mean NLL of sigmoid(b * delta) by b."""
    return -float((delta * sigmoid(-b * delta)).mean())


def _root_of_slope(delta: Floats, low: float, high: float) -> float:
    """Newton's method, kept in a bracket that halves where a step would leave it."""
    b = (low + high) / 2
    for _ in range(_STEPS):
        slope = _slope(delta, b)
        if slope > 0:
            high = b
        else:
            low = b
        curvature = float((delta**2 * sigmoid(b * delta) * sigmoid(-b * delta)).mean())
        step = b - slope / curvature if curvature > 0 else low
        if not low < step < high:
            step = (low + high) / 2
        if abs(step - b) <= _PRECISION * b:
            return step
        b = step
    return b
