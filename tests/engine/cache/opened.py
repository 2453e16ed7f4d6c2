"""A made-up index, opened as often as a test likes."""

from __future__ import annotations

from collections.abc import Callable

from engine.cache.reader import IndexReader
from engine.cache.records import Query
from tests.engine.cache.scored import row_of

Open = Callable[..., IndexReader]
EVERY = Query(heuristic=None, kind=None)
BEARERS = Query(heuristic="url", kind=None)


def rows_of(reader: IndexReader, query: Query) -> list[int]:
    return [row_of(identifier) for identifier in reader.ids(query).tolist()]
