"""What a running PM adds to a pair's figures where it is asked to: by token, and the waterfalls."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from engine.cache.breakdown import Breakdown, RunningWithout, SideTokens, TokenEffects
from engine.cache.run_records import TOLD_FEATURES
from engine.heuristics import Heuristic
from engine.hh import SIDES, Pair
from engine.measure import tokens
from engine.measure.base import ActiveFeatures, attributions, gradient_of_margin
from engine.measure.effects import written_by
from engine.measure.firing import borne_by
from engine.measure.instrument import Instrument, View
from engine.measure.waterfall import waterfall


def break_down_pair(
    instrument: Instrument,
    pair: Pair,
    asked: Sequence[tuple[Heuristic, tuple[int, ...]]],
    pause: Callable[[], None],
) -> Breakdown:
    """Measure a pair for its breakdown.

    Args:
        instrument: the running PM and SAE.
        pair: its texts; nothing else of it is used.
        asked: heuristics, each with the features that stand for it.
        pause: called between batches; it raises to stop.

    Raises:
        UserError: a response is too long.
    """
    view = instrument.view([instrument.prepare(pair)])
    pause()
    gradient = gradient_of_margin(instrument, view)
    (active,) = attributions(instrument, view, gradient)
    pause()
    borne = {
        heuristic.name: features
        for heuristic, features in asked
        if borne_by(view, heuristic) is not None
    }
    return break_down(instrument, view, active, gradient, borne)


def break_down(
    instrument: Instrument,
    view: View,
    active: ActiveFeatures,
    gradient: Tensor,
    borne: Mapping[str, tuple[int, ...]],
) -> Breakdown:
    """Take the margin of a batch of a single pair apart.

    Args:
        instrument: the PM and its SAE.
        view: the batch.
        active: the pair's features with their attributions.
        gradient: d delta / d x.
        borne: the heuristics that have a bearer in the pair, with the features of each.
    """
    return Breakdown(
        tokens=_by_token(instrument, view, active, gradient, borne),
        waterfalls=tuple(
            waterfall(instrument, view, active, features, name) for name, features in borne.items()
        )
        or (waterfall(instrument, view, active, ()),),
    )


def _by_token(
    instrument: Instrument,
    view: View,
    active: ActiveFeatures,
    gradient: Tensor,
    borne: Mapping[str, tuple[int, ...]],
) -> TokenEffects:
    made = tokens.token_effects(instrument, view, 0, gradient)
    ranked = abs(active.attribution).argsort()[::-1][:TOLD_FEATURES]
    told = {int(feature) for feature in active.feature[ranked]}
    told |= {feature for features in borne.values() for feature in features}
    groups = {
        features: _without(instrument, view, features) for features in borne.values() if features
    }
    sides = []
    for number in range(len(SIDES)):
        (ours,) = (made.side == number).nonzero()
        first = int(ours[0]) if len(ours) else 0
        by_feature: dict[int, list[tuple[int, float]]] = {}
        for token, feature, value in zip(
            made.token.tolist(), made.feature.tolist(), made.attribution.tolist(), strict=True
        ):
            if feature in told and 0 <= token - first < len(ours):
                by_feature.setdefault(feature, []).append((token - first, value))
        sides.append(
            SideTokens(
                spans=tuple(zip(made.start[ours].tolist(), made.end[ours].tolist(), strict=True)),
                total=tuple(made.total[ours].tolist()),
                by_feature={feature: tuple(by_feature[feature]) for feature in sorted(by_feature)},
                running=running(instrument, view, number),
                without=tuple(
                    RunningWithout(features, running(instrument, view, number, ablated))
                    for features, ablated in groups.items()
                ),
            )
        )
    return TokenEffects(*sides)


def running(
    instrument: Instrument, view: View, side: int, residual: Tensor | None = None
) -> tuple[float, ...]:
    """By token of one response: how much the reward changes if the text ends with it.

    Tokens are those of `token_effects`: the reward is read at the last token of each, and the
    first is held against the end of the context (0 where there is none).

    Args:
        instrument: the PM and its SAE.
        view: a batch of a single pair.
        side: 0 chosen, 1 rejected.
        residual: [1, columns, d_model], what stands in for the residual stream at the hook point.
    """
    prepared = view.pairs[0]
    places = prepared.text_positions(SIDES[side])
    offsets = prepared.tokens(SIDES[side]).offsets
    joined, units = tokens.whole_characters([offsets[place] for place in places])
    last = dict(zip(joined, places, strict=True))
    ends = [last[unit] for unit in range(len(units))]
    before = [places[0] - 1] if places and places[0] > 0 else []
    rewards = rewards_at(instrument, view, view.columns(0, side, [*before, *ends]), residual)
    levels = rewards if before else [0.0, *rewards]
    return tuple(now - then for then, now in pairwise(levels))


def rewards_at(
    instrument: Instrument, view: View, columns: Sequence[int], residual: Tensor | None = None
) -> list[float]:
    """The reward that the PM gives if the text ends at each of these columns."""
    if not columns:
        return []
    readouts = torch.tensor([list(columns)], device=view.packed.readouts.device)
    packed = dataclasses.replace(view.packed, readouts=readouts)
    if residual is None:
        found = instrument.forward.rewards(packed)
    else:
        with torch.no_grad():
            found = instrument.forward.resume(packed, residual.to(instrument.pm.dtype))
    return [float(reward) for reward in found[0]]


def _without(instrument: Instrument, view: View, features: Sequence[int]) -> Tensor:
    """[1, columns, d_model]: the residual stream with a group ablated over P of both sides."""
    chosen, rejected = view.response_columns(0)
    columns = chosen + rejected
    residual = view.residual.clone()
    residual[0, columns] -= written_by(instrument, view, 0, columns, features)
    return residual
