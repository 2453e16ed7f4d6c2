"""What a word is, and the pattern that finds n-grams of them again."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from engine.heuristics import Direction, Heuristic
from engine.heuristics.fold import fold
from engine.heuristics.typed import typed_heuristic

_WORD = re.compile(r"\w+(?:'\w+)*")
_NOT_WITHIN = r"(?<!\w)(?<!\w')"
_BETWEEN = r"(?!'\w)\W+"
_NOT_GOING_ON = r"(?!'?\w)"


def words(text: str) -> list[str]:
    """The words of a text in order, in lower case; an apostrophe inside one is part of it.

    Typographic variants are folded first, so that `don’t` and `don't` are one word.
    """
    return _WORD.findall(fold(text).lower())


def pattern(ngram: Sequence[str]) -> str:
    """A regular expression, to be used with `fold`, that finds the n-gram as whole words."""
    return f"(?i){_NOT_WITHIN}{_BETWEEN.join(map(re.escape, ngram))}{_NOT_GOING_ON}"


def heuristic_of(ngram: Sequence[str], direction: Direction, taken: Collection[str]) -> Heuristic:
    """The n-gram as a heuristic with a name of its own: its bearers are those it was found by."""
    named = typed_heuristic(" ".join(ngram), taken, regex=True, fold=True, direction=direction)
    return replace(named, pattern=pattern(ngram))
