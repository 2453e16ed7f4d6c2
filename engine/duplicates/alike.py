"""When two pairs say nearly the same: by their contexts, and by their responses side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.duplicates.shingles import Shingler, Shingles, jaccard
from engine.hh import Pair

ALIKE = 0.8
"""Of context, and of each response with its counterpart, this share of shingles is the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Shingled:
    """A pair's texts, each as the set of its shingles."""

    context: Shingles
    chosen: Shingles
    rejected: Shingles


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two pairs are, and whether their labels contradict each other."""

    similarity: float
    """The least of three: of the contexts and of the responses that go together."""
    swapped: bool
    """What is chosen in one is rejected in the other."""

    @property
    def holds(self) -> bool:
        """Whether they are near-duplicates."""
        return self.similarity >= ALIKE


def shingled(pair: Pair, shingler: Shingler) -> Shingled:
    """A pair by its shingles."""
    return Shingled(*(np.unique(shingler(text)) for text in _texts(pair)))


def all_shingles(pair: Pair, shingler: Shingler) -> Shingles:
    """Those of any of its texts: the same whichever response was chosen."""
    return np.concatenate([shingler(text) for text in _texts(pair)])


def _texts(pair: Pair) -> tuple[str, str, str]:
    return pair.context, pair.chosen, pair.rejected


def likeness(one: Shingled, other: Shingled) -> Likeness:
    """How alike two pairs are, the way round in which they are more so; else with one label."""
    context = jaccard(one.context, other.context)
    if context < ALIKE:
        return Likeness(context, swapped=False)
    same = min(jaccard(one.chosen, other.chosen), jaccard(one.rejected, other.rejected))
    swapped = min(jaccard(one.chosen, other.rejected), jaccard(one.rejected, other.chosen))
    return Likeness(min(context, max(same, swapped)), swapped=swapped > same)
