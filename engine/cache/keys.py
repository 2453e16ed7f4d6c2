"""The sample that no one chose, and what groups a pair with others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from engine.cache.pairs import PairStore

_LOWEST = "SELECT id FROM pairs ORDER BY content_hash, id LIMIT ?"
_KEYS = """
SELECT id, tranche, content_hash, context_hash FROM pairs
WHERE id IN (SELECT unnest(?::BIGINT[])) ORDER BY id
"""
_LONG = """
SELECT id FROM pairs
WHERE id IN (SELECT unnest(?::BIGINT[])) AND greatest(strlen(chosen), strlen(rejected)) > ?
ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Keys:
    """What groups one pair with others."""

    tranche: str
    content_hash: str
    context_hash: str


def lowest_hashes(store: PairStore, count: int) -> list[int]:
    """The ids of the pairs with the lowest content hashes: a sample that no one chose."""
    with store.cursor() as cursor:
        return [identifier for (identifier,) in cursor.execute(_LOWEST, [count]).fetchall()]


def long_responses(store: PairStore, ids: Collection[int], size: int) -> list[int]:
    """Those of some pairs with a response of more than so many bytes in UTF-8."""
    with store.cursor() as cursor:
        found = cursor.execute(_LONG, [list(ids), size]).fetchall()
    return [identifier for (identifier,) in found]


def keys_of(store: PairStore, ids: Sequence[int]) -> dict[int, Keys]:
    """The keys of some pairs, by id."""
    with store.cursor() as cursor:
        rows = cursor.execute(_KEYS, [list(ids)]).fetchall()
    return {row[0]: Keys(*row[1:]) for row in rows}
