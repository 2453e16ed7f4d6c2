"""MinHash signatures of pairs (Broder 1997), by datasketch, and which pairs share a band of them.

Signatures only propose: whether two pairs are near-duplicates is decided on their shingles.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from datasketch import MinHash, MinHashLSH

from engine.duplicates.shingles import Shingles

BANDS, ROWS = 25, 5
"""Of pairs that are 80% alike it proposes 99.99%, of those that are 30% alike one in sixteen."""
SIZE = BANDS * ROWS

Signatures = npt.NDArray[np.uint32]
"""[pairs, SIZE]."""

_SCHEME = "affine32"
_MIXED = np.uint64(0x9E3779B97F4A7C15)


class Signer:
    """Signs sets of shingles, all with the same permutations."""

    def __init__(self) -> None:
        self._permutations = self._new().permutations

    def sign(self, shingles: Shingles) -> npt.NDArray[np.uint32]:
        """[SIZE]: the signature of a set; its shingles may come more than once."""
        made = self._new(permutations=self._permutations)
        made.update_batch(shingles.tolist())
        signature: npt.NDArray[np.uint32] = made.hashvalues
        return signature

    def read(self, signature: npt.NDArray[np.uint32]) -> MinHash:
        """A signature as datasketch's own."""
        return self._new(permutations=self._permutations, hashvalues=signature)

    def _new(self, **known: object) -> MinHash:
        # Shingles are numbers already; datasketch mixes them before it permutes.
        return MinHash(SIZE, hashfunc=int, scheme=_SCHEME, **known)


def new_buckets() -> MinHashLSH:
    """Where signatures are put to be found again by any band of theirs."""
    return MinHashLSH(num_perm=SIZE, params=(BANDS, ROWS))


def colliding(signatures: Signatures) -> npt.NDArray[np.bool_]:
    """[pairs]: whether a pair shares a band with any other; most do not, and need no bucket."""
    found = np.zeros(len(signatures), dtype=np.bool_)
    for start in range(0, SIZE, ROWS):
        band = np.zeros(len(signatures), dtype=np.uint64)
        for column in range(start, start + ROWS):
            band = (band ^ signatures[:, column]) * _MIXED
        _, inverse, counts = np.unique(band, return_inverse=True, return_counts=True)
        found |= counts[inverse] > 1
    return found


def stacked(signatures: Iterable[npt.NDArray[np.uint32]], pairs: int) -> Signatures:
    """Signatures one below the other, without ever being held twice."""
    made = np.empty((pairs, SIZE), dtype=np.uint32)
    for place, signature in enumerate(signatures):
        made[place] = signature
    return made
