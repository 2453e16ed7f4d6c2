"""Finding the features that stand for a pattern, by what they fire on (docs/verdicts.md).

The effect on the reward never picks: that would make `outvoted` circular.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST_AUROC = 0.8
LEAST_FIRE_SHARE = 0.5
MOST_FEATURES = 8


@dataclass(frozen=True, slots=True, eq=False)
class TokenActivations:
    """The response tokens of the selection bearers and what fires on them, sparsely.

    `bearer` and `in_span` hold one value for each response token, also for those on which
    nothing fires; `token`, `feature` and `value` hold one for each activation above zero. An
    entry's `token` is a 0-based place in the first two; no (token, feature) occurs twice.
    """

    bearer: npt.NDArray[np.integer]
    """[tokens] which bearer the token belongs to."""
    in_span: npt.NDArray[np.bool_]
    """[tokens] whether it is one of the span positions S."""
    token: npt.NDArray[np.integer]
    """[entries]"""
    feature: npt.NDArray[np.integer]
    """[entries]"""
    value: npt.NDArray[np.floating]
    """[entries] activation, zero or above; zeros may be left out."""

    def __post_init__(self) -> None:
        if self.bearer.shape != self.in_span.shape:
            raise ValueError("bearer and in_span must hold one value for each token")
        if not self.token.shape == self.feature.shape == self.value.shape:
            raise ValueError("token, feature and value must hold one value for each entry")
        if not (self.value >= 0).all():
            raise ValueError("activations must be zero or above")

    def of_bearers(self, bearers: npt.NDArray[np.integer]) -> TokenActivations:
        """The part that belongs to some of the bearers, which keep their numbers."""
        tokens = np.isin(self.bearer, bearers)
        entries = tokens[self.token]
        place = np.cumsum(tokens) - 1
        return TokenActivations(
            bearer=self.bearer[tokens],
            in_span=self.in_span[tokens],
            token=place[self.token[entries]],
            feature=self.feature[entries],
            value=self.value[entries],
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feature that separates the span tokens from the other response tokens."""

    feature: int
    auroc: float
    """Of its activation, S against the other response tokens, pooled over the bearers."""
    fire_share: float
    """The share of the bearers in which it is above zero on at least one token of S."""


def find_features(activations: TokenActivations) -> tuple[Candidate, ...]:
    """The heuristic features: AUROC >= 0.8, firing in half of the bearers; the 8 best at most.

    Ranked by AUROC, then by the lower feature number. Empty where there are no span tokens or no
    other tokens to separate them from. Bearers count in the fire share also where truncation
    left them without a span token.
    """
    span_tokens = int(activations.in_span.sum())
    other_tokens = activations.in_span.size - span_tokens
    if span_tokens == 0 or other_tokens == 0:
        return ()
    features, shares = _frequent(activations)
    if features.size == 0:
        return ()
    aurocs = _aurocs(activations, features, span_tokens, other_tokens)
    order = np.lexsort((features, -aurocs))
    best = order[aurocs[order] >= LEAST_AUROC][:MOST_FEATURES]
    return tuple(Candidate(int(features[at]), float(aurocs[at]), float(shares[at])) for at in best)


def _frequent(
    activations: TokenActivations,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The features that fire on S in enough bearers, ascending, and their fire shares.

    They are few, so this comes before any sorting of values.
    """
    on_span = activations.in_span[activations.token] & (activations.value > 0)
    present = np.unique(activations.bearer)
    bearer = np.searchsorted(present, activations.bearer[activations.token[on_span]])
    fired = np.unique(activations.feature[on_span].astype(np.int64) * present.size + bearer)
    features, bearers = np.unique(fired // present.size, return_counts=True)
    shares = bearers / present.size
    enough = shares >= LEAST_FIRE_SHARE
    return features[enough], shares[enough]


def _aurocs(
    activations: TokenActivations,
    features: npt.NDArray[np.int64],
    span_tokens: int,
    other_tokens: int,
) -> npt.NDArray[np.float64]:
    """One AUROC for each of the features (ascending), from the entries above zero alone.

    AUROC = U / (span tokens * other tokens), U counting the (span, other) pairs of tokens in the
    right order, ties one half (Mann and Whitney 1947). Tokens without an entry are tied at zero,
    below every entry, so their part of U follows from their number.
    """
    kept = np.isin(activations.feature, features) & (activations.value > 0)
    feature = np.searchsorted(features, activations.feature[kept])
    value = activations.value[kept]
    span = activations.in_span[activations.token[kept]]
    order = np.lexsort((value, feature))
    feature, value, span = feature[order], value[order], span[order]

    # A level is a run of equal values of one feature: what lies in it is tied.
    starts = np.ones(feature.size, dtype=np.bool_)
    starts[1:] = (feature[1:] != feature[:-1]) | (value[1:] != value[:-1])
    first = np.flatnonzero(starts)
    level_feature = feature[first]
    spans_in_level = np.add.reduceat(span, first, dtype=np.int64)
    others_in_level = np.add.reduceat(~span, first, dtype=np.int64)

    spans_above_zero = _per_feature(level_feature, spans_in_level, features.size)
    others_above_zero = _per_feature(level_feature, others_in_level, features.size)
    others_so_far = np.cumsum(others_in_level) - others_in_level
    of_earlier_features = np.cumsum(others_above_zero) - others_above_zero
    others_lower = others_so_far - of_earlier_features[level_feature]

    right_order = _per_feature(
        level_feature, spans_in_level * (others_lower + others_in_level / 2), features.size
    )
    zero_others = other_tokens - others_above_zero
    right_order += spans_above_zero * zero_others
    right_order += (span_tokens - spans_above_zero) * zero_others / 2
    return right_order / (span_tokens * other_tokens)


def _per_feature(
    level_feature: npt.NDArray[np.int64],
    amount: npt.NDArray[np.int64] | npt.NDArray[np.float64],
    features: int,
) -> npt.NDArray[np.float64]:
    totals = np.bincount(level_feature, weights=amount, minlength=features)
    return totals.astype(np.float64, copy=False)
