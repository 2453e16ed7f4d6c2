"""Features as they are typed: which to ablate, to scale or to pin."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from engine.errors import UserError

SYNTAX = "12 ablates, 12=2 scales, 12@3 pins"
_WORD = re.compile(r"[^\s,]+")
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class FeatureChanges:
    """What is done to features over the responses; each is named once."""

    ablate: tuple[int, ...] = ()
    """Set to 0."""
    scale: dict[int, float] = field(default_factory=dict)
    """Multiplied by a factor."""
    pin: dict[int, float] = field(default_factory=dict)
    """Set to a value, also where the feature is not active."""


def parse_changes(text: str) -> FeatureChanges:
    """`12,34 7=2.0 9@3.0`: ablated, scaled and pinned features; an empty text changes none.

    Raises:
        UserError: a word is none of these, or a feature is named twice.
    """
    ablate: list[str] = []
    scale: list[str] = []
    pin: list[str] = []
    for word in _WORD.findall(text):
        name, sign, value = word.partition("@")
        if sign:
            pin.append(f"{name}={value}")
        else:
            (scale if "=" in word else ablate).append(word)
    return changes(ablate, scale, pin, where=("the features",) * 3)


def changes(
    ablate: list[str], scale: list[str], pin: list[str], *, where: tuple[str, str, str]
) -> FeatureChanges:
    """From words: features, `12=2.0` and `12=3.0`. `where` names what each was typed into.

    Raises:
        UserError: a word is none of these, or a feature is named twice.
    """
    ablated = [_feature(word, where[0]) for word in ablate]
    scaled = [_assigned(word, where[1], "factor") for word in scale]
    pinned = [_assigned(word, where[2], "value") for word in pin]
    named: set[int] = set()
    for place, feature in (
        *((where[0], feature) for feature in dict.fromkeys(ablated)),
        *((where[1], feature) for feature, _ in scaled),
        *((where[2], feature) for feature, _ in pinned),
    ):
        if feature in named:
            raise UserError(f"feature {feature} is changed twice", where=place)
        named.add(feature)
    return FeatureChanges(tuple(dict.fromkeys(ablated)), dict(scaled), dict(pinned))


def _feature(word: str, where: str) -> int:
    word = word.strip().removeprefix("#")
    if not (word.isascii() and word.isdecimal() and len(word) <= _MOST_DIGITS):
        raise UserError(
            f'"{word}" is no feature', where=where, todo="Features are numbers from 0, like 12."
        )
    return int(word)


def _assigned(word: str, where: str, what: str) -> tuple[int, float]:
    name, _, text = word.partition("=")
    feature = _feature(name, where)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(
            f'"{word}" names no finite {what}', where=where, todo="A feature and a number: 12=2.0."
        )
    return feature, value
