"""Attributions by token as a sealed run holds them: the questions, and the record they make."""

from __future__ import annotations

from collections.abc import Sequence

from engine.cache.breakdown import SideTokens, TokenEffects
from engine.hh import SIDES

HAS_TOKENS = """
SELECT count(*) = 2 FROM duckdb_tables()
WHERE database_name = 'run' AND table_name IN ('tokens', 'token_effects')
"""
STORED = """
CREATE VIEW tokens AS SELECT * FROM run.tokens;
CREATE VIEW token_effects AS SELECT * FROM run.token_effects;
"""
"""The views of a run that holds them."""
NOT_STORED = """
CREATE VIEW tokens AS SELECT NULL::BIGINT AS id, NULL::INTEGER AS token, NULL::TINYINT AS side,
    NULL::INTEGER AS start, NULL::INTEGER AS "end", NULL::FLOAT AS total LIMIT 0;
CREATE VIEW token_effects AS SELECT NULL::BIGINT AS id, NULL::INTEGER AS feature,
    NULL::INTEGER AS token, NULL::FLOAT AS attribution LIMIT 0;
"""
"""The same without a run, or of one that was sealed before it held them."""

TOKENS = 'SELECT side, start, "end", total FROM tokens WHERE id = ? ORDER BY token'
ENTRIES = """
SELECT feature, token, attribution FROM token_effects WHERE id = ? ORDER BY feature, token
"""


def token_effects(
    tokens: Sequence[tuple[int, int, int, float]], entries: Sequence[tuple[int, int, float]]
) -> TokenEffects | None:
    """One pair's, from the rows of `TOKENS` and `ENTRIES`; None where it has none."""
    if not tokens:
        return None
    first, sides = 0, []
    for number in range(len(SIDES)):
        ours = [row for row in tokens if row[0] == number]
        by_feature: dict[int, list[tuple[int, float]]] = {}
        for feature, token, attribution in entries:
            if first <= token < first + len(ours):
                by_feature.setdefault(feature, []).append((token - first, attribution))
        sides.append(
            SideTokens(
                spans=tuple((start, end) for _, start, end, _ in ours),
                total=tuple(total for *_, total in ours),
                by_feature={feature: tuple(found) for feature, found in by_feature.items()},
                running=None,
            )
        )
        first += len(ours)
    return TokenEffects(*sides)
