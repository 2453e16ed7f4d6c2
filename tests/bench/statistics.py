"""Outvoted's statistics beside scipy's and scikit-learn's, on drawn margins."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.verdict import (
    TokenActivations,
    bootstrap_mean,
    bootstrap_ratio,
    calibrate,
    difference_intervals,
    find_features,
    fit_temperature,
    fvu,
    jaccard,
    margin_threshold,
    noise_floor,
    reward_recovered,
    sign_agreement,
    spearman,
    temperature_interval,
    vote_threshold,
    wilson,
)
from engine.verdict.agreement import PREFERRED, cohen_kappa
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
    yield from _of_probabilities(rng)
    yield from _of_an_sae(rng)
    yield from _of_features(rng)
    yield from _of_thresholds(rng)
    yield from _of_intervals(rng)


def _of_probabilities(rng: np.random.Generator) -> Iterator[Compared]:
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
    right = references.accuracy(np.ones(MARGINS), margins > 0)
    yield "accuracy", MARGINS, abs(found.accuracy - right), EXACT


def _of_an_sae(rng: np.random.Generator) -> Iterator[Compared]:
    x = rng.normal(1, 2, (300, 8))
    x_hat = x + rng.normal(0, 0.5, x.shape)
    unexplained = fvu(float(((x - x_hat) ** 2).sum()), x.sum(0), float((x**2).sum()), len(x))
    recovered = reward_recovered(x[:, 0], x_hat[:, 0])
    yield "FVU", len(x), _apart(unexplained, 1 - references.r2(x, x_hat)), EXACT
    yield "reward recovered", len(x), _apart(recovered, references.r2(x[:, 0], x_hat[:, 0])), EXACT
    ranks = rng.integers(0, 9, (2, 200))
    yield "Spearman, with ties", 200, _apart(spearman(*ranks), references.spearman(*ranks)), EXACT
    signs = references.accuracy(x[:, 0] > 0, x_hat[:, 0] > 0)
    yield "sign agreement", len(x), _apart(sign_agreement(x[:, 0], x_hat[:, 0]), signs), EXACT


def _of_features(rng: np.random.Generator) -> Iterator[Compared]:
    tokens = 400
    in_span = rng.random(tokens) < 0.2
    fires = np.maximum(0, rng.integers(-2, 4, tokens) + 3 * in_span).astype(np.float32)
    (token,) = fires.nonzero()
    bearer = np.arange(tokens) // 20
    entries = TokenActivations(bearer, in_span, token, np.zeros_like(token), fires[token])
    (candidate,) = find_features(entries)
    area = references.auroc(in_span, fires)
    yield "AUROC, with ties", tokens, abs(candidate.auroc - area), EXACT
    held = rng.random((2, 60)) < 0.4
    some, others = (frozenset(side.nonzero()[0].tolist()) for side in held)
    yield "Jaccard overlap", 60, _apart(jaccard(some, others), references.jaccard(*held)), EXACT
    marks = [[PREFERRED[at] for at in row] for row in rng.integers(0, 3, (2, 80))]
    kappa = cohen_kappa(list(zip(*marks, strict=True)))
    yield "Cohen's kappa", 80, _apart(kappa, references.cohen_kappa(*map(list[str], marks))), EXACT


def _of_thresholds(rng: np.random.Generator) -> Iterator[Compared]:
    figures = rng.normal(size=257)
    sizes = np.abs(figures)
    apart = [
        noise_floor(figures) - references.quantile(sizes, 0.99),
        vote_threshold(0, figures) - references.quantile(sizes, 0.95),
        margin_threshold(0, figures) - 0.05 * references.quantile(sizes, 0.5),
    ]
    yield "percentiles of thresholds", figures.size, float(np.abs(apart).max()), EXACT


def _of_intervals(rng: np.random.Generator) -> Iterator[Compared]:
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
    others = rng.exponential(1, 300)
    apart = difference_intervals(values[:, None], contexts, others[:, None], [*map(str, others)])
    if apart is None:
        raise AssertionError("300 values have a difference")
    low, high = references.bootstrap_difference(values, others)
    off = max(abs(apart[0].low - low), abs(apart[0].high - high))
    yield "bootstrap of a difference", 300, off, 2 * DRAWN
    margins = rng.normal(1, 2, 300)
    fitted = temperature_interval(margins, contexts)
    if fitted is None or fitted.high is None:
        raise AssertionError("these margins have a temperature")
    low, high = references.bootstrap_temperature(margins)
    off = max(abs(fitted.low / low - 1), abs(fitted.high / high - 1))
    yield "bootstrap of a temperature, relative", 300, off, 2 * DRAWN


def _apart(ours: float | None, theirs: float) -> float:
    return float("inf") if ours is None else abs(ours - theirs)
