"""By what the pair screen shades tokens: its heuristic's features, all, one, the reward. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.cache.breakdown import SideTokens, TokenEffects
from engine.counted import counted
from engine.hh import SIDES, Side
from tui.widgets.shading import Shade, shades

ShadeBy = Literal["nothing", "own", "all", "running", "without", "feature"]
CYCLE: tuple[ShadeBy, ...] = ("nothing", "own", "all", "running", "without")
"""What one key goes through; a feature of the table is chosen by another."""
_TOWARD = "⁺ toward chosen, ⁻ toward rejected"
_RUNNING = "tokens by what each adds to its text's running reward"
_NOT_STORED = "not stored: r measures it"


@dataclass(frozen=True, slots=True)
class Shading:
    """One way of shading, ready to be drawn."""

    title: str
    largest: float
    by_side: dict[Side, tuple[Shade, ...]]


def shading(
    tokens: TokenEffects | None, by: ShadeBy, own: tuple[int, ...], feature: int | None
) -> Shading | str | None:
    """The shades of both sides on one scale; a sentence where there is nothing to shade by.

    Args:
        tokens: what is known by token.
        by: the figure.
        own: the heuristic's features.
        feature: the one to shade by where that is asked for.
    """
    if by == "nothing":
        return None
    if tokens is None:
        return f"tokens: {_NOT_STORED}"
    if by in ("own", "without") and not own:
        return "tokens: no features stand for the heuristic here"
    values = {side: _values(tokens.side(side), by, own, feature) for side in SIDES}
    if None in values.values():
        return f"tokens by the running reward: {_NOT_STORED}"
    largest = max((abs(value) for found in values.values() for value in found or ()), default=0.0)
    return Shading(
        title=_title(by, own, feature),
        largest=largest,
        by_side={
            side: shades(tokens.side(side).spans, found, largest)
            for side, found in values.items()
            if found is not None
        },
    )


def _values(
    side: SideTokens, by: ShadeBy, own: tuple[int, ...], feature: int | None
) -> tuple[float, ...] | None:
    match by:
        case "own":
            return side.of(own)
        case "feature":
            return side.of(() if feature is None else (feature,))
        case "running":
            return side.running
        case "without":
            return side.running_without(own)
        case _:
            return side.total


def _title(by: ShadeBy, own: tuple[int, ...], feature: int | None) -> str:
    which = f"the heuristic's {counted(len(own), 'feature')}"
    match by:
        case "own":
            return f"tokens by attribution (first order) of {which} · {_TOWARD}"
        case "feature":
            return f"tokens by attribution (first order) of #{feature} · {_TOWARD}"
        case "running":
            return f"{_RUNNING}, ⁺ more, ⁻ less"
        case "without":
            return f"{_RUNNING} without {which}, ⁺ more, ⁻ less"
        case _:
            return f"tokens by attribution (first order) of all features · {_TOWARD}"
