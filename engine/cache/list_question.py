"""The SQL of the pairs screen: fixed fragments and bound values, from a `Query` of plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.cache.filter_sql import (
    FIGURE_COLUMNS,
    TRUE,
    Condition,
    Known,
    Listed,
    condition,
    contains,
    every,
    marked,
    tied,
)
from engine.cache.records import Query
from engine.filters import FIGURES, Among, Contains, leaves

_COUNTS_OF = """
SELECT kind, verdict, tranche, mark,
    list_concat(coalesce(reasons, []), CASE WHEN tied THEN ['tied'] ELSE [] END) AS suspicions,
    coalesce(seen, 'unknown') AS seen, count(*) FROM (
"""
_BY_MARK = """) AS found
LEFT JOIN training USING (id)
LEFT JOIN suspects USING (id)
LEFT JOIN (SELECT unnest(?::BIGINT[]) AS id, unnest(?::VARCHAR[]) AS mark) AS marks USING (id)
GROUP BY ALL ORDER BY ALL"""


@dataclass(frozen=True, slots=True)
class Question:
    """A statement and the values bound in it."""

    sql: str
    values: list[object]

    @property
    def needs_suspects(self) -> bool:
        return "suspects" in self.sql


EVERY_ID = Question("SELECT id FROM pairs", [])


def whole(query: Query) -> bool:
    """Whether it lists every pair of the index."""
    kept = query.text or query.filter or query.tranche or query.marks or query.seen
    return query.heuristic is None and not kept and query.suspect is None


def figure_question(query: Query) -> Question | None:
    """Every measured pair's id and the figure that a query sorts by; None: it sorts by ids."""
    if _by_id(query, "pairs"):
        return None
    figure = FIGURE_COLUMNS["pairs"][query.sort]
    return Question(_select(f"r.id AS id, {figure} AS figure", "rewards r", TRUE.sql), [])


def ids_question(query: Query, known: Known, extent: tuple[int, int] | None = None) -> Question:
    """The ids of a query's pairs and, unless ids order them, the figures that do.

    Args:
        query: what the screen asks.
        known: what is not in the tables.
        extent: the first id to look at and the one after the last; None: all of them.
    """
    listed = _listed(query)
    name = _id(listed)
    conditions = [*_constant(query, listed, known), *_facets(query, listed, known)]
    if extent is not None:
        conditions.append(Condition(f"{name} >= ? AND {name} < ?", extent))
    where = every(conditions)
    figure = None if _by_id(query, listed) else FIGURE_COLUMNS[listed][query.sort]
    tables = _tables(listed, f"{where.sql} {figure or ''}")
    # A pair of several heuristics stands once in the list of all pairs.
    distinct = "DISTINCT" if "borne b" in tables and listed == "pairs" else ""
    columns = f"{name} AS id" + (f", {figure} AS figure" if figure else "")
    return Question(_select(f"{distinct} {columns}", tables, where.sql), list(where.values))


def _by_id(query: Query, listed: Listed) -> bool:
    """Whether ids order the list. Another heuristic's figures order nothing: a pair of the whole
    index may have several."""
    return query.sort == "row" or (listed == "pairs" and FIGURES[query.sort].needs == "heuristic")


def cells_question(query: Query, known: Known) -> Question:
    """Counts over the facets of the pairs that a query's heuristic, filter and text leave."""
    listed = _listed(query)
    where = every(_constant(query, listed, known))
    held = tied(listed, known)
    kind, verdict = ("b.kind", "b.verdict") if listed == "borne" else ("NULL", "'unmeasured'")
    tranche = "b.tranche" if listed == "borne" else "p.tranche"
    tables = _tables(listed, f"{where.sql} {held.sql}")
    name = _id(listed)
    told = (
        f"DISTINCT {name} AS id, {kind} AS kind, {verdict} AS verdict, {tranche} AS tranche,"
        f" {held.sql} AS tied"
    )
    ids, marks = list(known.marks), list(known.marks.values())
    return Question(
        " ".join((_COUNTS_OF, _select(told, tables, where.sql), _BY_MARK)),
        [*held.values, *where.values, ids, marks],
    )


def searches(query: Query) -> bool:
    """Whether it reads every pair's text, which takes long enough to be done in pieces."""
    texts = query.filter is not None and any(
        isinstance(test, Contains) for test in leaves(query.filter)
    )
    return query.heuristic is None and (bool(query.text) or texts)


def _select(columns: str, tables: str, where: str) -> str:
    return " ".join(("SELECT", columns, "FROM", tables, "WHERE", where))


def _listed(query: Query) -> Listed:
    return "pairs" if query.heuristic is None else "borne"


def _id(listed: Listed) -> str:
    return "b.id" if listed == "borne" else "p.id"


def _constant(query: Query, listed: Listed, known: Known) -> Sequence[Condition]:
    """What holds of a list whatever its facets say."""
    conditions = []
    if query.heuristic is not None:
        conditions.append(Condition("b.heuristic = ?", (query.heuristic,)))
    if query.filter is not None:
        conditions.append(condition(query.filter, listed, known))
    if query.text:
        conditions.append(contains("text", query.text, insensitive=True))
    return conditions


def _facets(query: Query, listed: Listed, known: Known) -> Sequence[Condition]:
    conditions = []
    if listed == "borne" and query.kind is not None:
        conditions.append(condition(Among("kind", (query.kind,)), listed, known))
    if listed == "borne" and query.verdicts:
        verdicts = tuple(sorted(verdict.value for verdict in query.verdicts))
        conditions.append(condition(Among("verdict", verdicts), listed, known))
    if query.tranche is not None:
        conditions.append(condition(Among("tranche", (query.tranche,)), listed, known))
    if query.marks:
        conditions.append(marked(sorted(query.marks), listed, known))
    if query.suspect is not None:
        conditions.append(condition(Among("suspect", (query.suspect,)), listed, known))
    if query.seen is not None:
        conditions.append(condition(Among("seen", (query.seen,)), listed, known))
    return conditions


def _tables(listed: Listed, fragments: str) -> str:
    """What the fragments ask of, joined to what is listed. They are ours, so names tell."""
    tables = {"borne": "borne b", "pairs": "pairs p"}[listed]
    for alias, table in (("p", "pairs"), ("r", "rewards"), ("b", "borne")):
        if f"{alias}." in fragments and f"{table} {alias}" not in tables:
            tables += f" LEFT JOIN {table} {alias} ON {alias}.id = {_id(listed)}"
    return tables
