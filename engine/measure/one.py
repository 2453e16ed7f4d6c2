"""One pair on its own: what a running PM answers, fresh figures in the shape of a run's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from engine.cache.bearers import Borne
from engine.heuristics import Heuristic, bearing, compile_heuristic
from engine.hh import Pair
from engine.measure.base import ActiveFeatures, measure
from engine.measure.deletion import DeletionRewards, deletion, rewards_without
from engine.measure.effects import GroupEffects, Question, group_effects
from engine.measure.instrument import Instrument, View


@dataclass(frozen=True, slots=True)
class OneHeuristic:
    """One heuristic that has a bearer in the pair."""

    name: str
    borne: Borne
    effects: GroupEffects
    deletion: DeletionRewards


@dataclass(frozen=True, slots=True)
class OnePair:
    """Fresh figures of one pair."""

    reward_chosen: float
    reward_rejected: float
    reward_chosen_sae: float
    reward_rejected_sae: float
    features: ActiveFeatures
    heuristics: tuple[OneHeuristic, ...]


def measure_one(
    instrument: Instrument,
    pair: Pair,
    asked: Sequence[tuple[Heuristic, tuple[int, ...]]],
    scales: Mapping[int, float],
    pause: Callable[[], None],
) -> OnePair:
    """Measure a pair, or what is left of its margin with features scaled over P.

    Args:
        instrument: the running PM and SAE.
        pair: its texts; nothing else of it is used but its id.
        asked: heuristics, each with the features that stand for it.
        scales: by feature, what its activations over P are multiplied by; 0 ablates it. Where
            any is given, rewards are those of the changed run and no heuristic is measured.
        pause: called between batches; it raises to stop.

    Raises:
        UserError: a feature does not exist, or a response is too long.
    """
    view = instrument.view([instrument.prepare(pair)])
    pause()
    (figures,) = measure(instrument, view)
    pause()
    if scales:
        return _scaled(instrument, view, figures.features, scales)
    found = []
    for heuristic, features in asked:
        borne = bearing(compile_heuristic(heuristic), pair)
        if borne is not None:
            where = Borne(pair.id, borne.bearer, borne.spans)
            found.append(_heuristic(instrument, view, heuristic, where, features))
            pause()
    return OnePair(
        reward_chosen=figures.reward_chosen,
        reward_rejected=figures.reward_rejected,
        reward_chosen_sae=figures.reward_chosen_sae,
        reward_rejected_sae=figures.reward_rejected_sae,
        features=figures.features,
        heuristics=tuple(found),
    )


def _heuristic(
    instrument: Instrument,
    view: View,
    heuristic: Heuristic,
    borne: Borne,
    features: tuple[int, ...],
) -> OneHeuristic:
    prepared = view.pairs[0]
    question = Question(
        bearer=borne.bearer,
        span=prepared.overlapping(borne.bearer, borne.spans, heuristic.window),
        features=features,
        seed=f"{heuristic.key}:{borne.id}",
    )
    (effects,) = group_effects(instrument, view, [question])
    edited = deletion(instrument, prepared.pair, heuristic, borne)
    (rewards,) = rewards_without(instrument, [edited])
    return OneHeuristic(heuristic.name, borne, effects, rewards)


def _scaled(
    instrument: Instrument, view: View, features: ActiveFeatures, scales: Mapping[int, float]
) -> OnePair:
    added = torch.zeros_like(view.residual)
    chosen, rejected = view.response_columns(0)
    columns = chosen + rejected
    for feature, scale in scales.items():
        active = view.activations[0, columns, feature].unsqueeze(-1)
        added[0, columns] += (scale - 1) * active * instrument.sae.w_dec[feature]
    with torch.no_grad():
        rewards, rewards_sae = (
            instrument.forward.resume(view.packed, residual.to(instrument.pm.dtype))[0]
            for residual in (
                view.residual + added,
                instrument.replaced(view, view.reconstruction + added),
            )
        )
    return OnePair(
        reward_chosen=float(rewards[0]),
        reward_rejected=float(rewards[1]),
        reward_chosen_sae=float(rewards_sae[0]),
        reward_rejected_sae=float(rewards_sae[1]),
        features=features,
        heuristics=(),
    )
