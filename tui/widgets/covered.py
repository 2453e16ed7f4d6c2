"""Blind mode: a pair as it is shown until it is marked, its texts and nothing that was measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.verdict import Verdict

if TYPE_CHECKING:  # the first frame covers nothing yet
    from engine.cache.pair_records import PairDetail, PairRow
    from engine.cache.records import Query


def covered_row(row: PairRow) -> PairRow:
    """The line of the list without verdict and figures."""
    return replace(
        row,
        hidden=True,
        verdict=Verdict.UNMEASURED,
        by=None,
        margin=None,
        margin_sae=None,
        effect=None,
        opposer=None,
        confident=False,
        decisive=None,
    )


def covered_detail(detail: PairDetail) -> PairDetail:
    """The pair without rewards, heuristics, features, flags, and what others said of it."""
    return replace(
        detail,
        hidden=True,
        reward_chosen=None,
        reward_rejected=None,
        margin=None,
        margin_sae=None,
        heuristics=(),
        features=(),
        tokens=None,
        likelihood=None,
        flags=(),
        others=(),
    )


def covered_query(query: Query) -> Query:
    """The list without what tells what was measured: an order, a facet, a filter."""
    # Loaded with the first list, not with the first frame.
    from engine.filters import FIGURES, tells_measured

    tells = query.filter is not None and tells_measured(query.filter)
    return replace(
        query,
        verdicts=frozenset(),
        suspect=None,
        filter=None if tells else query.filter,
        sort=query.sort if FIGURES[query.sort].needs == "pair" else "row",
    )
