"""Cross-fitting: no bearer is judged with features that it helped to pick."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.verdict import CrossFit, cross_fit, find_features, fold_of, jaccard
from tests.engine.verdict import references
from tests.engine.verdict.test_selection import planted

bearers = st.lists(
    st.tuples(st.text("abcdef", min_size=1, max_size=3), st.sampled_from(["chosen", "rejected"])),
    min_size=1,
    max_size=60,
)


def judging(fit: CrossFit, bearer: int) -> set[int]:
    """The features that judge one bearer."""
    return {candidate.feature for candidate in fit.judged_with[fit.fold[bearer]]}


@given(bearers)
def test_a_context_is_never_split_and_strata_are_dealt_evenly(held: list[tuple[str, str]]) -> None:
    contexts, labels = [c for c, _ in held], [label for _, label in held]
    fold = fold_of(contexts, labels)
    of_context: dict[str, set[int]] = {}
    for context, number in zip(contexts, fold, strict=True):
        of_context.setdefault(context, set()).add(int(number))
    assert all(len(folds) == 1 for folds in of_context.values())

    strata: dict[frozenset[str], list[int]] = {}
    for context, numbers in of_context.items():
        stratum = frozenset(label for c, label in held if c == context)
        strata.setdefault(stratum, []).extend(numbers)
    for folds in [*strata.values(), [n for each in of_context.values() for n in each]]:
        assert abs(folds.count(0) - folds.count(1)) <= 1


@given(bearers, st.randoms())
def test_the_order_of_bearers_does_not_matter(held: list[tuple[str, str]], random: object) -> None:
    forwards = dict(zip([c for c, _ in held], fold_of(*zip(*held, strict=True)), strict=True))
    back = held[::-1]
    assert forwards == dict(
        zip([c for c, _ in back], fold_of(*zip(*back, strict=True)), strict=True)
    )


def test_each_fold_is_judged_with_the_features_of_the_other() -> None:
    rng = np.random.default_rng(2)
    activations, features = planted(rng, 60)
    contexts = [f"{n:03}" for n in rng.permutation(60)]
    fit = cross_fit(activations, contexts, ["chosen", "rejected"] * 30)
    assert not fit.in_sample
    assert fit.jaccard == 1
    assert np.bincount(fit.fold).tolist() == [30, 30]
    for judged in (0, 1):
        pickers = fit.selection_bearers(judged)
        assert set(fit.fold[pickers]) == {1 - judged}
        assert fit.judged_with[judged] == find_features(activations.of_bearers(pickers))
    assert all(judging(fit, bearer) == features for bearer in range(60))


def test_a_feature_of_one_fold_never_judges_that_fold() -> None:
    rng = np.random.default_rng(3)
    activations, _ = planted(rng, 60)
    contexts, labels = [f"{n:03}" for n in range(60)], ["chosen"] * 60
    fold = fold_of(contexts, labels)
    # Feature 90 is taken from the bearers of fold 0: only fold 1 can find it.
    lost = (activations.feature == 90) & (fold[activations.bearer[activations.token]] == 0)
    activations.value[lost] = 0
    fit = cross_fit(activations, contexts, labels)
    for bearer in range(60):
        assert judging(fit, bearer) == ({7, 90} if fold[bearer] == 0 else {7})
    assert fit.jaccard == 0.5


def test_under_forty_bearers_all_of_them_pick() -> None:
    activations, features = planted(np.random.default_rng(4), 39)
    fit = cross_fit(activations, [str(n) for n in range(39)], ["chosen"] * 39)
    assert fit.in_sample
    assert fit.jaccard is None
    assert judging(fit, 38) == features
    assert fit.selection_bearers(0).tolist() == list(range(39))


def test_one_context_cannot_be_two_folds() -> None:
    activations, features = planted(np.random.default_rng(5), 50)
    fit = cross_fit(activations, ["the same"] * 50, ["chosen", "rejected"] * 25)
    assert fit.in_sample
    assert judging(fit, 0) == features


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_the_overlap_of_two_sets_is_scikit_learns(held: list[tuple[bool, bool]]) -> None:
    some, others = (
        frozenset(at for at, holds in enumerate(held) if holds[side]) for side in (0, 1)
    )
    assume(some | others)
    expected = references.jaccard(*zip(*held, strict=True))
    assert jaccard(some, others) == pytest.approx(expected)


def test_the_overlap_of_two_sets() -> None:
    assert jaccard(frozenset({1, 2}), frozenset({2, 3})) == 1 / 3
    assert jaccard(frozenset({1}), frozenset()) == 0
    assert jaccard(frozenset(), frozenset()) is None
