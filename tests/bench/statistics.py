"""Outvoted's statistics beside scipy's and scikit-learn's, on drawn margins."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.verdict import (
    bootstrap_mean,
    bootstrap_ratio,
    calibrate,
    fit_temperature,
    fvu,
    reward_recovered,
    spearman,
    wilson,
)
from tests.engine.verdict import references

MARGINS = 15 * 200
"""A whole number for each of the 15 reliability bins."""
EXACT = 1e-9
FITTED = 1e-5
DRAWN = 0.02
"""Two bootstraps of other seeds."""

Compared = tuple[str, int, float, float]
"""What, of how many values, the largest difference, and how large it may be."""


def statistics() -> Iterator[Compared]:
    """Each statistic and how far it is from the other one of the same values."""
    rng = np.random.default_rng(0)
    margins = rng.normal(0.6, 1.5, MARGINS)
    p = 1 / (1 + np.exp(-margins))
    found = calibrate(margins)
    temperature = fit_temperature(margins)
    if found is None or temperature is None:
        raise AssertionError("these margins can be calibrated")
    yield "NLL", MARGINS, abs(found.nll - references.log_loss(p)), EXACT
    yield "Brier score", MARGINS, abs(found.brier - references.brier(p)), EXACT
    sure = np.maximum(p, 1 - p)
    accuracy, confidence = references.calibration_curve(margins > 0, sure, len(found.bins))
    apart = [
        max(abs(each.accuracy - right), abs(each.confidence - mean))
        for each, right, mean in zip(found.bins, accuracy, confidence, strict=True)
    ]
    yield "reliability bins", len(apart), max(apart), EXACT
    ece = float(np.mean(np.abs(np.array(accuracy) - np.array(confidence))))
    yield "ECE", MARGINS, abs(found.ece - ece), EXACT
    best = references.best_temperature(margins)
    yield "fitted temperature", MARGINS, abs(temperature - best), FITTED

    x = rng.normal(1, 2, (300, 8))
    x_hat = x + rng.normal(0, 0.5, x.shape)
    unexplained = fvu(float(((x - x_hat) ** 2).sum()), x.sum(0), float((x**2).sum()), len(x))
    recovered = reward_recovered(x[:, 0], x_hat[:, 0])
    yield "FVU", len(x), _apart(unexplained, 1 - references.r2(x, x_hat)), EXACT
    yield "reward recovered", len(x), _apart(recovered, references.r2(x[:, 0], x_hat[:, 0])), EXACT
    ranks = rng.integers(0, 9, (2, 200))
    yield "Spearman, with ties", 200, _apart(spearman(*ranks), references.spearman(*ranks)), EXACT

    interval = wilson(37, 120, 0.95)
    low, high = references.wilson(37, 120, 0.95)
    if interval is None:
        raise AssertionError("120 pairs have an interval")
    yield "Wilson interval", 120, max(abs(interval.low - low), abs(interval.high - high)), EXACT
    values, below = rng.exponential(2, 300), rng.integers(1, 30, 300).astype(np.float64)
    contexts = [str(row) for row in range(300)]
    mean = bootstrap_mean(values, contexts, resamples=20_000)
    ratio = bootstrap_ratio(values, below, contexts, resamples=20_000)
    if mean is None or ratio is None:
        raise AssertionError("300 values have an interval")
    low, high = references.bootstrap_mean(values)
    yield "bootstrap of a mean", 300, max(abs(mean.low - low), abs(mean.high - high)), DRAWN
    low, high = references.bootstrap_ratio(values, below)
    yield "bootstrap of a ratio", 300, max(abs(ratio.low - low), abs(ratio.high - high)), DRAWN


def _apart(ours: float | None, theirs: float) -> float:
    return float("inf") if ours is None else abs(ours - theirs)
