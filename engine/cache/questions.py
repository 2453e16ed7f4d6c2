"""The SQL of the pairs screen: fixed fragments and bound values, from a `Query` of plain values."""

from __future__ import annotations

from dataclasses import dataclass

from engine.cache.records import Query, SortKey

_BORNE_SORT: dict[SortKey, str] = {
    "row": "b.id",
    "margin": "b.margin",
    "margin_sae": "b.margin_sae",
    "effect": "b.effect",
    "vote": "b.vote",
    "distance": "b.distance",
}
_PAIR_SORT: dict[SortKey, str] = {
    "row": "p.id",
    "margin": "r.margin",
    "margin_sae": "r.margin_sae",
    "effect": "p.id",
    "vote": "p.id",
    "distance": "p.id",
}
_TEXT = """id IN (
    SELECT id FROM pairs WHERE contains(lower(context || chosen), lower(?))
    OR contains(lower(context || rejected), lower(?))
)"""

NOTHING_MEASURED = """
CREATE VIEW rewards AS SELECT NULL::BIGINT AS id, NULL::FLOAT AS reward_chosen,
    NULL::FLOAT AS reward_rejected, NULL::FLOAT AS margin, NULL::FLOAT AS margin_sae,
    NULL::INTEGER[] AS strongest LIMIT 0;
CREATE VIEW features AS SELECT NULL::BIGINT AS id, NULL::INTEGER AS feature,
    NULL::FLOAT AS activation_chosen, NULL::FLOAT AS activation_rejected,
    NULL::FLOAT AS attribution, NULL::FLOAT AS effect LIMIT 0;
"""
"""The views of an index without a run."""

MEASURED = """
CREATE VIEW rewards AS SELECT id, reward_chosen, reward_rejected, margin, margin_sae, strongest
    FROM run.rewards;
CREATE VIEW features AS SELECT id, feature, activation_chosen, activation_rejected, attribution,
    effect FROM run.features;
"""
"""The views of an index whose run is attached as `run`."""

SORTED = """
CREATE VIEW by_feature AS SELECT * FROM run.by_feature;
CREATE VIEW peaks AS SELECT * FROM run.peaks;
"""
"""The views by feature."""

UNSORTED = """
CREATE VIEW by_feature AS SELECT feature, id, activation_chosen, activation_rejected, attribution,
    effect FROM run.features;
CREATE VIEW peaks AS SELECT NULL::INTEGER AS feature, NULL::BIGINT AS id, NULL::TINYINT AS side,
    NULL::INTEGER AS start, NULL::INTEGER AS "end" LIMIT 0;
"""
"""The same of a run that was sealed before it was sorted by feature: slower, and no tokens."""

IS_SORTED = """
SELECT count(*) = 2 FROM duckdb_tables()
WHERE database_name = 'run' AND table_name IN ('by_feature', 'peaks')
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A statement and the values bound in it."""

    sql: str
    values: list[object]


def ids_question(query: Query, marked: list[int]) -> Question:
    """The ids of a query's pairs, in its order.

    Args:
        query: what the screen asks.
        marked: ids of the pairs that hold one of the query's marks.
    """
    conditions: list[str] = []
    values: list[object] = []

    def only(condition: str, *bound: object) -> None:
        conditions.append(condition)
        values.extend(bound)

    if query.heuristic is not None:
        select, name = "SELECT b.id FROM borne b", "b"
        order = _BORNE_SORT[query.sort]
        only("b.heuristic = ?", query.heuristic)
        if query.kind is not None:
            only("b.kind = ?", query.kind)
        if query.verdicts:
            only("b.verdict IN (SELECT unnest(?::VARCHAR[]))", sorted(map(str, query.verdicts)))
    else:
        select, name = "SELECT p.id FROM pairs p LEFT JOIN rewards r ON r.id = p.id", "p"
        order = _PAIR_SORT[query.sort]
    if query.tranche is not None:
        only(f"{name}.tranche = ?", query.tranche)
    if not _is_text(query.text):
        only("false")
    elif query.text:
        only(f"{name}.{_TEXT}", query.text, query.text)
    if query.marks:
        only(f"{name}.id IN (SELECT unnest(?::BIGINT[]))", marked)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    direction = "DESC" if query.descending else "ASC"
    ordered = f"ORDER BY {order} {direction} NULLS LAST, {name}.id"
    return Question(f"{select} {where} {ordered}", values)


def _is_text(text: str) -> bool:
    """Whether a pair could hold it: half a surrogate pair, as a terminal may send, is no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


ROWS = """
SELECT p.id, p.tranche, p.context, p.chosen, p.rejected, p.content_hash,
       r.margin, r.margin_sae, r.strongest,
       b.kind, b.bearer, b.span_start, b.span_end, b.verdict, b.confident, b.outvoted_by,
       b.decisive, b.effect, b.features, coalesce(t.seen, 'unknown')
FROM pairs p
LEFT JOIN rewards r ON r.id = p.id
LEFT JOIN training t ON t.id = p.id
LEFT JOIN borne b ON b.id = p.id AND b.heuristic = ?
WHERE p.id IN (SELECT unnest(?::BIGINT[]))
"""

REWARDS = """
SELECT reward_chosen, reward_rejected, margin, margin_sae FROM rewards WHERE id = ?
"""

REWARDS_OF = """
SELECT id, reward_chosen, reward_rejected, margin, margin_sae FROM rewards
WHERE id IN (SELECT unnest(?::BIGINT[]))
"""

FEATURES = """
SELECT feature, activation_chosen, activation_rejected, attribution, effect FROM features
WHERE id = ? ORDER BY abs(attribution) DESC, feature
"""

LIKELIHOOD = """
SELECT log_likelihood_chosen / tokens_chosen, log_likelihood_rejected / tokens_rejected,
       tokens_chosen, tokens_rejected
FROM likelihood WHERE id = ?
"""

SAME_TEXTS = "SELECT count(*) FROM pairs WHERE content_hash = ?"

SAMPLE = """
SELECT id FROM pairs WHERE id IN (SELECT unnest(?::BIGINT[]))
ORDER BY md5(? || ':' || content_hash), id LIMIT ?
"""
"""Of some ids, those of a reading sample; values: the ids, the seed as text, the size."""

MARGINS = "SELECT id, margin FROM rewards WHERE id IN (SELECT unnest(?::BIGINT[]))"
