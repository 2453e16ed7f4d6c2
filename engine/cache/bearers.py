"""Who bears a heuristic's pattern: found in the index once, kept as a Parquet file."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore
from engine.cache.scanning import scan
from engine.files import replacing
from engine.heuristics import Heuristic, Matcher, Spans, compile_heuristic
from engine.heuristics.census import Counts
from engine.hh import Side

# What a verdict must have been passed on stands beside each bearer, so that no text is read again.
_KEEP = """
CREATE OR REPLACE TEMP TABLE bearing AS
SELECT spans.*, pairs.tranche, pairs.context_hash FROM (
    SELECT id, CASE WHEN any_value(on_chosen) THEN 'chosen' ELSE 'rejected' END AS bearer,
           any_value(context) AS context,
           list(first ORDER BY first) AS span_start, list(last ORDER BY first) AS span_end
    FROM spans GROUP BY id
) AS spans JOIN pairs USING (id) ORDER BY id
"""
_READ = """
CREATE OR REPLACE TEMP TABLE bearing AS
SELECT id::BIGINT AS id, bearer::VARCHAR AS bearer, context::INTEGER AS context,
       span_start::INTEGER[] AS span_start, span_end::INTEGER[] AS span_end,
       tranche::VARCHAR AS tranche, context_hash::VARCHAR AS context_hash
FROM read_parquet(?) ORDER BY id
"""
_COUNTS = "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE key = 'counts'"
_ROWS = "SELECT id, bearer, context, span_start, span_end FROM bearing ORDER BY id"


@dataclass(frozen=True, slots=True)
class Borne:
    """One pair with a bearer. What kind it is follows from the direction: `kind_of`."""

    id: int
    bearer: Side
    spans: Spans
    """In characters of the bearer's transcript."""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A heuristic, and the census of an index by it."""

    heuristic: Heuristic
    counts: Counts


@dataclass(frozen=True, slots=True)
class BearerTable(LookedAt):
    """All pairs of an index with a bearer, in the order of their ids, and the census counts."""

    bearers: tuple[Borne, ...]


def bearers(
    paths: IndexPaths, store: PairStore, heuristics: Sequence[Heuristic]
) -> tuple[BearerTable, ...]:
    """Each pattern's table, in the order given; those not on disk are found now.

    Who bears a feature is not known from texts: `fired` knows it from a run.

    Raises:
        UserError: a pattern is at fault, or the index is damaged.
    """
    matchers = [compile_heuristic(heuristic) for heuristic in heuristics]
    with store.cursor() as cursor:
        return tuple(
            bearer_rows(cursor, stand_bearers(paths, store, cursor, matcher))
            for matcher in matchers
        )


def bearer_rows(cursor: duckdb.DuckDBPyConnection, looked_at: LookedAt) -> BearerTable:
    """What stands in the cursor's own table `bearing`, as records."""
    rows = cursor.execute(_ROWS).fetchall()
    found = tuple(
        Borne(
            identifier,
            bearer,
            tuple(
                (start + context, end + context) for start, end in zip(starts, ends, strict=True)
            ),
        )
        for identifier, bearer, context, starts, ends in rows
    )
    return BearerTable(looked_at.heuristic, looked_at.counts, found)


def stand_bearers(
    paths: IndexPaths,
    store: PairStore,
    cursor: duckdb.DuckDBPyConnection,
    matcher: Matcher,
    unwanted: threading.Event | None = None,
) -> LookedAt:
    """Make the cursor's own table `bearing` of one heuristic's bearers, and count them.

    Its columns: id, bearer, context (its length), span_start and span_end (lists, in characters
    of the bearer's response; negative where a match begins in the context), tranche and
    context_hash. It is read from disk; where it is not there, or damaged, it is found now.

    Raises:
        UserError: the index is damaged, or a regular expression takes too long on a text, or is
            not wanted any more: `scan` says when.
    """
    heuristic = matcher.heuristic
    file = paths.heuristics / f"{heuristic.key}-{store.sources_hash}.parquet"
    counts = _read(cursor, file)
    if counts is None:
        scanned = scan(paths, store, matcher, unwanted)
        counts = scanned.counts
        cursor.register("spans", scanned.columns())
        cursor.execute(_KEEP)
        cursor.unregister("spans")
        # An index that may only be read still answers; it is scanned again the next time.
        with contextlib.suppress(OSError, duckdb.IOException):
            _write(cursor, file, counts)
    return LookedAt(heuristic, counts)


def _write(cursor: duckdb.DuckDBPyConnection, file: Path, counts: Counts) -> None:
    with replacing(file) as beside:
        quoted = str(beside).replace("'", "''")
        told = json.dumps(asdict(counts))  # names of ours and numbers: no quote in it
        cursor.execute(
            f"COPY bearing TO '{quoted}'"
            f" (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{counts: '{told}'}})"
        )


def _read(cursor: duckdb.DuckDBPyConnection, file: Path) -> Counts | None:
    """The counts, and the table made; None where there is no file, or a damaged or an older one."""
    if not file.exists():
        return None
    try:
        ((told,),) = cursor.execute(_COUNTS, [str(file)]).fetchall()
        counts = Counts(**json.loads(told))
        cursor.execute(_READ, [str(file)])
    except (duckdb.Error, KeyError, TypeError, ValueError):
        return None
    return counts
