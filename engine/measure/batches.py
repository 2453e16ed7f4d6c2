"""Batches by token budget over sorted lengths. They never decide what a part holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.measure.prepare import Prepared

TOKEN_BUDGET = 2048
"""Columns in a batch, padding included. On two cores more is no faster (tests/bench)."""


def batches(pairs: Sequence[Prepared], budget: int = TOKEN_BUDGET) -> Iterator[list[Prepared]]:
    """Pairs of like length together, as many as fit; one that fits nowhere goes alone."""
    waiting: list[Prepared] = []
    for prepared in sorted(pairs, key=_length):
        # Sorted by length: the newcomer is the longest.
        if waiting and prepared.bundle().tokens * (len(waiting) + 1) > budget:
            yield waiting
            waiting = []
        waiting.append(prepared)
    if waiting:
        yield waiting


def _length(prepared: Prepared) -> tuple[int, int]:
    return prepared.bundle().tokens, prepared.pair.id
