"""Who bears what, with the run's verdicts where it has any: the table behind the pairs screen.

Bearers come from the pairs as they are now. A verdict stands only where it was passed on them: a
pair that came to the index after the run, or whose text changed since, reads `unmeasured`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from engine.cache.bearers import BearerTable, Borne
from engine.cache.judged import JUDGED, JudgedRow, judged_table
from engine.heuristics import kind_of
from engine.verdict import Verdict

_SHAPES = """
SELECT id, tranche, context_hash, length(context) FROM pairs
WHERE id IN (SELECT unnest(?::BIGINT[]))
"""
_ROWS = """
SELECT rows.* REPLACE (coalesce(rows.margin, rewards.margin) AS margin,
                       coalesce(rows.margin_sae, rewards.margin_sae) AS margin_sae)
FROM rows LEFT JOIN rewards USING (id)
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a verdict's pair must still look like."""

    tranche: str
    context_hash: str
    context: int
    """Its length in characters."""


def make_borne(
    cursor: duckdb.DuckDBPyConnection, tables: Sequence[BearerTable], judged: Iterable[JudgedRow]
) -> list[JudgedRow]:
    """Create the table `borne`, one row for each (heuristic, bearer); the verdicts that stand.

    Args:
        cursor: of a connection with the views `pairs` and `rewards`.
        tables: the heuristics to look at, and their bearers as the index is now.
        judged: the run's verdicts on those heuristics.
    """
    shapes = shapes_of(cursor, tables)
    verdicts = {(row.heuristic, row.id): row for row in judged}
    standing = list(_standing(tables, verdicts, shapes))
    known = {(row.heuristic, row.id) for row in standing}
    others = [
        _unmeasured(table, borne, shapes[borne.id])
        for table in tables
        for borne in table.bearers
        if (table.heuristic.name, borne.id) not in known
    ]
    rows = [judged_table(standing), pa.Table.from_pylist(others, schema=JUDGED)]
    _put(cursor, f"CREATE TABLE borne AS {_ROWS}", pa.concat_tables(rows))
    return standing


def add_borne(cursor: duckdb.DuckDBPyConnection, table: BearerTable) -> None:
    """Put the bearers of one more heuristic into `borne`, all of them `unmeasured`."""
    shapes = shapes_of(cursor, [table])
    rows = [_unmeasured(table, borne, shapes[borne.id]) for borne in table.bearers]
    _put(cursor, f"INSERT INTO borne {_ROWS}", pa.Table.from_pylist(rows, schema=JUDGED))


def _put(cursor: duckdb.DuckDBPyConnection, statement: str, rows: pa.Table) -> None:
    cursor.register("rows", rows)
    cursor.execute(statement)
    cursor.unregister("rows")


def shapes_of(cursor: duckdb.DuckDBPyConnection, tables: Sequence[BearerTable]) -> dict[int, Shape]:
    """The shape of every bearer's pair, by id."""
    ids = sorted({borne.id for table in tables for borne in table.bearers})
    found = cursor.execute(_SHAPES, [ids]).fetchall()
    return {identifier: Shape(*shape) for identifier, *shape in found}


def _standing(
    tables: Sequence[BearerTable],
    verdicts: Mapping[tuple[str, int], JudgedRow],
    shapes: Mapping[int, Shape],
) -> Iterator[JudgedRow]:
    for table in tables:
        for borne in table.bearers:
            row = verdicts.get((table.heuristic.name, borne.id))
            if row is not None and stands(row, borne, shapes[borne.id]):
                yield row


def stands(row: JudgedRow, borne: Borne, shape: Shape) -> bool:
    """Whether a verdict was passed on the pair as it is now."""
    spans = tuple((start - shape.context, end - shape.context) for start, end in borne.spans)
    return (row.context_hash, row.bearer, row.spans) == (shape.context_hash, borne.bearer, spans)


def _unmeasured(table: BearerTable, borne: Borne, shape: Shape) -> dict[str, object]:
    return {
        "heuristic": table.heuristic.name,
        "id": borne.id,
        "tranche": shape.tranche,
        "context_hash": shape.context_hash,
        "kind": kind_of(borne.bearer, table.heuristic.direction),
        "bearer": borne.bearer,
        "span_start": [start - shape.context for start, _ in borne.spans],
        "span_end": [end - shape.context for _, end in borne.spans],
        "features": [],
        "verdict": str(Verdict.UNMEASURED),
    }
