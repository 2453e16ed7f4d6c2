"""Ways in which a dictionary falls short of the truth: features dropped, split and merged."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tests.engine.planted.dictionary import Dictionary
from tests.engine.planted.network import directions
from tests.engine.planted.words import AXES, FEATURES, PLANTED, RARER

_FAR = 4.0
"""How far a split latent looks along an axis: further than any word's amounts reach."""


@dataclass(frozen=True, slots=True)
class Damage:
    """One kind of damage at one strength."""

    kind: str
    strength: float
    """The share of features dropped or merged; of a split feature's words, those of its smaller
    part."""
    inflict: Callable[[Dictionary, random.Random], Dictionary]


def damages() -> tuple[Damage, ...]:
    """Every kind from none to most. What is dropped or merged is drawn, the weaker part of it
    also where the damage is stronger."""
    return (
        *(Damage("dropped", share, _dropping(share)) for share in (0.1, 0.25, 0.5, 0.75, 1.0)),
        *(Damage("split", share, _splitting(axis)) for axis, share in enumerate(RARER)),
        *(Damage("merged", share, _merging(share)) for share in (0.1, 0.25, 0.5, 1.0)),
    )


def dropped(dictionary: Dictionary, names: Collection[str]) -> Dictionary:
    """Without some features: what they would have said is error."""
    return dictionary.only(np.array([name not in names for name in dictionary.latents]))


def split(dictionary: Dictionary, names: Collection[str], axis: int) -> Dictionary:
    """Some features in two parts each, one for either side of an axis of the words' variants.

    Together they say exactly what the whole one said, and only one of them fires at a time.
    """
    across = directions()[AXES[axis]] * _FAR
    rest = dropped(dictionary, names)
    parts = dictionary.only(np.array([name in names for name in dictionary.latents]))
    return replace(
        rest,
        latents=rest.latents + tuple(f"{name}{sign}" for sign in "+-" for name in parts.latents),
        reads=np.concatenate([rest.reads, parts.reads + across, parts.reads - across]),
        writes=np.concatenate([rest.writes, parts.writes, parts.writes]),
        shift=np.concatenate([rest.shift, parts.shift + _FAR, parts.shift + _FAR]),
        threshold=np.concatenate([rest.threshold, parts.threshold, parts.threshold]),
    )


def merged(dictionary: Dictionary, names: Sequence[tuple[str, str]]) -> Dictionary:
    """One latent for each two features: it reads and writes along the middle of both."""
    rest = dropped(dictionary, {name for two in names for name in two})
    along = directions()
    middle = np.array([(along[one] + along[other]) / np.sqrt(2) for one, other in names])
    threshold = float((dictionary.threshold * dictionary.norms).mean())
    return replace(
        rest,
        latents=rest.latents + tuple(f"{one}&{other}" for one, other in names),
        reads=np.concatenate([rest.reads, middle]),
        writes=np.concatenate([rest.writes, middle]),
        shift=np.concatenate([rest.shift, np.zeros(len(names))]),
        threshold=np.concatenate([rest.threshold, np.full(len(names), threshold)]),
    )


def _dropping(share: float) -> Callable[[Dictionary, random.Random], Dictionary]:
    return lambda dictionary, draw: dropped(dictionary, _drawn(draw)[: _count(share)])


def _splitting(axis: int) -> Callable[[Dictionary, random.Random], Dictionary]:
    names = [name for made in PLANTED for name in made.features]
    return lambda dictionary, _: split(dictionary, names, axis)


def _merging(share: float) -> Callable[[Dictionary, random.Random], Dictionary]:
    def inflict(dictionary: Dictionary, draw: random.Random) -> Dictionary:
        names = _drawn(draw)
        pairs = list(zip(names[::2], names[1::2], strict=True))
        return merged(dictionary, pairs[: _count(share / 2)])

    return inflict


def _drawn(draw: random.Random) -> list[str]:
    return draw.sample(FEATURES, len(FEATURES))


def _count(share: float) -> int:
    return round(share * len(FEATURES))
