"""Which pairs may carry a pattern at all: found by DuckDB, so that Python looks at few of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

import duckdb

from engine.cache.filter_sql import is_text
from engine.cache.pairs import ALL, PairStore, Responses, Share
from engine.heuristics import Heuristic, Matcher
from engine.heuristics.fold import fold, fold_regex
from engine.heuristics.relaxed import relaxed
from engine.heuristics.required import Needles, ignores_case, required
from engine.hh import Pair

_BATCH = 2_048
_FOLDED = str.maketrans(dict.fromkeys("'\"- `", " "))
"""The characters that a folded pattern may find written otherwise."""
_RARE = 3
"""Characters of a regular expression that are worth looking for: fewer stand nearly anywhere."""


def candidates(store: PairStore, matcher: Matcher, share: Share = ALL) -> Iterator[Pair]:
    """At least all pairs of a share that carry the pattern, in the order of their ids.

    Which ones do is for the matcher to say. A folded pattern is looked for by the words between
    its apostrophes and spaces, a regular expression by the texts that its every match holds, or
    by RE2, which finds at least what Python's own finds. One of which neither tells anything may
    be anywhere.
    """
    ids = _holding(store, matcher.heuristic, share)
    if ids is None:
        yield from store.iter_pairs(share=share)
        return
    for start in range(0, len(ids), _BATCH):
        yield from store.pairs(ids[start : start + _BATCH])


def responses(store: PairStore, matcher: Matcher, share: Share = ALL) -> Iterator[Responses]:
    """The same of a pattern that must lie in a response: contexts are most of the text."""
    ids = _holding(store, matcher.heuristic, share)
    if ids is None:
        yield from store.iter_responses(share)
        return
    for start in range(0, len(ids), _BATCH):
        yield from store.responses(ids[start : start + _BATCH])


def _holding(store: PairStore, heuristic: Heuristic, share: Share) -> list[int] | None:
    """The pairs that hold what DuckDB can look for; None: there is no such thing."""
    wanted = literals(heuristic)
    if wanted:
        return _holding_texts(store, heuristic, wanted, share)
    if not heuristic.regex:
        return None
    pattern = fold_regex(heuristic.pattern) if heuristic.fold else heuristic.pattern
    expression = relaxed(pattern, fold=heuristic.fold)
    if expression is None or not is_text(expression):
        return None
    found = " OR ".join(f"regexp_matches({place}, ?)" for place in _places(heuristic))
    with suppress(duckdb.InvalidInputException):  # it is too large for RE2
        return store.ids_where(found, [expression] * 2, share)
    return None


def _places(heuristic: Heuristic) -> list[str]:
    """What is looked through of a pair, as SQL."""
    sides = ["chosen", "rejected"]
    return sides if heuristic.scope == "response" else [f"context || {side}" for side in sides]


def _holding_texts(
    store: PairStore, heuristic: Heuristic, wanted: Sequence[Needles], share: Share
) -> list[int]:
    ways = [needles for needles in wanted if all(map(is_text, needles))]
    places = _places(heuristic)
    if heuristic.regex and ignores_case(heuristic.pattern):
        places = [f"lower({place})" for place in places]
    found = " OR ".join(
        "(" + " AND ".join(f"contains({place}, ?)" for _ in needles) + ")"
        for place in places
        for needles in ways
    )
    every = [text for needles in ways for text in needles]
    return store.ids_where(found, every * len(places), share) if ways else []


def literals(heuristic: Heuristic) -> tuple[Needles, ...]:
    """Alternatives of texts: every match holds all texts of one, however it is written.

    None where a match may hold anything, or nothing that is rare: a regular expression says so.
    """
    if not heuristic.regex:
        needles = _unfolded(heuristic.pattern) if heuristic.fold else (heuristic.pattern,)
        return (needles,) if needles else ()
    found = required(fold_regex(heuristic.pattern) if heuristic.fold else heuristic.pattern)
    if heuristic.fold:
        found = tuple(tuple(part for text in each for part in _unfolded(text)) for each in found)
    rare = tuple(tuple(text for text in each if len(text) >= _RARE) for each in found)
    return rare if all(rare) else ()


def _unfolded(text: str) -> Needles:
    """The words between the characters that folding may have written."""
    words = fold(text).translate(_FOLDED).split(" ")
    return tuple(dict.fromkeys(word for word in words if word))
