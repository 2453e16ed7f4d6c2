"""Margins as probabilities, against scipy and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.verdict import calibrate, cross_fitted_scores, fit_temperature, reliability
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


@given(margins_)
def test_the_temperature_is_the_best(margins: list[float]) -> None:
    delta = np.array(margins)
    temperature = fit_temperature(delta)
    if delta.mean() <= 0 or delta.min() >= 0:
        assert temperature is None
        return
    assert temperature is not None

    def nll(t: float) -> float:
        return float(np.logaddexp(0, -delta / t).mean())

    assert nll(temperature) <= min(nll(temperature * 1.001), nll(temperature / 1.001)) + 1e-12


def test_the_temperature_is_the_one_the_margins_were_drawn_with() -> None:
    rng = np.random.default_rng(0)
    size = rng.gamma(2, 2, 50_000)
    right = rng.random(size.size) < 1 / (1 + np.exp(-size / 2.5))
    margins = np.where(right, size, -size)
    temperature = fit_temperature(margins)
    assert temperature == pytest.approx(2.5, rel=0.05)
    assert temperature == pytest.approx(references.best_temperature(margins), rel=1e-5)
    fold = np.arange(size.size) % 2
    fitted, found = cross_fitted_scores(margins, fold), calibrate(margins)
    assert fitted is not None
    assert found is not None
    assert fitted.ece < 0.02 < found.ece
    assert fitted.nll < found.nll
    assert fitted.brier < found.brier


@given(margins_, st.integers(-30, 30))
def test_the_temperature_has_the_unit_of_reward(margins: list[float], exponent: int) -> None:
    assume(np.mean(margins) > 1e-3)
    scale = 2.0**exponent
    one, other = fit_temperature(margins), fit_temperature(np.array(margins) * scale)
    assert (one is None) == (other is None)
    if one is not None:
        assert other == pytest.approx(one * scale)


@pytest.mark.parametrize(
    "margins", [[1.0, -1.0], [1.0, -2.0], [0.0, 0.0], [], [1.0, 2.0], [1.0, 0.0]]
)
def test_some_margins_have_no_finite_temperature(margins: list[float]) -> None:
    assert fit_temperature(margins) is None


def test_cross_fitting_needs_a_temperature_on_both_sides() -> None:
    assert cross_fitted_scores([3.0, -1.0, -3.0, 1.0], np.array([0, 0, 1, 1])) is None
    assert cross_fitted_scores([3.0, -1.0], np.array([0, 0])) is None


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
