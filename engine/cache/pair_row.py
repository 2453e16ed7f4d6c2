"""One line of the pairs screen, from what `questions.ROWS` finds of a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from engine.cache.pair_records import PairRow
from engine.cache.pairs import PairStore
from engine.cache.records import Seen
from engine.cache.snippet import BEFORE, snippet
from engine.cache.triage_line import Triage
from engine.heuristics import Kind
from engine.hh import PairName, Side
from engine.verdict import Outvoter, Verdict

Place = Literal["context", "chosen", "rejected"]


class FoundRow(NamedTuple):
    """The columns of `questions.ROWS`, in their order; None where nothing is measured or borne."""

    id: int
    tranche: str
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

    @property
    def span(self) -> tuple[int, int] | None:
        """Where the pattern first stands in the bearer's response."""
        return (self.span_start[0], self.span_end[0]) if self.span_start and self.span_end else None

    @property
    def texts(self) -> tuple[Place, ...]:
        """The texts that the line shows a part of, the response last."""
        response: Side = "rejected" if self.bearer == "rejected" else "chosen"
        near_context = self.span is not None and self.span[0] < BEFORE
        return ("context", response) if near_context else (response,)


def guarded(said: Triage | None, content_hash: str) -> Triage | None:
    """What was said of a pair, where it was said of this text."""
    return said if said is not None and said.content_hash == content_hash else None


def pair_row(
    found: FoundRow,
    texts: Sequence[str],
    store: PairStore,
    triage: Mapping[PairName, Triage],
) -> PairRow:
    """The pair's line.

    Args:
        found: what is known of the pair.
        texts: those that `found.texts` names.
        store: knows the pair's name.
        triage: what the user said of pairs, by name.
    """
    name = store.name_of(found.id)
    *context, response = texts
    before, match, after = snippet("".join(context), response, found.span or (0, 0))
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
