"""What could stand at each kind of place in a filter, and what it means there."""

from __future__ import annotations

from engine.filters.error import Candidate, Expected
from engine.filters.fields import FIGURES, NAMES, TEXTS

NUMBER = Expected(hint="a number, as 0.5")
RANGE = Expected(hint="two numbers, as 0.5..2")
WORD = Expected(hint="a word, or one in quotes")
COMPARE = Expected(
    (
        Candidate(">", "above"),
        Candidate(">=", "at least"),
        Candidate("<", "below"),
        Candidate("<=", "at most"),
        Candidate("=", "equal to, or within as in 0.5..2"),
        Candidate("!=", "other than"),
    )
)
EQUAL = Expected((Candidate("=", "is one of"), Candidate("!=", "is none of")))
LIKE = Expected((Candidate("~", "contains"), Candidate("!~", "does not contain")))
_FEATURES = (
    Candidate("feature:", "a feature's activation, as feature:32048>0"),
    Candidate("attribution:", "a feature's attribution to the margin"),
)
_BEFORE = (Candidate("not", "turn the next test round"), Candidate("(", "open a group"))
_JOINS = (
    Candidate("or", "the test before, or the ones that follow"),
    Candidate("and", "may be left out"),
)
_ENOUGH_IN_COMMON = 0.6


def begin_test(like: str = "") -> Expected:
    """Where a test may begin; words that resemble `like` come first."""
    fields = (*FIGURES.values(), *NAMES.values(), *TEXTS.values())
    words = (*(field.candidate for field in fields), *_FEATURES)
    if like:
        from difflib import get_close_matches  # for mistakes only

        close = get_close_matches(like, [word.text for word in words], cutoff=_ENOUGH_IN_COMMON)
        words = tuple(sorted(words, key=lambda word: word.text not in close))
    return Expected((*words, *_BEFORE))


def after_test(*, nested: bool) -> Expected:
    """Behind a whole test: another one, a join, or the end of a group."""
    closing = (Candidate(")", "close the group"),) if nested else ()
    return Expected((*closing, *begin_test().candidates, *_JOINS))
