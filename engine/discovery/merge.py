"""N-grams that say the same: nearly the same responses carry them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

SAME = 0.8
"""From this Jaccard overlap of their pairs on, two n-grams of one direction are one finding."""

Pairs = npt.NDArray[np.int32]


def merged(
    ordered: Iterable[int], pairs_of: Callable[[int], Pairs], most: int
) -> dict[int, list[int]]:
    """The first `most` findings, each with the later n-grams that say the same.

    Args:
        ordered: n-grams, the clearest first: it speaks for those that say the same.
        pairs_of: the pairs with a bearer of it, ascending.
        most: how many findings to name.
    """
    findings: dict[int, list[int]] = {}
    pairs: dict[int, Pairs] = {}
    for ngram in ordered:
        mine = pairs_of(ngram)
        same = next((at for at, theirs in pairs.items() if _jaccard(mine, theirs) >= SAME), None)
        if same is not None:
            findings[same].append(ngram)
        elif len(findings) < most:
            findings[ngram], pairs[ngram] = [], mine
    return findings


def _jaccard(left: Pairs, right: Pairs) -> float:
    smaller, larger = sorted((len(left), len(right)))
    if smaller < SAME * larger:  # they could not overlap enough
        return 0.0
    shared = len(np.intersect1d(left, right, assume_unique=True))
    return shared / (smaller + larger - shared)
