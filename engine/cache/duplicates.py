"""The near-duplicates of an index, kept as a Parquet file: found once, read by every browser.

The file is named by what was indexed: where a source changes or one is added, it is found anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore
from engine.cache.writing import room_named
from engine.files import replacing

METHOD = 1
"""Raised whenever the same texts would give other near-duplicates than before."""

_READ = "SELECT id, reason, other, similarity FROM read_parquet(?) ORDER BY id, reason"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """What one pair is to another that says nearly the same."""

    id: int
    reason: Literal["contradicted", "near-duplicate"]
    """Its label is the opposite one; or it repeats the other pair, label and all."""
    other: int
    similarity: float
    """In shingles: at least 0.8, 1 where the words are the same."""


def keep_duplicates(paths: IndexPaths, store: PairStore, found: Sequence[Duplicate]) -> Path:
    """Keep what was found beside the index.

    Raises:
        FailedError: there is no room for it.
    """
    file = _file(paths, store)
    columns = [list(column) for column in zip(*map(_row, found), strict=True)] or [[]] * 4
    with replacing(file) as beside, room_named(file), store.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE duplicates AS SELECT unnest(?::BIGINT[]) AS id,"
            " unnest(?::VARCHAR[]) AS reason, unnest(?::BIGINT[]) AS other,"
            " unnest(?::DOUBLE[]) AS similarity",
            columns,
        )
        quoted = str(beside).replace("'", "''")
        cursor.execute(f"COPY duplicates TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)")
    return file


def _row(each: Duplicate) -> tuple[int, str, int, float]:
    return each.id, each.reason, each.other, each.similarity


def kept_duplicates(paths: IndexPaths, store: PairStore) -> tuple[Duplicate, ...] | None:
    """What was kept of the index as it is now; None where nobody looked, or the file is damaged."""
    file = _file(paths, store)
    if not file.exists():
        return None
    try:
        with store.cursor() as cursor:
            return tuple(Duplicate(*row) for row in cursor.execute(_READ, [str(file)]).fetchall())
    except duckdb.Error:
        return None


def _file(paths: IndexPaths, store: PairStore) -> Path:
    return paths.duplicates / f"{METHOD}-{store.sources_hash}.parquet"
