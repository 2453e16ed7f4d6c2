"""Whether two readings of the same pairs agree: a person's and the PM's, or two persons'. Pure.

A mark reads a pair's label: `clear` says that the chosen response is the better one, `label wrong`
that the rejected one is, `unclear` that neither is. The PM's margin says the same three things:
above the margin threshold it prefers chosen, below its negative rejected (`pm-wrong`), between
them neither (`tie`). Other marks (`interesting`, `exclude`) read nothing and count nowhere here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.verdict.intervals import Interval, share_interval

Preferred = Literal["chosen", "neither", "rejected"]
PREFERRED: tuple[Preferred, ...] = ("chosen", "neither", "rejected")
READINGS: dict[str, Preferred] = {
    "clear": "chosen",
    "unclear": "neither",
    "label wrong": "rejected",
}
"""What a mark says of the better response."""


def preferred(margin: float, threshold: float) -> Preferred:
    """The response a margin prefers; `neither` within the margin threshold (verdict `tie`)."""
    if abs(margin) <= threshold:
        return "neither"
    return "chosen" if margin > 0 else "rejected"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two readings of the same pairs agree."""

    counts: dict[tuple[Preferred, Preferred], int]
    """Pairs by both readings, the first reader's first; what does not occur is left out."""
    share: Interval
    """Of the pairs that both read alike."""
    kappa: float | None
    """Agreement beyond chance; None where chance alone would agree on every pair."""

    @property
    def pairs(self) -> int:
        return sum(self.counts.values())


def agreement(
    readings: Sequence[tuple[Preferred, Preferred]], context_hashes: Sequence[str]
) -> Agreement | None:
    """How two readings of the same pairs agree; None of no pairs.

    Args:
        readings: of each pair, both.
        context_hashes: of each pair, what groups it: contexts repeat.
    """
    share = share_interval([first == second for first, second in readings], context_hashes)
    if share is None:
        return None
    return Agreement(dict(Counter(readings)), share, cohen_kappa(readings))


def cohen_kappa(readings: Sequence[tuple[Preferred, Preferred]]) -> float | None:
    """(observed - expected) / (1 - expected), expected from both readers' own shares (Cohen 1960).

    None without pairs, or where both readers say one and the same thing of every pair.
    """
    pairs = len(readings)
    if pairs == 0:
        return None
    first, second = (Counter(reading[place] for reading in readings) for place in (0, 1))
    # Whole numbers until the last step: where chance explains all, the difference is exactly 0.
    agreed = pairs * sum(a == b for a, b in readings)
    chance = sum(first[side] * second[side] for side in PREFERRED)
    beyond = pairs * pairs - chance
    return None if beyond == 0 else (agreed - chance) / beyond
