"""Batches by token budget over sorted lengths. They never decide what a part holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from engine.measure.prepare import Prepared

TOKEN_BUDGET = 1024
"""Columns in a batch, padding included. On two cores half and twice as many were 5 to 9% slower:
few rows make poor products, and many neither fit the cache nor are of one length."""


def batches(
    pairs: Sequence[Prepared], *, resumed: bool, budget: int = TOKEN_BUDGET
) -> Iterator[list[Prepared]]:
    """Pairs of like length together, as many as fit; one that fits nowhere goes alone.

    Args:
        pairs: what to batch.
        resumed: whether the batches will be run again from the hook point, where only what
            follows the prefix costs: like rests then matter as much as like lengths.
        budget: columns in a batch, at most.
    """
    key = _class_and_rest if resumed else _length
    waiting: list[Prepared] = []
    width = 0
    for prepared in sorted(pairs, key=key):
        wider = max(width, prepared.bundle().tokens)
        if waiting and wider * (len(waiting) + 1) > budget:
            yield waiting
            waiting, wider = [], prepared.bundle().tokens
        waiting.append(prepared)
        width = wider
    if waiting:
        yield waiting


def _length(prepared: Prepared) -> tuple[int, int, int]:
    return 0, prepared.bundle().tokens, prepared.pair.id


def _class_and_rest(prepared: Prepared) -> tuple[int, int, int]:
    """Lengths within a factor of sqrt(2) are of one class; inside it rests are sorted."""
    made = prepared.bundle()
    return int(2 * math.log2(max(1, made.tokens))), made.rest, prepared.pair.id
