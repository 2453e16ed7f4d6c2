"""Which pairs a measurement takes: ids by hash, by tranche, and what groups them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.cache.pairs import PairStore
from engine.errors import UserError

_LOWEST = "SELECT id FROM pairs ORDER BY content_hash, id LIMIT ?"
_ALL = "SELECT id FROM pairs ORDER BY id"
_OF_TRANCHE = "SELECT id FROM pairs WHERE tranche = ? ORDER BY id"
_KEYS = """
SELECT id, tranche, content_hash, context_hash FROM pairs
WHERE id IN (SELECT unnest(?::BIGINT[])) ORDER BY id
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


def keys_of(store: PairStore, ids: Sequence[int]) -> dict[int, Keys]:
    """The keys of some pairs, by id."""
    with store.cursor() as cursor:
        rows = cursor.execute(_KEYS, [list(ids)]).fetchall()
    return {row[0]: Keys(*row[1:]) for row in rows}


def chosen_ids(store: PairStore, wanted: str) -> list[int]:
    """The ids that `--pairs` names: `all`, or `tranche=NAME`.

    Raises:
        UserError: it names nothing that can be picked, or picks no pair.
    """
    if wanted == "all":
        query, values = _ALL, []
    else:
        field, equals, value = wanted.partition("=")
        if not equals or field.strip() != "tranche":
            raise UserError(
                f'"{wanted}" picks no pairs',
                where="--pairs",
                todo="Write `bearers`, `all`, or `tranche=NAME`.",
            )
        query, values = _OF_TRANCHE, [value.strip()]
    with store.cursor() as cursor:
        found = [identifier for (identifier,) in cursor.execute(query, values).fetchall()]
    if not found:
        raise UserError(
            f'"{wanted}" picks no pairs',
            where="--pairs",
            todo=f"The tranches of this index are: {', '.join(store.tranches())}.",
        )
    return found
