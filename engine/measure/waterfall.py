"""The margin taken apart by ablating one part after the other, in a fixed order.

The order is: the heuristic's features together, the strongest other features by attribution one
by one, all other features, the SAE error. A part is ablated over the response positions P of both
sides and stays so; what comes before P is as it is. A bar is what the margin loses with its part,
so bars and baseline add up to the margin. A bar depends on those before it: effects of groups do
not add up otherwise (docs/verdicts.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.cache.breakdown import Bar, Part, Waterfall
from engine.measure.base import ActiveFeatures
from engine.measure.effects import written_by
from engine.measure.instrument import Instrument, View
from engine.measure.variants import Variant, exact_effects

STRONGEST = 6
"""How many other features have a bar of their own."""


def waterfall(
    instrument: Instrument,
    view: View,
    active: ActiveFeatures,
    own: Sequence[int],
    heuristic: str | None = None,
) -> Waterfall:
    """Take one pair's margin apart.

    Args:
        instrument: the PM and its SAE.
        view: a batch of that single pair.
        active: the pair's features with their attributions.
        own: the heuristic's features; without any there is no bar for them.
        heuristic: whose they are.
    """
    ranked = sorted(range(len(active.feature)), key=lambda at: -abs(float(active.attribution[at])))
    others = [int(active.feature[at]) for at in ranked if int(active.feature[at]) not in own]
    parts: list[tuple[Part, tuple[int, ...]]] = [("own", tuple(own))] if own else []
    parts += [("feature", (feature,)) for feature in others[:STRONGEST]]
    parts += [("rest", ()), ("error", ())]
    lost = exact_effects(instrument, view, _cumulative(instrument, view, parts))
    margin = float(view.margins[0])
    return Waterfall(
        heuristic=heuristic,
        margin=margin,
        bars=tuple(
            Bar(part, features, after - before)
            for (part, features), before, after in zip(parts, [0.0, *lost[:-1]], lost, strict=True)
        ),
        baseline=margin - lost[-1],
    )


def _cumulative(
    instrument: Instrument, view: View, parts: Sequence[tuple[Part, tuple[int, ...]]]
) -> list[Variant]:
    """For each part: what it and all before it write over P, to be taken out together."""
    chosen, rejected = view.response_columns(0)
    columns = chosen + rejected
    nothing = instrument.sae.baseline(view.residual[0, columns])
    taken = torch.zeros_like(view.residual[0, columns])
    found = []
    for part, features in parts:
        if part == "rest":
            taken = view.reconstruction[0, columns] - nothing
        elif part == "error":
            taken = view.residual[0, columns] - nothing
        else:
            taken = taken + written_by(instrument, view, 0, columns, features)
        found.append(Variant(0, columns, taken))
    return found
