"""Where two texts differ, word by word: for the eye, never for a figure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

Spans = tuple[tuple[int, int], ...]

MOST_WORDS = 3000
"""Between the words that both texts begin and end with. Above it, all of them differ."""

_WORD = re.compile(r"\S+")


@lru_cache(maxsize=4)
def differences(left: str, right: str) -> tuple[Spans, Spans]:
    """The runs of words that differ, as spans of characters of each text, in order.

    There are as many on both sides: what one side has for the other's. An empty span stands where
    a side has nothing. A few shared words between two longer differences belong to them: that two
    sentences both say "the" is no likeness.
    """
    lefts, rights = (list(_WORD.finditer(text)) for text in (left, right))
    a, b = [word.group() for word in lefts], [word.group() for word in rights]
    start = _shared(a, b)
    end = _shared(a[start:][::-1], b[start:][::-1])
    runs = _runs(a[start : len(a) - end], b[start : len(b) - end])
    return (
        tuple(_span(lefts, start + run[0], start + run[1], left) for run in runs),
        tuple(_span(rights, start + run[2], start + run[3], right) for run in runs),
    )


def _shared(a: Sequence[str], b: Sequence[str]) -> int:
    """How many words two texts begin with together."""
    shortest = min(len(a), len(b))
    return next((at for at in range(shortest) if a[at] != b[at]), shortest)


def _runs(a: list[str], b: list[str]) -> list[tuple[int, int, int, int]]:
    """Differing runs as places of words: from and to in `a`, from and to in `b`."""
    if not a and not b:
        return []
    if len(a) + len(b) > MOST_WORDS:
        return [(0, len(a), 0, len(b))]
    changes = [
        change[1:] for change in SequenceMatcher(None, a, b).get_opcodes() if change[0] != "equal"
    ]
    runs = changes[:1]
    for change in changes[1:]:
        before = runs[-1]
        shared = change[0] - before[1]
        if shared < _length(before) and shared < _length(change):
            runs[-1] = (before[0], change[1], before[2], change[3])
        else:
            runs.append(change)
    return runs


def _length(run: tuple[int, int, int, int]) -> int:
    return max(run[1] - run[0], run[3] - run[2])


def _span(words: list[re.Match[str]], first: int, last: int, text: str) -> tuple[int, int]:
    """The characters of some words; where there are none, an empty span before the next."""
    if first < last:
        return words[first].start(), words[last - 1].end()
    place = words[first].start() if first < len(words) else len(text)
    return place, place
