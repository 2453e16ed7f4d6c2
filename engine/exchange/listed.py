"""A list as it stands on the screen, as a table: its pairs in its order, verdicts and marks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.cache.reader import IndexReader
from engine.cache.records import Query
from engine.exchange.table import Row, Table
from engine.exchange.tables import PAIRS, pair_row

_AT_A_TIME = 512
"""Pairs: who waits for the reader meanwhile has a turn after so many."""
LISTED = pa.schema(
    [
        *PAIRS,
        *((name, pa.string()) for name in ("run", "heuristic", "kind", "verdict", "by")),
        ("effect", pa.float32()),
        ("opposer", pa.int32()),
        ("mark", pa.string()),
    ]
)


def listed(reader: IndexReader, ids: npt.NDArray[np.int64], query: Query) -> Table:
    """The table of a list.

    Args:
        reader: of the index.
        ids: of the list's pairs, in its order.
        query: what was asked; of a list of every pair `heuristic` and `verdict` are null.
    """
    return Table(LISTED, _rows(reader, ids, query), _AT_A_TIME)


def _rows(reader: IndexReader, ids: npt.NDArray[np.int64], query: Query) -> Iterator[Row]:
    run = None if reader.run is None else reader.run.run
    for start in range(0, len(ids), _AT_A_TIME):
        some = ids[start : start + _AT_A_TIME]
        pairs, lines = reader.store.pairs(some.tolist()), reader.rows(some, query)
        rewards = reader.bulk.rewards(some.tolist())
        for pair, line in zip(pairs, lines, strict=True):
            yield pair_row(pair, rewards) | {
                "run": run,
                "heuristic": query.heuristic,
                "kind": line.kind,
                "verdict": None if line.kind is None else line.verdict.value,
                "by": line.by,
                "effect": line.effect,
                "opposer": line.opposer,
                "mark": line.mark,
            }
