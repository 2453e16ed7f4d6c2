"""Pairs whose label may be wrong, one by one: why, and which pair speaks against the label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from engine.cache.keys import keys_of
from engine.cache.reader import IndexReader
from engine.cache.records import Suspicion
from engine.hh import PairName
from engine.report.suspects import suspects_of


@dataclass(frozen=True, slots=True)
class Near:
    """A pair that says nearly the same."""

    reason: Suspicion
    pair: PairName
    similarity: float


@dataclass(frozen=True, slots=True)
class SuspectPair:
    """One pair."""

    pair: PairName
    tranche: str
    content_hash: str
    reasons: tuple[Suspicion, ...]
    near: tuple[Near, ...]


@dataclass(frozen=True, slots=True)
class SuspectList:
    """All of an index."""

    index: str
    run: str | None
    """Whose margins tell which sides are tied; None: nothing was measured."""
    duplicates_looked_for: bool
    pairs: Mapping[str, int]
    """Of the index, by tranche."""
    suspects: tuple[SuspectPair, ...]
    """In the order of their ids."""

    def by_tranche(self, reason: Suspicion | None = None) -> Counter[str]:
        """How many there are, for whatever reason or for one."""
        return Counter(
            made.tranche for made in self.suspects if reason is None or reason in made.reasons
        )


def suspect_list(reader: IndexReader) -> SuspectList:
    """Every suspect of an open index.

    Raises:
        UserError: the index is damaged.
    """
    store, found = reader.store, suspects_of(reader)
    ids = sorted(frozenset().union(*found.values()))
    keys = keys_of(store, ids)
    return SuspectList(
        index=reader.paths.name,
        run=reader.run.run if reader.run else None,
        duplicates_looked_for=reader.duplicates_looked_for,
        pairs=store.tranches(),
        suspects=tuple(
            SuspectPair(
                pair=store.name_of(at),
                tranche=keys[at].tranche,
                content_hash=keys[at].content_hash,
                reasons=tuple(reason for reason, held in found.items() if at in held),
                near=tuple(
                    Near(each.reason, store.name_of(each.other), each.similarity)
                    for each in reader.near_duplicates(at)
                ),
            )
            for at in ids
        ),
    )
