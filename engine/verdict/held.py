"""Whether the PM holds a heuristic at all, by what deleting the pattern does (docs/verdicts.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.heuristics.heuristic import Direction

if TYPE_CHECKING:  # intervals need numpy, and these few lines are wanted before it is loaded
    from engine.verdict.intervals import Interval

Held = Literal["held", "not held", "undetermined", "unmeasured", "no deletion"]
"""The last of a feature as heuristic, which has no text to delete: its direction is as stated."""
Stated = Literal["lowers", "raises"]

FEWEST_CONTEXTS = 2
"""A bootstrap draws only what it is given: of one context it makes an interval of no width, which
is none."""


def held(direction: Direction, deletion: Interval | None, contexts: int) -> Held:
    """What the mean deletion effect's interval says of the stated direction.

    A deletion effect is r(bearer) - r(bearer without the pattern): above zero the pattern raises
    reward. Wholly on the stated side of zero: `held`; wholly on the other: `not held`; zero in it
    or on its edge, or too few contexts to tell: `undetermined`; None: `unmeasured`. `auto` takes
    the side that it finds.

    Args:
        direction: as stated.
        deletion: the effect, bootstrapped over contexts.
        contexts: how many those are.
    """
    if deletion is None:
        return "unmeasured"
    if contexts < FEWEST_CONTEXTS or deletion.low <= 0 <= deletion.high:
        return "undetermined"
    found: Stated = "raises" if deletion.low > 0 else "lowers"
    return "held" if direction in ("auto", found) else "not held"


def resolve(direction: Direction, deletion_mean: float | None) -> Stated | None:
    """The direction to judge by: as stated, or for `auto` the mean deletion effect's side.

    None for `auto` where that mean is unmeasured or exactly zero: then no pair has a kind.
    """
    if direction != "auto":
        return direction
    if deletion_mean is None or deletion_mean == 0:
        return None
    return "raises" if deletion_mean > 0 else "lowers"
