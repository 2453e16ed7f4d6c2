"""The fitted temperature and its interval, against scipy and against plain refitting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.verdict import (
    calibrate,
    cross_fitted_scores,
    cross_fitted_temperatures,
    fit_temperature,
    no_temperature,
    temperature_interval,
)
from tests.engine.verdict import references

margins_ = st.lists(st.floats(-30, 30).map(lambda x: round(x, 3)), min_size=1, max_size=80)


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
    ("margins", "why"),
    [
        ([1.0, -1.0], "mean margin <= 0"),
        ([1.0, -2.0], "mean margin <= 0"),
        ([0.0, 0.0], "mean margin <= 0"),
        ([], "no pairs"),
        ([1.0, 2.0], "no margin below zero"),
        ([1.0, 0.0], "no margin below zero"),
    ],
)
def test_some_margins_have_no_finite_temperature(margins: list[float], why: str) -> None:
    assert fit_temperature(margins) is None
    assert no_temperature(margins) == why
    assert temperature_interval(margins, [str(row) for row in range(len(margins))]) is None


def test_each_fold_is_judged_with_the_others_temperature() -> None:
    margins = np.array([3.0, -1.0, 6.0, -2.0])
    fold = np.array([0, 0, 1, 1])
    one, other = fit_temperature(margins[:2]), fit_temperature(margins[2:])
    assert cross_fitted_temperatures(margins, fold) == (other, one)
    assert no_temperature(margins) is None


def test_cross_fitting_needs_a_temperature_on_both_sides() -> None:
    assert cross_fitted_scores([3.0, -1.0, -3.0, 1.0], np.array([0, 0, 1, 1])) is None
    assert cross_fitted_scores([3.0, -1.0], np.array([0, 0])) is None


def test_the_interval_is_that_of_fitting_every_resample_again() -> None:
    rng = np.random.default_rng(5)
    margins = rng.normal(0.6, 2, 200)
    contexts = [str(row // 2) for row in range(200)]
    found = temperature_interval(margins, contexts, resamples=400, seed=7)
    assert found is not None
    names = np.unique(contexts)
    drawn = np.random.default_rng(7).integers(names.size, size=(400, names.size))
    refitted = []
    for draw in drawn:
        rows = [row for name in names[draw] for row in (2 * int(name), 2 * int(name) + 1)]
        temperature = fit_temperature(margins[rows])
        assert temperature is not None
        refitted.append(temperature)
    refitted.sort()
    assert (found.low, found.high) == pytest.approx((refitted[10], refitted[-11]), rel=1e-3)


def test_the_interval_of_independent_pairs_is_scipys() -> None:
    margins = np.random.default_rng(6).normal(1, 2, 300)
    found = temperature_interval(margins, [str(row) for row in range(300)])
    low, high = references.bootstrap_temperature(margins)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.04)


def test_the_interval_of_repeated_contexts_is_wider() -> None:
    """Ten copies of each pair are no ten pairs."""
    margins = np.tile(np.random.default_rng(8).normal(1, 2, 60), 10)
    alone = temperature_interval(margins, [str(row) for row in range(600)])
    together = temperature_interval(margins, [str(row % 60) for row in range(600)])
    assert alone is not None
    assert together is not None
    assert together.high is None or alone.high is not None
    assert together.low < alone.low


def test_an_interval_may_have_no_upper_bound() -> None:
    """Some resamples have a mean margin below zero: no finite T fits those."""
    margins = [1.0] * 11 + [-1.0] * 9
    found = temperature_interval(margins, [str(row) for row in range(20)])
    assert found is not None
    assert found.low > 0
    assert found.high is None
    rarely_wrong = temperature_interval([1.0] * 30 + [-1.0], [str(row) for row in range(31)])
    assert rarely_wrong is not None
    assert rarely_wrong.low == 0
    assert rarely_wrong.high is not None
