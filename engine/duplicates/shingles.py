"""A text as its shingles: three words in a row, each one a number of 32 bits."""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

from engine.discovery.words import words

LENGTH = 3
"""Words of a shingle: one word changed in thirty leaves two texts 80% alike."""

Shingles = npt.NDArray[np.uint32]

_STEP = np.uint32(0x9E3779B1)  # odd: no two words of a shingle weigh the same


class _Numbers(dict[str, int]):
    """The number of each word that was met."""

    def __missing__(self, word: str) -> int:
        self[word] = number = zlib.crc32(word.encode("utf-8", "surrogatepass"))
        return number


class Shingler:
    """Texts to shingles; it remembers the words it has met."""

    def __init__(self) -> None:
        self._numbers = _Numbers()

    def __call__(self, text: str) -> Shingles:
        """[shingles] of a text, in order: capitals, punctuation and typographic variants aside.

        A text of one or two words is one shingle, one without a word has none.
        """
        found = np.array([*map(self._numbers.__getitem__, words(text))], dtype=np.uint32)
        if 0 < len(found) < LENGTH:
            found = np.pad(found, (0, LENGTH - len(found)))
        last = max(0, len(found) - LENGTH + 1)
        made = found[:last]
        for place in range(1, LENGTH):
            made = made * _STEP + found[place : last + place]
        return made


def jaccard(one: Shingles, other: Shingles) -> float:
    """Shared shingles by all shingles (Jaccard 1912); 1 where neither has any.

    Args:
        one: a text's shingles, each once.
        other: another's.
    """
    shared = np.intersect1d(one, other, assume_unique=True).size
    either = one.size + other.size - shared
    return shared / either if either else 1.0
