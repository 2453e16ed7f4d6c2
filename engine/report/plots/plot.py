"""What a plot shows, as data: nothing here draws, and nothing here loads a plotting library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.verdict import Interval, ReliabilityBin

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Bars:
    """Two series of horizontal bars side by side: the first full and blue, the second hatched."""

    rows: Sequence[str]
    series: tuple[str, str]
    first: Sequence[Interval | None]
    """By row; None: no bar. An interval of no width has no whisker."""
    second: Sequence[Interval | None]
    across: str
    """What the axis is."""
    percent: bool = True
    """Whether the figures are shares."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure of several rows: a point each, with its interval."""

    across: str
    found: Sequence[Interval | None]
    reference: float
    """Where a line stands: what says nothing."""
    percent: bool


@dataclass(frozen=True, slots=True)
class Dots:
    """The same rows under several panels."""

    rows: Sequence[str]
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Curve:
    """Reliability of some pairs, at T = 1 and at the T that fits (empty where there is none)."""

    of: str
    bins: Sequence[ReliabilityBin]
    fitted: Sequence[ReliabilityBin]


@dataclass(frozen=True, slots=True)
class Reliability:
    """One small plot for each of them."""

    curves: Sequence[Curve]


@dataclass(frozen=True, slots=True)
class Scatter:
    """Points against the line on which both axes agree."""

    points: Sequence[Point]
    across: str
    up: str


Plot: TypeAlias = Bars | Dots | Reliability | Scatter
