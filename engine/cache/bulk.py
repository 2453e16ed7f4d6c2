"""Figures of many pairs at once, as reports, exports, Discover and the lab read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from engine.cache import questions
from engine.cache.asking import Asking
from engine.cache.discoverable import Floats, IndexedPairs, firing, indexed_pairs
from engine.cache.feature import mean_pushes
from engine.cache.judged import JudgedRow, judged_row
from engine.cache.likelihood import SideSums, all_likelihoods
from engine.cache.pair_records import FeatureOnPair
from engine.heuristics import Heuristic

Rewards = tuple[float | None, float | None, float | None, float | None]
"""Of chosen and rejected, margin and reconstructed margin."""


class Bulk:
    """Tables of one index and run, whole or for some ids."""

    def __init__(self, ask: Asking, labels: Mapping[int, str]) -> None:
        self._ask = ask
        self._labels = labels

    def judged(self) -> list[JudgedRow]:
        """The run's verdicts that stand, on the heuristics that are looked at, all at once."""
        return list(map(judged_row, self._ask.fetch(questions.JUDGED_ROWS)))

    def judged_of(self, heuristic: Heuristic) -> list[JudgedRow]:
        """Those on one of the heuristics, in the order of their ids."""
        return list(map(judged_row, self._ask.fetch(questions.JUDGED_OF, [heuristic.name])))

    def rewards(self, ids: Sequence[int]) -> dict[int, Rewards]:
        """The rewards of some pairs, where they were measured."""
        rows = self._ask.fetch(questions.REWARDS_OF, [list(ids)])
        return {identifier: (row[0], row[1], row[2], row[3]) for identifier, *row in rows}

    def random_errors(self, ids: Sequence[int]) -> dict[int, float]:
        """The margins of some pairs with a random error of the SAE error's norm, where measured."""
        return dict(self._ask.fetch(questions.RANDOM_ERRORS, [list(ids)]))

    def features(self, ids: Sequence[int]) -> list[tuple[int, FeatureOnPair]]:
        """All that is stored of some pairs' features, with the pair's id, in the order of both."""
        rows = self._ask.fetch(questions.FEATURES_OF, [list(ids)])
        return [
            (identifier, FeatureOnPair(feature, self._labels.get(feature), *figures))
            for identifier, feature, *figures in rows
        ]

    def likelihoods(self) -> dict[int, SideSums]:
        """Every pair's log-likelihoods, by id; empty where no language model was asked."""
        with self._ask.cursor() as cursor:
            return all_likelihoods(cursor)

    def truncated(self) -> tuple[int, int]:
        """How many pairs' contexts lost tokens before they were measured, and the most of one."""
        ((pairs, most),) = self._ask.fetch(questions.TRUNCATED)
        return pairs, most

    def checked_effects(self) -> tuple[tuple[float, float], ...]:
        """Attribution and exact effect over P of every single feature that was checked."""
        return tuple((row[0], row[1]) for row in self._ask.fetch(questions.CHECKED))

    def pushes_on(self, heuristic: Heuristic, features: Sequence[int]) -> dict[int, float]:
        """What each feature does to the rewards of a heuristic's bearers, to first order."""
        with self._ask.cursor() as cursor:
            return mean_pushes(cursor, heuristic.name, features)

    def indexed_pairs(self) -> IndexedPairs:
        """Every pair's id, tranche and margin."""
        with self._ask.cursor() as cursor:
            return indexed_pairs(cursor)

    def firing(
        self, ids: npt.NDArray[np.int64], margin: Floats, residual: Floats, agreed: Floats
    ) -> tuple[npt.NDArray[np.int64], dict[str, Floats]]:
        """On which sides each feature fires; see `engine.cache.discoverable`."""
        with self._ask.cursor() as cursor:
            return firing(cursor, ids, margin, residual, agreed)
