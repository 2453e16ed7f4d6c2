"""Which pairs carry which n-grams: counted level by level, so that the rare ones cost nothing.

An n-gram that enough pairs carry is made of two shorter ones that at least as many pairs carry
(Agrawal and Srikant 1994). So the numbers of the n-grams of one level, two side by side, make the
keys of the next: keys are exact, nothing is hashed away, and what is rare drops out early.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.discovery.words import words

LONGEST = 4
"""Words of an n-gram at most."""

Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """The words of all responses, one after the other."""

    vocabulary: tuple[str, ...]
    pairs: int
    word: Places
    """[tokens]: place in the vocabulary."""
    response: Places
    """[tokens]: twice the pair's number, and one more on the rejected side."""


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """The n-grams of one length that enough pairs carry, and on which responses."""

    ngrams: Ints
    """[n-grams, words]: places in the vocabulary."""
    thing: Places
    """[entries], ascending: which n-gram; one entry for each response that carries it."""
    response: Places
    """[entries], ascending for each n-gram."""


def read_texts(responses: Iterable[tuple[str, str]]) -> Texts:
    """Take in the chosen and the rejected response of every pair, in order."""
    places: dict[str, int] = {}
    found, lengths = array("i"), array("i")
    for sides in responses:
        for text in sides:
            before = len(found)
            found.extend(places.setdefault(word, len(places)) for word in words(text))
            lengths.append(len(found) - before)
    return Texts(
        vocabulary=tuple(places),
        pairs=len(lengths) // 2,
        word=np.frombuffer(found, dtype=np.int32),
        response=np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
    )


def ngrams(texts: Texts, floor: int, longest: int = LONGEST) -> Iterator[Carried]:
    """The n-grams that at least `floor` pairs carry on either side, the short ones first."""
    level, places = texts.word, np.arange(len(texts.word), dtype=np.int32)
    made = np.arange(len(texts.vocabulary), dtype=np.int64)[:, None]
    for length in range(1, longest + 1):
        if length > 1:
            beside = places[1:] == places[:-1] + 1
            beside &= texts.response[places[1:]] == texts.response[places[:-1]]
            keys = level[:-1][beside] * np.int64(len(made)) + level[1:][beside]
            places = places[:-1][beside]
            numbers, level = _numbered(keys, floor)
            made = np.column_stack((made[numbers // len(made)], made[numbers % len(made), -1]))
            frequent = level >= 0
            level, places = level[frequent], places[frequent]
        carried, renamed = _carried(made, level, texts.response[places], texts.pairs, floor)
        made, level = carried.ngrams, renamed[level]
        frequent = level >= 0
        level, places = level[frequent], places[frequent]
        yield carried


def _numbered(keys: Ints, floor: int) -> tuple[Ints, Places]:
    """The keys that occur so often, ascending, and which of them each one is, or -1."""
    ordered = np.sort(keys)
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    counts = np.diff(starts, append=len(ordered))
    frequent = ordered[starts[counts >= floor]]
    del ordered, starts, counts
    found = pc.fill_null(pc.index_in(pa.array(keys), pa.array(frequent)), -1)
    return frequent, found.to_numpy()


def _carried(
    made: Ints, level: Places, response: Places, pairs: int, floor: int
) -> tuple[Carried, Places]:
    """What enough pairs carry of the n-grams made; and each one's number among those, or -1."""
    entries = level * np.int64(2 * pairs) + response
    entries.sort()
    entries = entries[np.diff(entries, prepend=-1) != 0]
    thing, response = (part.astype(np.int32) for part in np.divmod(entries, max(2 * pairs, 1)))
    # Both sides of a pair stand next to each other: the pair counts once.
    once = np.diff(entries // 2, prepend=-1) != 0
    del entries
    kept = np.bincount(thing[once], minlength=len(made)) >= floor
    renamed = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
    held = kept[thing]
    return Carried(made[kept], renamed[thing[held]], response[held]), renamed
