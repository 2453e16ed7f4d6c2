"""One pair in full: its texts, its figures, and what is known of it by each heuristic it bears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import duckdb

from engine.cache import by_token, questions
from engine.cache.asking import Asking
from engine.cache.bearers import Borne
from engine.cache.judged import JudgedRow, judged_row
from engine.cache.likelihood import MeasuredBy
from engine.cache.on_pair import measured, suspicions, unmeasured
from engine.cache.pair_records import FeatureOnPair, HeuristicOnPair, Likelihood, PairDetail
from engine.cache.pairs import PairStore
from engine.cache.run_records import TOLD_FEATURES
from engine.cache.sealed import SealedRun
from engine.cache.suspects import Suspects
from engine.cache.training import Training
from engine.canonical import text_hash
from engine.heuristics import Heuristic

_KEPT = 8
"""Pairs that are at hand once they were read: one that was read ahead, and those just left."""


class OnePair:
    """Pairs of one index and run, one at a time."""

    def __init__(
        self,
        ask: Asking,
        store: PairStore,
        run: SealedRun | None,
        suspects: Suspects,
        labels: Mapping[int, str],
        training: Training | None,
        likelihood: MeasuredBy | None,
    ) -> None:
        self._ask = ask
        self._store = store
        self._run = run
        self._suspects = suspects
        self._labels = labels
        self._training = training
        self._likelihood = likelihood
        self._kept = lru_cache(_KEPT)(self._read)

    def stored(self, identifier: int, heuristics: tuple[Heuristic, ...]) -> PairDetail:
        """All that is known of a pair but what anybody said of it: this never changes.

        Args:
            identifier: the pair.
            heuristics: those that are looked at.

        Raises:
            UserError: the index has no such pair.
        """
        return self._kept(identifier, heuristics)

    def _read(self, identifier: int, heuristics: tuple[Heuristic, ...]) -> PairDetail:
        with self._ask.cursor() as cursor:  # one question: what it read is given back at the end
            return self._figures_of(cursor, identifier, heuristics)

    def _figures_of(
        self,
        cursor: duckdb.DuckDBPyConnection,
        identifier: int,
        heuristics: Sequence[Heuristic],
    ) -> PairDetail:
        (pair,) = self._store.pairs([identifier])
        rewards = self._ask.fetch(questions.REWARDS, [identifier])
        features = self._ask.fetch(questions.FEATURES, [identifier])
        tokens = self._ask.fetch(by_token.TOKENS, [identifier])
        entries = self._ask.fetch(by_token.ENTRIES, [identifier]) if tokens else []
        swapped = text_hash(*reversed(pair.transcripts))
        elsewhere = self._suspects.elsewhere(cursor, swapped)
        chosen, rejected, margin, margin_sae, random_error, cut = (
            rewards[0] if rewards else (None,) * 6
        )
        on_pair = self._heuristics(identifier, heuristics)
        ours = {feature for made in on_pair for feature in made.features}
        noise_floor = self._run.figures.noise_floor if self._run else 0.0
        near = self._suspects.near(identifier)
        return PairDetail(
            pair=pair,
            run=self._run.run if self._run else None,
            reward_chosen=chosen,
            reward_rejected=rejected,
            margin=margin,
            margin_sae=margin_sae,
            heuristics=on_pair,
            features=tuple(
                FeatureOnPair(row[0], self._labels.get(row[0]), *row[1:])
                for place, row in enumerate(features)
                if place < TOLD_FEATURES or row[0] in ours or row[4] is not None
            ),
            mark=None,
            note=None,
            margin_random_error=random_error,
            truncated=cut or 0,
            flags=suspicions(
                pair,
                margin,
                noise_floor,
                elsewhere,
                [(each, str(self._store.name_of(each.other))) for each in near],
                called_wrong=identifier in self._suspects.called_wrong(),
            ),
            seen=self._training.of(identifier) if self._training else "unknown",
            tokens=by_token.token_effects(tokens, entries),
            likelihood=self._likelihood_of(identifier),
        )

    def _likelihood_of(self, identifier: int) -> Likelihood | None:
        if self._likelihood is None:
            return None
        rows = self._ask.fetch(questions.LIKELIHOOD, [identifier])
        return Likelihood(self._likelihood.lm, *rows[0]) if rows else None

    def _heuristics(
        self, identifier: int, heuristics: Sequence[Heuristic]
    ) -> tuple[HeuristicOnPair, ...]:
        borne = self.borne_by(identifier)
        found = []
        for heuristic in heuristics:
            stands, row = borne.get(heuristic.name, (False, None))
            if row is not None and stands:
                found.append(measured(heuristic, row))
            elif row is not None:
                bare = unmeasured(heuristic, Borne(identifier, row.bearer, row.spans), 0)
                found.append(replace(bare, kind=row.kind))
        return tuple(found)

    def borne_by(self, identifier: int) -> dict[str, tuple[bool, JudgedRow]]:
        """Whether a pair with a bearer has a verdict, and what is known of it, by heuristic."""
        found = self._ask.fetch(questions.BORNE_BY, [identifier])
        rows = [(stands, judged_row(tuple(values))) for stands, *values in found]
        return {row.heuristic: (stands, row) for stands, row in rows}
