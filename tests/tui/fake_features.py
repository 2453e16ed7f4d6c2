"""Features of the fake index: what a screen is told of any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.cache.feature_records import (
    FeatureDetail,
    FeatureHit,
    FeatureOnHeuristic,
    Firing,
    Pushes,
)
from engine.errors import UserError
from engine.heuristics import Heuristic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.cache.pair_records import PairDetail

D_SAE = 32_768
LABELS = {24651: "a URL's slash", 32744: "thanks [no] problem\x1b[2J"}


def make_feature(
    feature: int, details: Sequence[PairDetail], heuristics: Sequence[Heuristic]
) -> FeatureDetail:
    """Fires on every measured pair, the less the higher the row; every third token is unknown."""
    if not 0 <= feature < D_SAE:
        raise UserError(f"the SAE has no feature {feature}", todo="Its features are 0 to 32767.")
    hits = tuple(_hit(detail) for detail in details if detail.margin is not None and feature != 404)
    return FeatureDetail(
        feature=feature,
        label=LABELS.get(feature),
        index="hh",
        run="0123456789abcdef",
        measured=60,
        active=len(hits),
        chosen=Firing(len(hits), 2.113 if hits else None),
        rejected=Firing(len(hits) // 2, 0.754 if hits else None),
        stronger_on_chosen=len(hits) * 3 // 4,
        pushes=Pushes(3.25, -12.5, 9, -1.75, -2.0, 7) if hits else Pushes(0, 0, 0, 0, 0, 0),
        heuristics=tuple(
            _on_heuristic(heuristic, place, uses=feature in (11612, 15487) and place < 2)
            for place, heuristic in enumerate(heuristics)
        ),
        hits=hits,
    )


def _on_heuristic(heuristic: Heuristic, place: int, *, uses: bool) -> FeatureOnHeuristic:
    from engine.verdict.selection import Candidate

    found = Candidate(11612, auroc=0.94, fire_share=0.71)
    return FeatureOnHeuristic(
        heuristic=heuristic,
        pinned=False,
        pinned_by=None,
        judged_with=(11612, 15487) if place < 2 else (),
        judges=((1, found), (2, found)) if uses else (),
        counterexamples=tuple(0.0 if row % 5 == 0 else row / 4 for row in range(20)),
        conforming=tuple(0.0 if row % 2 else row / 12 for row in range(12)),
    )


def _hit(detail: PairDetail) -> FeatureHit:
    row = detail.pair.name.row
    known = row % 3 != 2
    return FeatureHit(
        id=detail.pair.id,
        label=f"{detail.pair.name.split}:{row}",
        tranche=detail.pair.tranche,
        activation_chosen=4.0 - row / 20,
        activation_rejected=row / 30 if row % 2 else 0.0,
        attribution=(-1) ** row * 0.9,
        effect=None if row % 4 else 0.7,
        side="rejected" if row % 2 else "chosen",
        before="… See " if known else "",
        match="https" if known else "",
        after="://x.org/[b] for more" if known else "",
    )
