"""The census: on which sides of which pairs the patterns stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from engine.heuristics.heuristic import Heuristic
from engine.heuristics.match import Matcher, Spans, side_spans
from engine.hh import SIDES, Pair, Turn, turns

Grouping = Literal["tranche", "role", "position"]
GROUPINGS: tuple[Grouping, ...] = ("tranche", "role", "position")


@dataclass(frozen=True, slots=True)
class Counts:
    """Pairs by the sides that carry a pattern."""

    chosen_only: int
    rejected_only: int
    both: int
    neither: int


@dataclass(frozen=True, slots=True)
class CensusLine:
    """One heuristic's counts."""

    heuristic: Heuristic
    counts: Counts
    groups: dict[str, Counts] = field(default_factory=dict)
    """By tranche: that tranche's pairs. By role: of the turn in which a match begins, `human`
    or `assistant`. By position: a match begins in the `context`, in the `first turn` of the
    response (up to its first marker), or in a `later turn`. For roles and positions the pairs
    are all pairs, and one pair may count in several groups."""


def census(
    pairs: Iterable[Pair],
    matchers: Sequence[Matcher],
    by: Grouping | None = None,
    after: Matcher | None = None,
) -> tuple[CensusLine, ...]:
    """Count every heuristic in one pass over the pairs.

    Args:
        pairs: what to look at.
        matchers: what to look for.
        by: how to group the counts, if at all.
        after: of all matches count only those in an Assistant turn that follows straight after a
            Human turn with this pattern, whatever its scope.
    """
    totals = [_Tally() for _ in matchers]
    groups: list[dict[str, _Tally]] = [
        {name: _Tally() for name in _FIXED_GROUPS.get(by or "", ())} for _ in matchers
    ]
    seen = 0
    for pair in pairs:
        seen += 1
        for matcher, total, grouped in zip(matchers, totals, groups, strict=True):
            spans = side_spans(matcher, pair)
            if after is not None and any(spans):
                spans = _after(after, pair, spans)
            total.add(bool(spans[0]), bool(spans[1]))
            for name, chosen, rejected in _grouped(pair, spans, by):
                grouped.setdefault(name, _Tally()).add(chosen, rejected)
    return tuple(
        CensusLine(
            matcher.heuristic,
            total.counts(seen),
            {
                name: tally.counts(seen if by != "tranche" else tally.total())
                for name, tally in grouped.items()
            },
        )
        for matcher, total, grouped in zip(matchers, totals, groups, strict=True)
    )


_FIXED_GROUPS: dict[str, tuple[str, ...]] = {
    "role": ("human", "assistant"),
    "position": ("context", "first turn", "later turn"),
}


class _Tally(Counter[tuple[bool, bool]]):
    """Counts of (chosen carries it, rejected carries it)."""

    def add(self, chosen: bool, rejected: bool) -> None:
        self[chosen, rejected] += 1

    def counts(self, pairs: int) -> Counts:
        chosen, rejected, both = self[True, False], self[False, True], self[True, True]
        return Counts(chosen, rejected, both, pairs - chosen - rejected - both)


def _after(matcher: Matcher, pair: Pair, spans: tuple[Spans, Spans]) -> tuple[Spans, Spans]:
    """The spans whose turn answers a Human turn in which the matcher finds something."""
    chosen, rejected = (
        tuple(span for span in side if _answers(matcher, transcript, span[0]))
        for side, transcript in zip(spans, pair.transcripts, strict=True)
    )
    return chosen, rejected


def _answers(matcher: Matcher, transcript: str, start: int) -> bool:
    before = [turn for turn in turns(transcript) if turn.marker <= start][-2:]
    return [turn.role for turn in before] == ["human", "assistant"] and matcher.found_in(
        transcript[before[0].start : before[0].end]
    )


def _grouped(
    pair: Pair, spans: tuple[Spans, Spans], by: Grouping | None
) -> Iterator[tuple[str, bool, bool]]:
    """The groups in which this pair counts, and which sides carry the pattern there."""
    if by is None:
        return
    if by == "tranche":
        yield pair.tranche, bool(spans[0]), bool(spans[1])
        return
    if not any(spans):
        return
    chosen, rejected = (
        {_group(start, found, len(pair.context), by) for start, _ in side}
        for side, found in zip(spans, (turns(pair.transcript(side)) for side in SIDES), strict=True)
    )
    for name in _FIXED_GROUPS[by]:
        yield name, name in chosen, name in rejected


def _group(start: int, found: Sequence[Turn], context: int, by: Grouping) -> str:
    if by == "role":
        # A match that begins in a marker is of the marker's turn.
        before = [turn.role for turn in found if turn.marker <= start]
        return before[-1] if before else "before any turn"
    if start < context:
        return "context"
    later = any(context <= turn.marker <= start for turn in found)
    return "later turn" if later else "first turn"
