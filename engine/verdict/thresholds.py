"""What a figure must exceed to count (docs/verdicts.md).

Percentiles are numpy's, linear between the two nearest ranks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FEWEST_FOR_A_PERCENTILE = 30
"""Under so many selection bearers only an activation of 0 is silent."""
ROUNDING = 1e-4
"""By what part of itself an activation may differ and still count as the same."""


def noise_floor(differences: npt.ArrayLike) -> float:
    """tau: the 99th percentile of |delta(batched) - delta(alone)|, in units of reward.

    Raises ValueError where nothing was measured.
    """
    sizes = _sizes(differences)
    if sizes.size == 0:
        raise ValueError("the noise floor of no pair is unknown")
    return float(np.percentile(sizes, 99))


def margin_threshold(tau: float, sample_margins: npt.ArrayLike) -> float:
    """epsilon_m = max(2 tau, 5% of the median |delta| of the sample); 2 tau without a sample."""
    sizes = _sizes(sample_margins)
    return max(2 * tau, 0.05 * float(np.median(sizes))) if sizes.size else 2 * tau


def vote_threshold(epsilon_m: float, random_effects: npt.ArrayLike) -> float:
    """epsilon = max(epsilon_m, 95th percentile of |E(S)| of random groups of F's size).

    Without random effects: epsilon_m.
    """
    sizes = _sizes(random_effects)
    return max(epsilon_m, float(np.percentile(sizes, 95))) if sizes.size else epsilon_m


def silent_threshold(activations: npt.ArrayLike) -> float:
    """The 10th percentile of a_F over selection bearers of either label; under 30 of them 0.

    It is lowered by a ten-thousandth of itself: where many bearers are equally active, the same
    activation differs by rounding from batch to batch, and none of them is below the others.

    `silent` holds where an activation is 0 or below the threshold, so a threshold of 0 leaves
    only the activations that are 0.
    """
    values = np.asarray(activations, dtype=np.float64)
    if values.size < FEWEST_FOR_A_PERCENTILE:
        return 0.0
    return float(np.percentile(values, 10)) * (1 - ROUNDING)


def _sizes(figures: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.abs(np.asarray(figures, dtype=np.float64))
