"""Who bears what, with the run's verdicts where it has any: the table behind the pairs screen.

Bearers come from the pairs as they are now. A verdict stands only where it was passed on them: a
pair that came to the index after the run, or whose text changed since, reads `unmeasured`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from engine.cache.bearers import BearerTable
from engine.cache.columns import declared
from engine.cache.judged import JUDGED
from engine.heuristics import Direction, Heuristic, kind_of

_FOUND = {
    "heuristic": "?",
    "id": "f.id",
    "tranche": "f.tranche",
    "context_hash": "f.context_hash",
    "kind": "coalesce(j.kind, CASE f.bearer WHEN 'chosen' THEN ? ELSE ? END)",
    "bearer": "f.bearer",
    "span_start": "f.span_start",
    "span_end": "f.span_end",
    "features": "coalesce(j.features, [])",
    "margin": "coalesce(j.margin, r.margin)",
    "margin_sae": "coalesce(j.margin_sae, r.margin_sae)",
    "verdict": "coalesce(j.verdict, 'unmeasured')",
}
"""What is known of a bearer without a verdict; all other columns are the verdict's own."""
_FROM = """
FROM bearing f
LEFT JOIN (SELECT * FROM judged WHERE heuristic = ?) AS j ON j.id = f.id
    AND j.context_hash = f.context_hash AND j.bearer = f.bearer
    AND j.span_start = f.span_start AND j.span_end = f.span_end
LEFT JOIN rewards r ON r.id = f.id ORDER BY f.id
"""
_SHAPES = """
SELECT id, tranche, context_hash, length(context) FROM pairs
WHERE id IN (SELECT unnest(?::BIGINT[]))
"""
_COLUMNS = ", ".join(_FOUND.get(name, f"j.{name}") for name in JUDGED)
STANDS = "margin_threshold IS NOT NULL"
"""Whether a row of `borne` has a verdict."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a verdict is passed on, beside who bears the pattern where."""

    tranche: str
    context_hash: str
    context: int
    """Its length in characters."""


def shapes_of(cursor: duckdb.DuckDBPyConnection, tables: Sequence[BearerTable]) -> dict[int, Shape]:
    """The shape of every bearer's pair, by id."""
    ids = sorted({borne.id for table in tables for borne in table.bearers})
    found = cursor.execute(_SHAPES, [ids]).fetchall()
    return {identifier: Shape(*shape) for identifier, *shape in found}


def make_borne(cursor: duckdb.DuckDBPyConnection) -> None:
    """Create the table `borne`, empty: one row for each (heuristic, bearer), columns `JUDGED`."""
    cursor.execute(f"CREATE TABLE borne ({declared(JUDGED)})")


def add_borne(
    cursor: duckdb.DuckDBPyConnection, heuristic: Heuristic, *, judged_as: Direction | None
) -> None:
    """Put the bearers of one more heuristic into `borne`, with the verdicts that stand.

    Args:
        cursor: of a connection with the views `judged` and `rewards`, and with the heuristic's
            own table `bearing`.
        heuristic: which one.
        judged_as: the direction by which the run judged this very heuristic: `auto` is resolved;
            None: its verdicts of that name, if there are any, are on another one.
    """
    direction = heuristic.direction if judged_as is None else judged_as
    kinds = [kind_of(side, direction) for side in ("chosen", "rejected")]
    values = [heuristic.name, *kinds, None if judged_as is None else heuristic.name]
    cursor.execute(" ".join(("INSERT INTO borne SELECT", _COLUMNS, _FROM)), values)
