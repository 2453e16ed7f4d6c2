"""Which pairs a query lists, found whole or piece by piece, and counted for its facets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from engine.cache.filter_sql import Known
from engine.cache.list_question import (
    EVERY_ID,
    Question,
    cells_question,
    figure_question,
    ids_question,
    whole,
)
from engine.cache.ordering import Ids, beside, in_order
from engine.cache.pair_records import Cell
from engine.cache.pairs import PairStore
from engine.cache.records import Query
from engine.cache.suspects import Suspects
from engine.verdict import Verdict

FIRST_PIECE = 4_096
LARGEST_PIECE = 32_768
"""Pairs that a search looks at before it tells what it found: first few, so that rows come early,
then more, since each piece costs a little."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A piece of the index: every listed id from the first to the last."""

    first: int
    last: int
    pairs: int


class Listing:
    """Answers over the tables of one index. Safe to share by threads: it holds no cursor."""

    def __init__(self, store: PairStore, noise_floor: float, suspects: Suspects) -> None:
        self._store = store
        self._noise_floor = noise_floor
        self._suspects = suspects

    def ids(self, cursor: duckdb.DuckDBPyConnection, query: Query, marks: Mapping[int, str]) -> Ids:
        """The ids of all pairs that match, in order."""
        if whole(query):
            return self._every(cursor, query)
        return self._ids(cursor, query, ids_question(query, self._known(marks)))

    def piece(
        self,
        cursor: duckdb.DuckDBPyConnection,
        query: Query,
        marks: Mapping[int, str],
        extent: Extent,
    ) -> Ids:
        """The ids of the pairs that match within an extent of ids."""
        within = (extent.first, extent.last + 1)
        return self._ids(cursor, query, ids_question(query, self._known(marks), within))

    def cells(
        self, cursor: duckdb.DuckDBPyConnection, query: Query, marks: Mapping[int, str]
    ) -> tuple[Cell, ...]:
        """The pairs that a query's heuristic, filter and text leave, counted for its facets."""
        question = cells_question(query, self._known(marks))
        self._suspects.make(cursor)
        rows = cursor.execute(question.sql, question.values).fetchall()
        return tuple(
            Cell(kind, Verdict(verdict), tranche, mark, tuple(suspicions), seen, pairs)
            for kind, verdict, tranche, mark, suspicions, seen, pairs in rows
        )

    def _every(self, cursor: duckdb.DuckDBPyConnection, query: Query) -> Ids:
        """Every pair, without the join that takes most of such a question's time."""
        ids = _columns(cursor, EVERY_ID)["id"]
        asked = figure_question(query)
        if asked is None:
            return in_order(ids, None, descending=query.descending)
        measured = _columns(cursor, asked)
        by_id = np.argsort(measured["id"])
        figures = beside(ids, measured["id"][by_id], _filled(measured["figure"])[by_id])
        return in_order(ids, figures, descending=query.descending)

    def _ids(self, cursor: duckdb.DuckDBPyConnection, query: Query, question: Question) -> Ids:
        if question.needs_suspects:
            self._suspects.make(cursor)
        found = _columns(cursor, question)
        figures = _filled(found["figure"]) if "figure" in found else None
        return in_order(found["id"], figures, descending=query.descending)

    def _known(self, marks: Mapping[int, str]) -> Known:
        sources = {at: (info.source, info.split) for at, info in self._store.sources.items()}
        return Known(sources, marks, self._noise_floor)


def _columns(cursor: duckdb.DuckDBPyConnection, question: Question) -> dict[str, npt.NDArray[Any]]:
    return cursor.execute(question.sql, question.values).fetchnumpy()


def _filled(figures: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """NaN where there is none: DuckDB gives a masked array then."""
    return np.ma.filled(figures, np.nan)


class Ordered:
    """Every id in a query's order, and which of them a search has found so far."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._by_id = np.argsort(ids)
        self._sorted = ids[self._by_id]
        self._hit = np.zeros(len(ids), dtype=bool)

    def add(self, found: Ids) -> Ids:
        """Take what one piece found; all that was found, in order."""
        self._hit[self._by_id[np.searchsorted(self._sorted, found)]] = True
        return self.found

    @property
    def found(self) -> Ids:
        """All that was found, in order."""
        return self._ids[self._hit]

    def pieces(self) -> Iterator[Extent]:
        """Extents of ids that hold every one of them, the first ones short."""
        start, size = 0, FIRST_PIECE
        while start < len(self._sorted):
            end = min(start + size, len(self._sorted))
            yield Extent(int(self._sorted[start]), int(self._sorted[end - 1]), end - start)
            start, size = end, min(2 * size, LARGEST_PIECE)


def without_search(query: Query) -> Query:
    """The same order over every pair that the search may find."""
    return replace(query, text="", filter=None)
