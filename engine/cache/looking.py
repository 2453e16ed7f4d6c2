"""The heuristics that are looked at, who bears them, and the first screen's figures of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import duckdb

from engine.cache.asking import Asking
from engine.cache.bearers import BearerTable, LookedAt, bearer_rows, bearers, stand_bearers
from engine.cache.borne import add_borne
from engine.cache.fired import stand_firing
from engine.cache.layout import IndexPaths
from engine.cache.overview import heuristic_card, run_card, tranche_cards
from engine.cache.pairs import PairStore
from engine.cache.records import Overview, SoFar
from engine.cache.sealed import SealedRun, margins_by_tranche
from engine.errors import UserError
from engine.heuristics import Heuristic, compile_heuristic
from engine.memory import give_back
from engine.verdict.intervals import forget_draws


class Looking:
    """Which heuristics are looked at: those the index was opened with, and each that joins them."""

    def __init__(
        self,
        paths: IndexPaths,
        ask: Asking,
        store: PairStore,
        run: SealedRun | None,
        looked_at: Sequence[LookedAt],
        so_far: SoFar | None,
    ) -> None:
        self._paths = paths
        self._ask = ask
        self._store = store
        self._run = run
        self._so_far = so_far
        self._overview: Overview | None = None
        self.looked_at = tuple(looked_at)
        """What the table `borne` is of."""

    @property
    def heuristics(self) -> tuple[Heuristic, ...]:
        """Those that are looked at."""
        return tuple(each.heuristic for each in self.looked_at)

    def overview(self) -> Overview:
        """The first screen's figures; worked out once, since the files never change."""
        if self._overview is None:
            self._overview = self._worked_out()
        return self._overview

    def _worked_out(self) -> Overview:
        pairs = self._store.tranches()
        with self._ask.cursor() as cursor:
            margins = margins_by_tranche(cursor, pairs) if self._run else {}
            cards = tuple(heuristic_card(cursor, each, self._run) for each in self.looked_at)
        forget_draws()
        return Overview(
            index=self._paths.name,
            pairs=self._store.count(),
            run=run_card(self._run) if self._run else None,
            heuristics=cards,
            tranches=tranche_cards(pairs, margins),
            so_far=self._so_far,
        )

    def bearers(self) -> tuple[BearerTable, ...]:
        """Who bears each heuristic, all of them at once."""
        found: list[BearerTable] = []
        with self._ask.cursor() as cursor:
            for each in self.heuristics:
                if each.feature is None:
                    found += bearers(self._paths, self._store, [each])
                else:
                    looked_at = stand_firing(cursor, each, self._run, self._store.count())
                    found.append(bearer_rows(cursor, looked_at))
        return tuple(found)

    def look_at(self, heuristic: Heuristic, unwanted: threading.Event | None = None) -> Overview:
        """Find who bears one more pattern; the overview with it.

        Its verdicts are `unmeasured`, but on imported rewards, which judge whatever is borne.

        Args:
            heuristic: the pattern.
            unwanted: set, from any thread, once it is not waited for any more.

        Raises:
            UserError: the pattern is at fault, or another heuristic has its name, or it is not
                wanted any more.
        """
        if any(made.name == heuristic.name for made in self.heuristics):
            raise UserError(f'there is a heuristic "{heuristic.name}" already')
        known, matcher = self.overview(), compile_heuristic(heuristic)
        with self._ask.cursor() as cursor:
            looked_at = stand_bearers(self._paths, self._store, cursor, matcher, unwanted)
            judged = self._judged_by_margins(cursor, looked_at)
            add_borne(cursor, heuristic, judged_as=heuristic.direction if judged else None)
            card = heuristic_card(cursor, looked_at, self._run)
        give_back()
        self.looked_at = (*self.looked_at, looked_at)
        self._overview = replace(known, heuristics=(*known.heuristics, card))
        return self._overview

    def _judged_by_margins(self, cursor: duckdb.DuckDBPyConnection, looked_at: LookedAt) -> bool:
        """Judge one more heuristic where imported rewards say all that is known; whether it is."""
        if self._run is None or not self._run.manifest.imported:
            return False
        from engine.cache.imported import stand_imported  # Arrow, which few indexes need

        bearing = [bearer_rows(cursor, looked_at)]
        stand_imported(cursor, bearing, self._run.figures.margin_threshold)
        return True
