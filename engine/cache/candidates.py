"""Which pairs may carry a pattern at all: found by DuckDB, so that Python looks at few of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.cache.filter_sql import is_text
from engine.cache.pairs import PairStore
from engine.heuristics import Heuristic, Matcher
from engine.heuristics.fold import fold
from engine.hh import Pair

_BATCH = 2_048
_FOLDED = str.maketrans(dict.fromkeys("'\"- `", " "))
"""The characters that a folded pattern may find written otherwise."""


def candidates(store: PairStore, matcher: Matcher) -> Iterator[Pair]:
    """At least all pairs that carry the pattern, in the order of their ids.

    Which ones do is for the matcher to say. A folded pattern is looked for by the words between
    its apostrophes and spaces; a regular expression may be anywhere, but where it must lie in a
    response the contexts need not be read.
    """
    heuristic = matcher.heuristic
    needles = literals(heuristic)
    if needles:
        ids = _holding(store, heuristic, needles)
    elif heuristic.scope == "response":
        ids = [
            identifier
            for identifier, *responses in store.iter_responses()
            if any(matcher.spans(response, 0) for response in responses)
        ]
    else:
        yield from store.iter_pairs()
        return
    for start in range(0, len(ids), _BATCH):
        yield from store.pairs(ids[start : start + _BATCH])


def _holding(store: PairStore, heuristic: Heuristic, needles: Sequence[str]) -> list[int]:
    if not all(map(is_text, needles)):
        return []
    places = ["chosen", "rejected"]
    if heuristic.scope != "response":
        places = [f"context || {place}" for place in places]
    found = " OR ".join(
        "(" + " AND ".join(f"contains({place}, ?)" for _ in needles) + ")" for place in places
    )
    return store.ids_where(found, [*needles, *needles])


def literals(heuristic: Heuristic) -> tuple[str, ...]:
    """Texts that stand in every match, however it is written; none for a regular expression."""
    if heuristic.regex:
        return ()
    if not heuristic.fold:
        return (heuristic.pattern,)
    words = fold(heuristic.pattern).translate(_FOLDED).split(" ")
    return tuple(dict.fromkeys(word for word in words if word))
