"""Who bears a heuristic's pattern: found in the index once, kept as a Parquet file."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from engine.cache.candidates import candidates
from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore
from engine.files import replacing
from engine.heuristics import Heuristic, Matcher, Span, Spans, compile_heuristic, side_spans
from engine.heuristics.census import Counts
from engine.hh import Side

_SPANS = pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64())]))
_SCHEMA = pa.schema([("id", pa.int64()), ("bearer", pa.string()), ("spans", _SPANS)])
_COUNTS = b"counts"


@dataclass(frozen=True, slots=True)
class Borne:
    """One pair with a bearer. What kind it is follows from the direction: `kind_of`."""

    id: int
    bearer: Side
    spans: Spans
    """In characters of the bearer's transcript."""


@dataclass(frozen=True, slots=True)
class BearerTable:
    """All pairs of an index with a bearer, in the order of their ids, and the census counts."""

    heuristic: Heuristic
    counts: Counts
    bearers: tuple[Borne, ...]


def bearers(
    paths: IndexPaths, store: PairStore, heuristics: Sequence[Heuristic]
) -> tuple[BearerTable, ...]:
    """Each heuristic's table, in the order given; those not on disk are found now.

    Raises:
        UserError: a pattern is at fault, or the index is damaged.
    """
    matchers = [compile_heuristic(heuristic) for heuristic in heuristics]
    sources = store.sources_hash
    files = [paths.heuristics / f"{heuristic.key}-{sources}.parquet" for heuristic in heuristics]
    tables = [_read(file, heuristic) for file, heuristic in zip(files, heuristics, strict=True)]
    missing = [place for place, table in enumerate(tables) if table is None]
    for place in missing:
        table = _scan(store, matchers[place])
        # An index that may only be read still answers; it is scanned again the next time.
        with contextlib.suppress(OSError):
            _write(files[place], table)
        tables[place] = table
    return tuple(table for table in tables if table is not None)


def _scan(store: PairStore, matcher: Matcher) -> BearerTable:
    found: list[Borne] = []
    both = 0
    for pair in candidates(store, matcher):
        chosen, rejected = side_spans(matcher, pair)
        if chosen and rejected:
            both += 1
        elif chosen or rejected:
            side: Side = "chosen" if chosen else "rejected"
            found.append(Borne(pair.id, side, chosen or rejected))
    return BearerTable(matcher.heuristic, _counts(found, both, store.count()), tuple(found))


def _counts(table: Sequence[Borne], both: int, pairs: int) -> Counts:
    chosen = sum(borne.bearer == "chosen" for borne in table)
    return Counts(chosen, len(table) - chosen, both, pairs - len(table) - both)


def _write(file: Path, table: BearerTable) -> None:
    columns = [
        pa.array([borne.id for borne in table.bearers], pa.int64()),
        pa.array([borne.bearer for borne in table.bearers], pa.string()),
        pa.array([[_struct(span) for span in borne.spans] for borne in table.bearers], _SPANS),
    ]
    counts = json.dumps(asdict(table.counts)).encode()
    with replacing(file) as beside:
        schema = _SCHEMA.with_metadata({_COUNTS: counts})
        pq.write_table(pa.Table.from_arrays(columns, schema=schema), beside)


def _struct(span: Span) -> dict[str, int]:
    return {"start": span[0], "end": span[1]}


def _read(file: Path, heuristic: Heuristic) -> BearerTable | None:
    """The table on disk; None where there is none, or a damaged one (it is found again)."""
    try:
        table = pq.read_table(file)
        counts = Counts(**json.loads(table.schema.metadata[_COUNTS]))
        rows = zip(*(table[name].to_pylist() for name in _SCHEMA.names), strict=True)
        found = tuple(
            Borne(identifier, bearer, tuple((span["start"], span["end"]) for span in spans))
            for identifier, bearer, spans in rows
        )
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return None
    return BearerTable(heuristic, counts, found)
