"""Intervals agree with scipy where pairs are independent, and widen where contexts repeat."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.canonical import text_hash
from engine.verdict import bootstrap_mean, bootstrap_ratio, intervals, share_interval, wilson
from engine.verdict.intervals import MOST_GROUPS, difference_intervals
from tests.engine.verdict import references


@given(st.integers(0, 500), st.integers(1, 500), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_wilson_is_scipys(successes: int, n: int, level: float) -> None:
    successes = min(successes, n)
    interval = wilson(successes, n, level)
    assert interval is not None
    assert interval.estimate == successes / n
    assert (interval.low, interval.high) == pytest.approx(
        references.wilson(successes, n, level), abs=1e-12
    )


def test_no_pairs_have_no_interval() -> None:
    assert wilson(0, 0) is None
    assert share_interval([], []) is None
    assert bootstrap_mean([], []) is None
    assert bootstrap_ratio([], [], []) is None


def test_the_bootstrap_of_distinct_groups_is_scipys() -> None:
    rng = np.random.default_rng(0)
    values = rng.exponential(2, 200)
    interval = bootstrap_mean(values, [str(n) for n in range(200)], resamples=20_000)
    assert interval is not None
    assert interval.estimate == pytest.approx(values.mean())
    assert (interval.low, interval.high) == pytest.approx(
        references.bootstrap_mean(values), abs=0.02
    )


def test_ratios_and_differences_of_distinct_groups_are_scipys() -> None:
    rng = np.random.default_rng(1)
    below = rng.integers(1, 30, 300).astype(np.float64)
    above = -below * rng.exponential(2, 300)
    contexts = [str(n) for n in range(300)]
    ratio = bootstrap_ratio(above, below, contexts, resamples=20_000)
    assert ratio is not None
    assert ratio.estimate == pytest.approx(above.sum() / below.sum())
    expected = references.bootstrap_ratio(above, below)
    assert (ratio.low, ratio.high) == pytest.approx(expected, abs=0.02)
    others = [f"other {n}" for n in range(300)]
    found = difference_intervals(above[:, None], contexts, below[:, None], others)
    assert found is not None
    (difference,) = found
    assert difference.estimate == pytest.approx(above.mean() - below.mean())
    width = difference.high - difference.low
    low, high = references.bootstrap_difference(above, below)
    assert (difference.low, difference.high) == pytest.approx((low, high), abs=0.05 * width)


def test_repeated_contexts_tell_less_than_distinct_ones() -> None:
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(size=50), 8)
    distinct = bootstrap_mean(values, [str(n) for n in range(400)])
    repeated = bootstrap_mean(values, [str(n // 8) for n in range(400)])
    assert distinct is not None
    assert repeated is not None
    # Eight copies of a value are one value: the interval is wider by the root of 8.
    assert (repeated.high - repeated.low) / (distinct.high - distinct.low) == pytest.approx(
        8**0.5, rel=0.15
    )


@given(st.lists(st.tuples(st.integers(-5, 5), st.sampled_from("abcdefgh")), min_size=1))
def test_the_order_of_pairs_does_not_matter_and_seeds_repeat(
    pairs: list[tuple[int, str]],
) -> None:
    def interval(of: list[tuple[int, str]]) -> object:
        return bootstrap_mean([value for value, _ in of], [group for _, group in of], resamples=50)

    assert interval(pairs) == interval(pairs) == interval(pairs[::-1])


def test_a_ratio_is_one_of_sums() -> None:
    groups = ["a", "b", "c", "d"]
    interval = bootstrap_ratio([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0], groups)
    assert interval is not None
    assert (interval.estimate, interval.low, interval.high) == (0.5, 0.5, 0.5)
    assert bootstrap_ratio([1.0, 1.0], [1.0, -1.0], ["a", "b"]) is None


def test_resamples_without_a_denominator_are_left_out() -> None:
    interval = bootstrap_ratio([0.0, 3.0], [0.0, 1.0], ["a", "b"])
    assert interval is not None
    assert (interval.estimate, interval.low, interval.high) == (3, 3, 3)


def test_many_groups_are_resampled_in_parts() -> None:
    values = np.arange(5000) % 2
    interval = bootstrap_mean(values, [str(n) for n in range(5000)])
    assert interval is not None
    half = 1.96 * 0.5 / 5000**0.5
    assert (interval.low, interval.high) == pytest.approx((0.5 - half, 0.5 + half), abs=0.002)


def test_a_share_is_wilsons_until_a_context_repeats() -> None:
    flags = [True, False, False, False]
    assert share_interval(flags, ["a", "b", "c", "d"]) == wilson(1, 4)
    repeated = share_interval(flags, ["a", "b", "c", "c"])
    assert repeated is not None
    assert repeated.estimate == 0.25
    assert repeated != wilson(1, 4)
    assert 0 <= repeated.low <= 0.25 <= repeated.high <= 1


def test_a_difference_against_a_control() -> None:
    ours = np.array([[True, False]] * 60 + [[False, False]] * 40)
    control = np.array([[True, False]] * 20 + [[False, False]] * 80)
    contexts = [str(n) for n in range(100)]
    found = difference_intervals(ours, contexts, control, [f"control {c}" for c in contexts])
    assert found is not None
    difference, never = found
    assert difference.estimate == pytest.approx(0.4)
    half = 1.96 * (0.6 * 0.4 / 100 + 0.2 * 0.8 / 100) ** 0.5
    assert (difference.low, difference.high) == pytest.approx((0.4 - half, 0.4 + half), abs=0.02)
    assert (never.low, never.high) == (0, 0)
    assert difference_intervals(ours[:0], [], control, contexts) is None


def test_contexts_shared_with_the_control_are_drawn_together() -> None:
    flags = np.arange(200)[:, None] % 2 == 0
    contexts = [str(n) for n in range(200)]
    together = difference_intervals(flags, contexts, flags, contexts)
    assert together is not None
    assert (together[0].low, together[0].high) == (0, 0)


def test_very_many_contexts_are_drawn_in_bundles_and_the_interval_is_as_wide() -> None:
    contexts = 3 * MOST_GROUPS
    values = np.random.default_rng(1).normal(0.5, 2.0, contexts)
    found = bootstrap_mean(values, [text_hash(str(at)) for at in range(contexts)])
    assert found is not None
    by_theory = 2 * 1.96 * float(values.std()) / contexts**0.5
    assert found.high - found.low == pytest.approx(by_theory, rel=0.06)
    assert found.estimate == pytest.approx(float(values.mean()))


def test_how_draws_are_parted_changes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(3).normal(size=57)
    groups = [str(place // 2) for place in range(57)]
    whole = bootstrap_mean(values, groups)
    monkeypatch.setattr(intervals, "_DRAWS_AT_A_TIME", 31)
    parted = bootstrap_mean(values, groups)
    assert whole is not None
    assert parted is not None
    assert (parted.low, parted.high) == pytest.approx((whole.low, whole.high))
