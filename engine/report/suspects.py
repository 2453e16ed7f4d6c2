"""Pairs whose label may be wrong: which they are, and the report without them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from engine.cache.bearers import BearerTable
from engine.cache.reader import IndexReader
from engine.cache.records import SUSPICIONS, Query, Suspicion
from engine.cache.sealed import Standing


def suspects_of(reader: IndexReader) -> dict[Suspicion, frozenset[int]]:
    """The ids of an index's suspects by what makes them so, as the list has them."""
    return {
        reason: frozenset(reader.ids(Query(kind=None, suspect=reason)).tolist())
        for reason in SUSPICIONS
    }


def bearers_without(table: BearerTable, left_out: Collection[int]) -> BearerTable:
    """A heuristic's bearers but for some pairs; pairs that carry it on both sides all stay."""
    kept = tuple(borne for borne in table.bearers if borne.id not in left_out)
    on_chosen = sum(borne.bearer == "chosen" for borne in kept)
    counts = replace(table.counts, chosen_only=on_chosen, rejected_only=len(kept) - on_chosen)
    return replace(table, bearers=kept, counts=counts)


def standing_without(standing: Standing, left_out: Collection[int]) -> Standing:
    """The margins that stand for an index but for those of some pairs."""
    kept = [place for place, at in enumerate(standing.ids) if at not in left_out]
    return Standing(
        complete=standing.complete,
        ids=tuple(standing.ids[place] for place in kept),
        tranches=tuple(standing.tranches[place] for place in kept),
        context_hashes=tuple(standing.context_hashes[place] for place in kept),
        margins=tuple(standing.margins[place] for place in kept),
    )
