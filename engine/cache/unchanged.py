"""Which figures of a run are of the texts that the index has now.

A source that is indexed again keeps its number, so that the ids of a sealed run may name other
texts by now. What was measured of those is told of nothing: their pairs read `unmeasured`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from engine.cache.manifest import Manifest, pinned
from engine.cache.pairs import PairStore

if TYPE_CHECKING:  # loaded by what writes
    import pyarrow as pa

_HASHES = "SELECT id, content_hash FROM pairs"
_HAS_HASHES = """
SELECT count(*) = 1 FROM duckdb_columns()
WHERE database_name = 'run' AND table_name = 'rewards' AND column_name = 'content_hash'
"""
_UNCHANGED = """
CREATE TABLE unchanged AS
SELECT r.id FROM run.rewards r JOIN pairs p ON p.id = r.id AND p.content_hash = r.content_hash
"""
_CHANGED = """
SELECT EXISTS (SELECT 1 FROM run.rewards r JOIN pairs p ON p.id = r.id
    WHERE p.content_hash IS DISTINCT FROM r.content_hash)
"""
_MEASURED_ON = "SELECT content_hash FROM run.rewards WHERE id = ?"
_OF_PAIRS = ("rewards", "features", "by_feature", "judged", "tokens")
"""The views of a run whose rows are of one pair each."""
_ONLY_UNCHANGED = """
ALTER VIEW {view} RENAME TO {view}_measured;
CREATE VIEW {view} AS SELECT * FROM {view}_measured WHERE id IN (SELECT id FROM unchanged)
"""


def content_hashes(store: PairStore) -> pa.Table:
    """`id` and `content_hash` of every pair of an index: what a run is sealed beside."""
    with store.cursor() as cursor:
        return cursor.sql(_HASHES).to_arrow_table()


def has_hashes(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Whether the run attached as `run` says on which texts it was measured: the first do not."""
    ((there,),) = cursor.execute(_HAS_HASHES).fetchall()
    return bool(there)


def measured_on(cursor: duckdb.DuckDBPyConnection, identifier: int, content_hash: str) -> bool:
    """Whether what the run attached as `run` has of a pair may be told of these texts."""
    found = cursor.execute(_MEASURED_ON, [identifier]).fetchall() if has_hashes(cursor) else []
    return all(known == content_hash for (known,) in found)


def stand_unchanged(
    cursor: duckdb.DuckDBPyConnection, store: PairStore, manifest: Manifest
) -> None:
    """Leave in the views of the run attached as `run` what was measured on today's texts.

    Where the run's sources are those of today nothing need be looked at; a run that was sealed
    before it was kept what it was measured on is taken as it is.
    """
    today = pinned(store.sources.values())
    if manifest.sources and today[: len(manifest.sources)] == manifest.sources:
        return
    if not has_hashes(cursor):
        return
    ((changed,),) = cursor.execute(_CHANGED).fetchall()
    if changed:
        cursor.execute(_UNCHANGED)
        for view in _OF_PAIRS:
            cursor.execute(_ONLY_UNCHANGED.format(view=view))
