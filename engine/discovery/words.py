"""What a word is, and n-grams of them as heuristics."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from engine.heuristics import Direction, Heuristic
from engine.heuristics.fold import fold
from engine.heuristics.ngram import ngram_pattern
from engine.heuristics.typed import typed_heuristic

_WORD = re.compile(r"\w+(?:'\w+)*")


def words(text: str) -> list[str]:
    """The words of a text in order, in lower case; an apostrophe inside one is part of it.

    Typographic variants are folded first, so that `don’t` and `don't` are one word.
    """
    return _WORD.findall(fold(text).lower())


def heuristic_of(ngram: Sequence[str], direction: Direction, taken: Collection[str]) -> Heuristic:
    """The n-gram as a heuristic with a name of its own: its bearers are those it was found by."""
    named = typed_heuristic(" ".join(ngram), taken, regex=True, fold=True, direction=direction)
    return replace(named, pattern=ngram_pattern(ngram))
