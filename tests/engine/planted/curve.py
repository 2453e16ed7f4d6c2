"""How many verdicts stay right when the SAE is damaged, by the verdict that was planted."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from engine.verdict import Verdict
from tests.engine.planted.damage import Damage
from tests.engine.planted.world import Measured, PlantedWorld, features_of

FIGURES = (
    "margin",
    "margin_sae",
    "effect",
    "activation",
    "effect_all",
    "random_effect",
    "drop_without_others",
    "drop_without_error",
    "effect_over_response",
    "deletion_effect",
)
"""What is told of every planted pair, by arithmetic too."""


@dataclass(frozen=True, slots=True)
class Point:
    """One damage over several worlds."""

    kind: str
    strength: float
    planted: Counter[Verdict]
    """How many pairs each verdict is right for."""
    right: Counter[Verdict]
    """For how many of them it came out."""
    instead: Counter[tuple[Verdict, Verdict]]
    """(right, what came out), where they differ."""

    def share(self, *verdicts: Verdict) -> float:
        """Of the pairs of some verdicts, those that were judged right; all without any."""
        wanted = verdicts or tuple(self.planted)
        return sum(self.right[each] for each in wanted) / sum(self.planted[each] for each in wanted)


def farthest(worlds: Sequence[PlantedWorld]) -> dict[str, float]:
    """With the true dictionary: how far each figure is from arithmetic, at most."""
    found = dict.fromkeys(FIGURES, 0.0)
    for world in worlds:
        dictionary = world.planting.dictionary
        rows = world.measure(dictionary).rows
        for at, pair in enumerate(world.pairs):
            right = world.planting.figures(pair, features_of(dictionary, pair.heuristic))
            for name in FIGURES:
                measured, expected = getattr(rows[at], name), getattr(right, name)
                if expected is not None:
                    found[name] = max(found[name], abs(measured - expected))
    return found


def undamaged(worlds: Sequence[PlantedWorld]) -> Point:
    """With the true dictionary."""
    return _point("none", 0.0, worlds, [each.measure(each.planting.dictionary) for each in worlds])


def damaged(worlds: Sequence[PlantedWorld], damage: Damage) -> Point:
    """Each world draws its own features to damage, the same for every damage of a kind."""
    measured = [
        world.measure(damage.inflict(world.planting.dictionary, random.Random(world.way.seed)))
        for world in worlds
    ]
    return _point(damage.kind, damage.strength, worlds, measured)


def _point(
    kind: str, strength: float, worlds: Sequence[PlantedWorld], measured: Sequence[Measured]
) -> Point:
    pairs = [
        (pair.recipe.verdict, found.rows[at].verdict)
        for world, found in zip(worlds, measured, strict=True)
        for at, pair in enumerate(world.pairs)
    ]
    return Point(
        kind,
        strength,
        planted=Counter(right for right, _ in pairs),
        right=Counter(right for right, found in pairs if right is found),
        instead=Counter((right, found) for right, found in pairs if right is not found),
    )
