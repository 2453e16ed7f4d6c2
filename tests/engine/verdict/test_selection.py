"""The heuristic features are found by what they fire on, exactly as a dense AUROC would."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.verdict import Candidate, TokenActivations, find_features
from tests.engine.verdict.references import auroc


def sparse(
    dense: npt.NDArray[np.float32],
    bearer: npt.NDArray[np.int64],
    in_span: npt.NDArray[np.bool_],
) -> TokenActivations:
    """Entries above zero of a dense [tokens, features] array."""
    token, feature = np.nonzero(dense)
    return TokenActivations(bearer, in_span, token, feature, dense[token, feature])


def by_hand(
    dense: npt.NDArray[np.float32],
    bearer: npt.NDArray[np.int64],
    in_span: npt.NDArray[np.bool_],
) -> list[Candidate]:
    """Section 4 in a dense loop, with scikit-learn's AUROC."""
    if in_span.all() or not in_span.any():
        return []
    found = []
    for feature in range(dense.shape[1]):
        area = auroc(in_span, dense[:, feature])
        fires = [bool((dense[in_span & (bearer == b), feature] > 0).any()) for b in set(bearer)]
        if area >= 0.8 - 1e-12 and np.mean(fires) >= 0.5:
            found.append(Candidate(feature, area, float(np.mean(fires))))
    return sorted(found, key=lambda c: (-round(c.auroc, 9), c.feature))[:8]


@given(
    seed=st.integers(0, 2**32 - 1),
    tokens=st.integers(2, 40),
    bearers=st.integers(1, 6),
    features=st.integers(1, 12),
    levels=st.integers(1, 4),
    density=st.sampled_from([0.05, 0.3, 0.9]),
)
def test_sparse_selection_is_the_dense_one(
    seed: int, tokens: int, bearers: int, features: int, levels: int, density: float
) -> None:
    rng = np.random.default_rng(seed)
    bearer = rng.integers(bearers, size=tokens)
    in_span = rng.random(tokens) < 0.3
    # Few levels make ties; activations that follow the span make features worth finding.
    fires = rng.random((tokens, features)) < density
    follows = in_span[:, None] & (rng.random((tokens, features)) < 0.8)
    dense = (rng.integers(1, levels + 1, (tokens, features)) * (fires | follows)).astype(np.float32)
    found = find_features(sparse(dense, bearer, in_span))
    expected = by_hand(dense, bearer, in_span)
    assert [c.feature for c in found] == [c.feature for c in expected]
    assert [c.auroc for c in found] == pytest.approx([c.auroc for c in expected])
    assert [c.fire_share for c in found] == [c.fire_share for c in expected]


def planted(rng: np.random.Generator, bearers: int) -> tuple[TokenActivations, set[int]]:
    """Bearers of 30 tokens with 3 in the span; features 7 and 90 fire on the span, others not."""
    tokens = bearers * 30
    in_span = np.tile(np.arange(30) // 3 == 4, bearers)
    dense = (rng.random((tokens, 200)) * (rng.random((tokens, 200)) < 0.05)).astype(np.float32)
    for feature in (7, 90):
        dense[in_span, feature] = rng.uniform(1, 2, int(in_span.sum()))
    return sparse(dense, np.repeat(np.arange(bearers), 30), in_span), {7, 90}


def test_planted_features_are_found_and_nothing_else() -> None:
    activations, features = planted(np.random.default_rng(0), 20)
    found = find_features(activations)
    assert {candidate.feature for candidate in found} == features
    assert all(candidate.fire_share == 1 and candidate.auroc > 0.95 for candidate in found)


def test_the_order_of_tokens_and_entries_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    activations, _ = planted(rng, 10)
    place = rng.permutation(activations.bearer.size)
    entries = rng.permutation(activations.token.size)
    shuffled = TokenActivations(
        bearer=activations.bearer[np.argsort(place)],
        in_span=activations.in_span[np.argsort(place)],
        token=place[activations.token[entries]],
        feature=activations.feature[entries],
        value=activations.value[entries],
    )
    assert find_features(shuffled) == find_features(activations)


def test_eight_at_most_equals_go_to_the_lower_number() -> None:
    in_span = np.array([True, False] * 4)
    dense = np.zeros((8, 20), dtype=np.float32)
    dense[in_span] = 1
    found = find_features(sparse(dense, np.repeat(np.arange(4), 2), in_span))
    assert [candidate.feature for candidate in found] == list(range(8))


def test_a_feature_of_few_bearers_is_not_the_patterns() -> None:
    # In the first bearer the span is long, so pooled over tokens the feature separates well.
    bearer = np.array([0] * 12 + [1] * 3 + [2] * 3)
    in_span = np.array([True] * 10 + [False] * 2 + [True, False, False] * 2)
    dense = np.zeros((18, 1), dtype=np.float32)
    dense[:10] = 1
    assert auroc(in_span, dense[:, 0]) > 0.9
    assert find_features(sparse(dense, bearer, in_span)) == ()
    dense[12] = 1  # now two of three
    assert [c.feature for c in find_features(sparse(dense, bearer, in_span))] == [0]


@pytest.mark.parametrize("in_span", [True, False])
def test_nothing_to_separate_finds_nothing(in_span: bool) -> None:
    dense = np.ones((4, 2), dtype=np.float32)
    assert find_features(sparse(dense, np.arange(4), np.full(4, in_span))) == ()


def test_nothing_fires_finds_nothing() -> None:
    dense = np.zeros((4, 2), dtype=np.float32)
    assert find_features(sparse(dense, np.arange(4), np.array([True, False] * 2))) == ()


def test_a_negative_activation_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="zero or above"):
        TokenActivations(
            np.array([0]), np.array([True]), np.array([0]), np.array([0]), np.array([-1.0])
        )
