"""A share of an index's pairs is looked through for a pattern, in this process."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.cache.candidates import candidates, responses
from engine.cache.pairs import PairStore, Share
from engine.heuristics import Matcher, presence, side_spans
from engine.heuristics.patience import patient
from engine.hh import Pair

_AT_ONCE = 2_048

ROW = np.dtype(
    [("id", "i8"), ("on_chosen", "?"), ("context", "i4"), ("first", "i4"), ("last", "i4")]
)
"""A span: in characters of the response, beside the length of its context."""


@dataclass(slots=True)
class Found:
    """Spans as they are found: of a pair's one bearer, one row each."""

    chosen: int = 0
    rejected: int = 0
    both: int = 0
    rows: list[tuple[int, bool, int, int, int]] = field(default_factory=list)

    def look_at(self, matcher: Matcher, pair: Pair) -> None:
        """Count a pair, and keep its bearer's spans."""
        if all(presence(matcher, pair)):  # of a frequent pattern, spans would be many
            self.both += 1
        else:
            self.keep(matcher, pair)

    def keep(self, matcher: Matcher, pair: Pair) -> None:
        """Count a pair of which one side at most carries the pattern, and keep its spans."""
        chosen, rejected = side_spans(matcher, pair)
        self.chosen += bool(chosen)
        self.rejected += bool(rejected)
        context = len(pair.context)
        self.rows += [
            (pair.id, bool(chosen), context, start - context, end - context)
            for start, end in chosen or rejected
        ]


@dataclass(frozen=True, slots=True)
class Part:
    """What was found in a share of the pairs."""

    chosen: int
    rejected: int
    both: int
    spans: npt.NDArray[np.void]


def look_through(store: PairStore, matcher: Matcher, share: Share) -> Part:
    """Count the pairs that carry a pattern, and keep where one side alone does.

    Raises:
        UserError: a regular expression takes too long on a text, in a main thread.
    """
    found = Found()
    with patient(matcher) as tried:
        if matcher.heuristic.scope == "response":
            _look_through_responses(store, tried, share, found)
        else:
            for pair in candidates(store, tried, share):
                found.look_at(tried, pair)
    return Part(found.chosen, found.rejected, found.both, np.array(found.rows, dtype=ROW))


def _look_through_responses(store: PairStore, matcher: Matcher, share: Share, found: Found) -> None:
    """Read contexts of those pairs alone that one side's response makes bearers."""
    bearing: list[int] = []
    for identifier, *sides in responses(store, matcher, share):
        carried = sum(map(matcher.found_in, sides))
        found.both += carried == 2
        if carried == 1:
            bearing.append(identifier)
    bearing.sort()
    for start in range(0, len(bearing), _AT_ONCE):
        for pair in store.pairs(bearing[start : start + _AT_ONCE]):
            found.keep(matcher, pair)
