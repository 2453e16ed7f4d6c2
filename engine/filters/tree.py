"""The closed syntax tree of a filter: all that one can say, as frozen records of plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Comparison = Literal["=", "<", "<=", ">", ">="]
COMPARISONS: tuple[Comparison, ...] = (">", ">=", "<", "<=", "=")
OnFeature = Literal["feature", "attribution"]
ON_FEATURES: tuple[OnFeature, ...] = ("feature", "attribution")


@dataclass(frozen=True, slots=True)
class Compare:
    """`margin>2`. Never true of a pair whose figure is unmeasured."""

    figure: str
    comparison: Comparison
    value: float


@dataclass(frozen=True, slots=True)
class Between:
    """`row=0..295`: both ends belong to it."""

    figure: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Among:
    """`verdict=outvoted,silent`: one of them."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """`text~"sorry"`. In a text without capitals every letter stands for both its cases."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Feature:
    """`feature:32048>0`: the larger of its activations on the two sides, or its attribution.

    A feature that is not stored with a measured pair did not fire there: 0.
    """

    what: OnFeature
    number: int
    comparison: Comparison
    value: float


@dataclass(frozen=True, slots=True)
class Not:
    """True where its part is not."""

    part: Filter


@dataclass(frozen=True, slots=True)
class All:
    """Side by side, or with `and` between: every part holds. At least two."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """With `or` between: one part holds. At least two."""

    parts: tuple[Filter, ...]


Test: TypeAlias = Compare | Between | Among | Contains | Feature
Filter: TypeAlias = Test | Not | All | Either


def leaves(tree: Filter) -> Iterator[Test]:
    """The tests a filter is made of, in the order in which they were written."""
    match tree:
        case Not(part):
            yield from leaves(part)
        case All(parts) | Either(parts):
            for part in parts:
                yield from leaves(part)
        case _:
            yield tree
