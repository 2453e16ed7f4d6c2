"""Two folds by context: no pair is judged with features that it picked (docs/verdicts.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.verdict.selection import Candidate, TokenActivations, find_features

FEWEST_FOR_FOLDS = 40
"""Under so many selection bearers all of them pick, and their verdicts are `in-sample`."""


@dataclass(frozen=True, slots=True, eq=False)
class CrossFit:
    """Which features judge which bearer."""

    in_sample: bool
    """Whether one selection over all bearers judges them all."""
    fold: npt.NDArray[np.int8]
    """[bearers] 0 or 1; all 0 in sample."""
    judged_with: tuple[tuple[Candidate, ...], ...]
    """By fold: the features that judge its bearers, found on the other fold (in sample: on it)."""
    jaccard: float | None
    """Overlap of the two folds' features; None in sample, and where both found none."""

    def selection_bearers(self, fold: int) -> npt.NDArray[np.int64]:
        """The bearers whose activations give the percentiles by which `fold` is judged."""
        return _selection_bearers(self.fold, fold, in_sample=self.in_sample)


def fold_of(context_hashes: Sequence[str], labels: Sequence[str]) -> npt.NDArray[np.int8]:
    """A fold, 0 or 1, for each bearer; bearers of one context always share theirs.

    Contexts that hold the same set of labels are a stratum. Contexts are sorted by stratum, then
    by hash, and dealt out in turn, so that folds differ by at most one context in each stratum
    and in all. Neither the order of the bearers nor repeated ones matter.
    """
    held: dict[str, set[str]] = defaultdict(set)
    for context, label in zip(context_hashes, labels, strict=True):
        held[context].add(label)
    dealt = sorted(held, key=lambda context: (sorted(held[context]), context))
    fold = {context: place % 2 for place, context in enumerate(dealt)}
    return np.array([fold[context] for context in context_hashes], dtype=np.int8)


def cross_fit(
    activations: TokenActivations, context_hashes: Sequence[str], labels: Sequence[str]
) -> CrossFit:
    """The heuristic features of each fold, each found on the other.

    `activations.bearer` numbers the bearers in the order of `context_hashes` and `labels` (the
    side that bears the pattern, or the kind of pair). With under 40 bearers, or a single context,
    all of them pick.
    """
    bearers = len(context_hashes)
    if bearers < FEWEST_FOR_FOLDS or len(set(context_hashes)) < 2:
        found = find_features(activations)
        return CrossFit(True, np.zeros(bearers, dtype=np.int8), (found,), None)
    fold = fold_of(context_hashes, labels)
    judged_with = tuple(
        find_features(activations.of_bearers(_selection_bearers(fold, judged, in_sample=False)))
        for judged in (0, 1)
    )
    return CrossFit(False, fold, judged_with, jaccard(*map(_numbers, judged_with)))


def jaccard(some: frozenset[int], others: frozenset[int]) -> float | None:
    """The share of the features of either set that both hold; None where both are empty."""
    union = some | others
    return len(some & others) / len(union) if union else None


def _selection_bearers(
    folds: npt.NDArray[np.int8], judged: int, *, in_sample: bool
) -> npt.NDArray[np.int64]:
    return np.arange(folds.size) if in_sample else np.flatnonzero(folds != judged)


def _numbers(candidates: tuple[Candidate, ...]) -> frozenset[int]:
    return frozenset(candidate.feature for candidate in candidates)
