"""A margin taken apart: by token, and by ablating one part after the other. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.hh import Side

Part = Literal["own", "feature", "rest", "error"]
"""The heuristic's features, one other feature, all other features, the SAE error."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What the margin loses when one part is ablated after all parts before it."""

    part: Part
    features: tuple[int, ...]
    """Those of `own` and `feature`; empty for the others."""
    size: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The margin as a sum: the sizes of the bars and the baseline add up to it."""

    heuristic: str | None
    """Whose features go first; None where no heuristic has a bearer in the pair."""
    margin: float
    bars: tuple[Bar, ...]
    baseline: float
    """The margin with all features and the SAE error ablated over the response positions."""


@dataclass(frozen=True, slots=True)
class RunningWithout:
    """The running reward by token with a group of features ablated over the responses."""

    features: tuple[int, ...]
    steps: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SideTokens:
    """One response cut into tokens, whole characters each, and what each adds to the margin."""

    spans: tuple[tuple[int, int], ...]
    """In characters of the response, ascending."""
    total: tuple[float, ...]
    """By token: the attribution of all features; above zero it pushes toward chosen."""
    by_feature: dict[int, tuple[tuple[int, float], ...]]
    """By feature that is told: (place of the token, attribution) where it is active."""
    running: tuple[float, ...] | None
    """By token: how much the PM's reward changes if the text ends with it and not before it; None
    where it was not measured."""
    without: tuple[RunningWithout, ...] = ()
    """The same without the features of each heuristic that has a bearer in the pair."""

    def __post_init__(self) -> None:
        figures = [self.total, self.total if self.running is None else self.running]
        figures += [made.steps for made in self.without]
        places = (place for entries in self.by_feature.values() for place, _ in entries)
        if any(len(values) != len(self.spans) for values in figures) or not all(
            0 <= place < len(self.spans) for place in places
        ):
            raise ValueError("its figures are not of its tokens")

    def of(self, features: tuple[int, ...]) -> tuple[float, ...]:
        """By token: the attribution of some features together."""
        found = [0.0] * len(self.spans)
        for feature in features:
            for place, value in self.by_feature.get(feature, ()):
                found[place] += value
        return tuple(found)

    def running_without(self, features: tuple[int, ...]) -> tuple[float, ...] | None:
        """The running reward without some features; None where it was not measured."""
        return next((made.steps for made in self.without if made.features == features), None)


@dataclass(frozen=True, slots=True)
class TokenEffects:
    """Both responses."""

    chosen: SideTokens
    rejected: SideTokens

    def side(self, side: Side) -> SideTokens:
        return self.chosen if side == "chosen" else self.rejected


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What a running PM adds to fresh figures where it is asked to."""

    tokens: TokenEffects
    waterfalls: tuple[Waterfall, ...] = field(default=())
    """One for each heuristic with a bearer; one without a heuristic where none has."""

    def waterfall(self, heuristic: str | None) -> Waterfall | None:
        """The one of a heuristic, or the first."""
        named = [made for made in self.waterfalls if made.heuristic == heuristic]
        return next(iter(named or self.waterfalls), None)
