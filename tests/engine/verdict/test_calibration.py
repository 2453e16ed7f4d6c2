"""Margins as probabilities, against scipy and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.verdict import accuracy_interval, calibrate, cross_fitted_scores, reliability
from tests.engine.verdict import references

margins_ = st.lists(st.floats(-30, 30).map(lambda x: round(x, 3)), min_size=1, max_size=80)


@given(margins_)
def test_the_figures_are_scikit_learns(margins: list[float]) -> None:
    delta = np.array(margins)
    p = 1 / (1 + np.exp(-delta))
    found = calibrate(margins)
    assert found is not None
    assert found.pairs == len(margins)
    assert found.mean_margin == pytest.approx(delta.mean())
    assert found.accuracy == pytest.approx(np.mean(delta > 0) + np.mean(delta == 0) / 2)
    assert found.nll == pytest.approx(references.log_loss(p))
    assert found.brier == pytest.approx(references.brier(p))
    assert 0 <= found.ece <= 1


def test_reliability_is_scikit_learns_calibration_curve_over_quantiles() -> None:
    """With distinct margins and bins of one size quantile edges cut where ours do."""
    rng = np.random.default_rng(3)
    margins = rng.normal(0.4, 1.5, 15 * 40)
    confidence = 1 / (1 + np.exp(-np.abs(margins)))
    accuracy, mean = references.calibration_curve(margins > 0, confidence, 15)
    bins = reliability(margins)
    assert [each.accuracy for each in bins] == pytest.approx(accuracy)
    assert [each.confidence for each in bins] == pytest.approx(mean)
    found = calibrate(margins)
    assert found is not None
    assert found.bins == bins
    assert found.ece == pytest.approx(np.mean(np.abs(np.array(accuracy) - np.array(mean))))


def test_at_the_fitted_temperature_the_figures_are_scikit_learns_too() -> None:
    """Each fold's margins over the T that scipy fits on the other fold."""
    rng = np.random.default_rng(4)
    margins = rng.normal(1, 2, 15 * 20)
    fold = np.arange(margins.size) % 2
    of_fold = [references.best_temperature(margins[fold == other]) for other in (1, 0)]
    p = 1 / (1 + np.exp(-margins / np.where(fold == 1, of_fold[1], of_fold[0])))
    found = cross_fitted_scores(margins, fold)
    assert found is not None
    assert found.nll == pytest.approx(references.log_loss(p))
    assert found.brier == pytest.approx(references.brier(p))
    accuracy, mean = references.calibration_curve(margins > 0, np.maximum(p, 1 - p), 15)
    assert [each.accuracy for each in found.bins] == pytest.approx(accuracy)
    assert [each.confidence for each in found.bins] == pytest.approx(mean)


def test_accuracy_is_wilsons_share_until_contexts_repeat_or_pairs_tie() -> None:
    margins = [1.0] * 7 + [-1.0] * 3
    contexts = [str(row) for row in range(10)]
    alone = accuracy_interval(margins, contexts)
    assert alone is not None
    low, high = references.wilson(7, 10, 0.95)
    assert (alone.estimate, alone.low, alone.high) == pytest.approx((0.7, low, high))
    tied = accuracy_interval([*margins, 0.0], [*contexts, "tied"])
    assert tied is not None
    assert tied.estimate == pytest.approx(7.5 / 11)
    together = accuracy_interval(margins, ["one"] * 10)
    assert together is not None
    assert (together.low, together.high) == pytest.approx((0.7, 0.7))
    assert accuracy_interval([], []) is None


def test_huge_margins_stay_finite() -> None:
    found = calibrate([1e8, -1e8, 1e8])
    assert found is not None
    assert found.nll == pytest.approx(1e8 / 3)
    assert found.temperature is not None
    assert math.isfinite(found.temperature)


def test_no_pairs_are_not_calibrated() -> None:
    assert calibrate([]) is None
    assert reliability([]) == ()


def test_bins_have_equal_mass_and_their_mean_is_the_accuracy() -> None:
    rng = np.random.default_rng(1)
    margins = rng.normal(0.5, 2, 1000)
    margins[:50] = 0
    bins = reliability(margins)
    sizes = [each.pairs for each in bins]
    assert len(bins) == 15
    assert max(sizes) - min(sizes) <= 1
    confidences = [each.confidence for each in bins]
    assert confidences == sorted(confidences)
    found = calibrate(margins)
    assert found is not None
    assert sum(each.pairs * each.accuracy for each in bins) / 1000 == pytest.approx(found.accuracy)
    assert bins == reliability(rng.permutation(margins))


def test_fewer_pairs_than_bins_are_bins_of_their_own() -> None:
    assert [each.pairs for each in reliability([1.0, -2.0, 0.0])] == [1, 1, 1]
    assert [each.accuracy for each in reliability([1.0, -2.0, 0.0])] == [0.5, 1, 0]
