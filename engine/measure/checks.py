"""Attribution against exact effects, pair by pair: the check that goes with every run."""

from __future__ import annotations

import random
from dataclasses import dataclass

from engine.measure.base import ActiveFeatures
from engine.measure.effects import single_effects
from engine.measure.instrument import Instrument, View

STRONGEST = 8
OTHERS = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One feature of one pair, over P."""

    feature: int
    attribution: float
    effect: float
    probability: float
    """How likely the feature was to be checked: 1 for the strongest, the same for all others."""


def check(instrument: Instrument, view: View, row: int, active: ActiveFeatures) -> list[Check]:
    """Exact effects of the 8 strongest by attribution and of 20 random other active features.

    Args:
        instrument: PM and SAE.
        view: a batch.
        row: which of its pairs.
        active: that pair's features and their attributions.
    """
    ranked = sorted(
        range(len(active.feature)), key=lambda place: -abs(float(active.attribution[place]))
    )
    strongest, others = ranked[:STRONGEST], ranked[STRONGEST:]
    seed = view.pairs[row].pair.content_hash
    drawn = random.Random(seed).sample(others, min(OTHERS, len(others)))
    places = strongest + drawn
    if not places:
        return []
    effects = single_effects(instrument, view, row, [int(active.feature[at]) for at in places])
    return [
        Check(
            feature=int(active.feature[at]),
            attribution=float(active.attribution[at]),
            effect=effect,
            probability=1.0 if at in strongest else len(drawn) / len(others),
        )
        for at, effect in zip(places, effects, strict=True)
    ]
