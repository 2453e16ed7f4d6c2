"""How much of a pattern's effect its features carry (docs/verdicts.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.verdict.intervals import Interval, bootstrap_ratio

LEAST_COVERAGE = 0.5
MOST_COVERAGE = 1.5


def on_bearer(effect: float, *, bearer_is_chosen: bool) -> float:
    """An effect on delta as one on the bearer's own reward; E_F(S) on a rejected one counts -1."""
    return effect if bearer_is_chosen else -effect


def coverage(
    effects: npt.ArrayLike, deletion_effects: npt.ArrayLike, context_hashes: Sequence[str]
) -> Interval | None:
    """Sum of effects / sum of deletion effects over the bearers, bootstrapped over contexts.

    Both are on the bearer's own reward (`on_bearer`), in the same order, and measured on every
    bearer named. None without bearers, or where the deletion effects sum to zero.
    """
    return bootstrap_ratio(effects, deletion_effects, context_hashes)


def coverage_estimate(effects: npt.ArrayLike, deletion_effects: npt.ArrayLike) -> float | None:
    """The same ratio without its interval."""
    below = float(np.sum(deletion_effects))
    return None if below == 0 else float(np.sum(effects)) / below


def about_these_features_only(coverage: float | None) -> bool:
    """Whether verdicts speak of these features and not of the heuristic: coverage off [0.5, 1.5].

    False where it is unmeasured, which is said in its own words.
    """
    return coverage is not None and not LEAST_COVERAGE <= coverage <= MOST_COVERAGE
