"""One line of the pairs screen, from what `questions.ROWS` finds of a pair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from engine.cache.pair_records import PairRow
from engine.cache.pairs import PairStore
from engine.cache.records import Seen
from engine.cache.snippet import snippet
from engine.cache.triage_line import Triage
from engine.heuristics import Kind
from engine.hh import PairName, Side
from engine.verdict import Outvoter, Verdict


class FoundRow(NamedTuple):
    """The columns of `questions.ROWS`, in their order; None where nothing is measured or borne."""

    id: int
    tranche: str
    context: str
    chosen: str
    rejected: str
    content_hash: str
    margin: float | None
    margin_sae: float | None
    strongest: list[int] | None
    kind: Kind | None
    bearer: Side | None
    span_start: list[int] | None
    span_end: list[int] | None
    verdict: str | None
    confident: bool | None
    outvoted_by: Outvoter | None
    decisive: bool | None
    effect: float | None
    features: list[int] | None
    seen: Seen


def guarded(said: Triage | None, content_hash: str) -> Triage | None:
    """What was said of a pair, where it was said of this text."""
    return said if said is not None and said.content_hash == content_hash else None


def pair_row(found: FoundRow, store: PairStore, triage: Mapping[PairName, Triage]) -> PairRow:
    """The pair's line; `triage` is what the user said of pairs, by name."""
    name = store.name_of(found.id)
    spans = list(zip(found.span_start or (), found.span_end or (), strict=True))
    response = found.rejected if found.bearer == "rejected" else found.chosen
    before, match, after = snippet(found.context, response, spans[0] if spans else (0, 0))
    said = guarded(triage.get(name), found.content_hash)
    own = set(found.features or ())
    others = (feature for feature in found.strongest or () if feature not in own)
    return PairRow(
        id=found.id,
        label=f"{name.split}:{name.row}",
        tranche=found.tranche,
        kind=found.kind,
        verdict=Verdict(found.verdict) if found.verdict else Verdict.UNMEASURED,
        by=found.outvoted_by,
        margin=found.margin,
        margin_sae=found.margin_sae,
        effect=found.effect,
        opposer=next(others, None),
        before=before,
        match=match,
        after=after,
        mark=said.mark if said else None,
        confident=bool(found.confident),
        decisive=found.decisive,
        seen=found.seen,
    )
