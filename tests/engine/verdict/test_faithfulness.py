"""What the SAE loses, and whether attributions say what ablations do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.verdict import (
    attribution_agreement,
    fvu,
    reward_recovered,
    sign_agreement,
    spearman,
)
from tests.engine.verdict import references


def test_fvu_from_pooled_sums_is_the_fraction_of_variance() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (500, 16))
    error = rng.normal(0, 0.5, x.shape)
    found = fvu(float((error**2).sum()), x.sum(axis=0), float((x**2).sum()), len(x))
    assert found == pytest.approx((error**2).sum() / ((x - x.mean(axis=0)) ** 2).sum())


def test_what_is_explained_is_scikit_learns_r2() -> None:
    """FVU over all dimensions at once, and the reward recovered."""
    rng = np.random.default_rng(1)
    x = rng.normal(1, 2, (300, 8)) * np.arange(1, 9)
    x_hat = x + rng.normal(0, 0.5, x.shape)
    found = fvu(float(((x - x_hat) ** 2).sum()), x.sum(axis=0), float((x**2).sum()), len(x))
    assert found == pytest.approx(1 - references.r2(x, x_hat))
    delta, delta_sae = x[:, 0], x_hat[:, 0]
    assert reward_recovered(delta, delta_sae) == pytest.approx(references.r2(delta, delta_sae))


def test_tokens_that_do_not_vary_have_no_fvu() -> None:
    assert fvu(1.0, [2.0, 2.0], 4.0, 2) is None
    assert fvu(0.0, [0.0], 0.0, 0) is None


def test_reward_recovered_is_one_less_the_unexplained() -> None:
    delta = np.array([1.0, 2.0, 3.0, -2.0])
    assert reward_recovered(delta, delta) == 1
    assert reward_recovered(delta, np.full(4, delta.mean())) == pytest.approx(0)
    assert reward_recovered(delta, [*delta[:3], 0.0]) == pytest.approx(1 - 4 / 14)
    assert reward_recovered([1.0, 1.0], [1.0, 2.0]) is None
    assert reward_recovered([], []) is None


def test_signs_agree_in_a_share_of_places() -> None:
    assert sign_agreement([1.0, -1.0, 0.0, 2.0], [3.0, 1.0, 0.0, 0.0]) == 0.5
    assert sign_agreement([], []) is None


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), min_size=1))
def test_agreement_of_signs_is_scikit_learns_accuracy(pairs: list[tuple[int, int]]) -> None:
    some, others = zip(*pairs, strict=True)
    expected = references.accuracy(np.sign(some), np.sign(others))
    assert sign_agreement(some, others) == pytest.approx(expected)


ranked = st.lists(
    st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=2, max_size=60
).filter(lambda pairs: all(len({pair[side] for pair in pairs}) > 1 for side in (0, 1)))


@given(ranked)
def test_rank_correlation_with_ties_is_scipys(pairs: list[tuple[int, int]]) -> None:
    some, others = zip(*pairs, strict=True)
    assert spearman(some, others) == pytest.approx(references.spearman(some, others), abs=1e-12)


def test_a_constant_has_no_rank_correlation() -> None:
    assert spearman([1.0, 1.0], [1.0, 2.0]) is None
    assert spearman([1.0], [1.0]) is None


def test_perfect_attributions_recall_everything() -> None:
    effect = np.tile(np.linspace(-2, 3, 28), 2)
    found = attribution_agreement(2 * effect, effect, np.ones(56), np.repeat([10, 20], 28))
    assert found is not None
    assert (found.pairs, found.features) == (2, 56)
    assert found.spearman == pytest.approx(1)
    assert (found.sign_agreement, found.recall) == (1, 1)


def test_with_every_feature_measured_recall_is_the_overlap_of_the_two_tops() -> None:
    rng = np.random.default_rng(3)
    attribution, effect = rng.normal(size=28), rng.normal(size=28)
    tops = [set(np.argsort(-np.abs(figure))[:8].tolist()) for figure in (attribution, effect)]
    found = attribution_agreement(attribution, effect, np.ones(28), np.zeros(28))
    assert found is not None
    assert found.recall == len(tops[0] & tops[1]) / 8


def test_recall_is_scikit_learns_where_the_cut_parts_no_drawn_feature() -> None:
    """Two pairs with 8 screened features each, and drawn ones that stand for four."""
    rng = np.random.default_rng(2)
    attribution = np.tile([*range(20, 12, -1), *range(8, 0, -1)], 2).astype(np.float64)
    weights = np.tile([1.0] * 8 + [4.0] * 8, 2)
    strongest = np.zeros(32, dtype=np.bool_)
    strongest[[0, 3, 5, 17, 8, 12, 25]] = True  # 4 of weight 1 and 3 of weight 4: all of 16
    effect = np.where(strongest, 10, 0) + rng.random(32)
    found = attribution_agreement(attribution, effect, weights, np.repeat([1, 2], 16))
    assert found is not None
    screened = np.tile([True] * 8 + [False] * 8, 2)
    assert found.recall == pytest.approx(references.recall(strongest, screened, weights))


def test_a_drawn_feature_stands_for_those_that_were_not() -> None:
    # Strongest by effect: one screened feature, then a drawn one that stands for five.
    attribution = np.array([9.0, 8, 7, 6, 5, 4, 3, 2, 1, 1])
    effect = np.array([9.0, 1, 1, 1, 0, 0, 0, 0, 5, 0])
    weights = np.array([1.0] * 8 + [5.0] * 2)
    found = attribution_agreement(attribution, effect, weights, np.zeros(10))
    assert found is not None
    # 8 places: 1 recalled, 5 missed, and of the next three screened features the first two.
    assert found.recall == pytest.approx((1 + 2) / 8)


@pytest.mark.parametrize("seed", range(3))
def test_sampling_estimates_the_recall_of_all_features(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns: list[list[float]] = []
    strengths, screened = [], []
    for pair in range(300):
        effect = rng.normal(size=220) * rng.lognormal(0, 0.3)
        attribution = effect + rng.normal(scale=0.5, size=220)
        order = np.argsort(-np.abs(attribution))
        strengths.append(np.abs(effect))
        screened.append(np.isin(np.arange(220), order[:8]))
        drawn = rng.choice(order[8:], 20, replace=False)
        for at, weight in [(a, 1.0) for a in order[:8]] + [(a, 212 / 20) for a in drawn]:
            columns.append([attribution[at], effect[at], weight, pair])
    strongest = np.argsort(-np.concatenate(strengths))[: 8 * 300]
    found = attribution_agreement(*np.array(columns).T)
    assert found is not None
    assert found.recall == pytest.approx(np.concatenate(screened)[strongest].mean(), abs=0.04)


def test_a_pair_with_most_strong_effects_keeps_recall_below_one() -> None:
    effect = np.concatenate([np.arange(101.0, 129.0), np.arange(1.0, 29.0)])
    found = attribution_agreement(effect, effect, np.ones(56), np.repeat([1, 2], 28))
    assert found is not None
    assert found.recall == 0.5  # all 16 strongest are the first pair's, whose screen holds 8


def test_nothing_sampled_checks_nothing() -> None:
    assert attribution_agreement([], [], [], []) is None
