"""One pair on its own: what a running PM answers, fresh figures in the shape of a run's.

Somebody waits for it, so only what is shown is computed: no random error, and nothing that stands
before a deleted pattern is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from engine.cache.bearers import Borne
from engine.heuristics import Heuristic
from engine.hh import Pair
from engine.measure.base import ActiveFeatures, attributions
from engine.measure.deletion import DeletionRewards, deletion, rewards_without_again
from engine.measure.effects import GroupEffects, Question, group_effects
from engine.measure.firing import borne_by
from engine.measure.instrument import Instrument, View
from engine.measure.subset import after_prefix


@dataclass(frozen=True, slots=True)
class Changed:
    """What is done to features over P, by feature; SAE error and other features stay."""

    scales: Mapping[int, float]
    """What the activations are multiplied by; 0 ablates the feature."""
    pins: Mapping[int, float]
    """What the activations are set to, also where the feature is not active."""

    def __bool__(self) -> bool:
        return bool(self.scales or self.pins)


@dataclass(frozen=True, slots=True)
class OneHeuristic:
    """One heuristic that has a bearer in the pair."""

    name: str
    borne: Borne
    effects: GroupEffects
    deletion: DeletionRewards | None
    """None of a feature, which has no text to delete."""


@dataclass(frozen=True, slots=True)
class OnePair:
    """Fresh figures of one pair."""

    reward_chosen: float
    reward_rejected: float
    reward_chosen_sae: float
    reward_rejected_sae: float
    truncated: int
    """How many of its oldest tokens the context lost."""
    features: ActiveFeatures
    heuristics: tuple[OneHeuristic, ...]


def measure_one(
    instrument: Instrument,
    pair: Pair,
    asked: Sequence[tuple[Heuristic, tuple[int, ...]]],
    changed: Changed,
    pause: Callable[[], None],
) -> OnePair:
    """Measure a pair, or what is left of its margin with features changed over P.

    Args:
        instrument: the running PM and SAE.
        pair: its texts; nothing else of it is used but its id.
        asked: heuristics, each with the features that stand for it.
        changed: features that are scaled or pinned. Where any is, rewards are those of the
            changed run, activations and attributions those of the text as it is, and no
            heuristic is measured.
        pause: called between batches; it raises to stop.

    Raises:
        UserError: a feature does not exist, or a response is too long.
    """
    view = instrument.view([instrument.prepare(pair)], whole_memory=True)
    pause()
    (active,) = attributions(instrument, view)
    pause()
    if changed:
        return _changed(instrument, view, active, changed)
    rewards, (rewards_sae,) = view.captured.rewards[0], instrument.reconstructed_rewards(view)
    pause()
    found = []
    for heuristic, features in asked:
        where = borne_by(view, heuristic)
        if where is not None:
            found.append(_heuristic(instrument, view, heuristic, where, features))
            pause()
    return OnePair(
        reward_chosen=float(rewards[0]),
        reward_rejected=float(rewards[1]),
        reward_chosen_sae=float(rewards_sae[0]),
        reward_rejected_sae=float(rewards_sae[1]),
        truncated=view.pairs[0].truncated,
        features=active,
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
    if heuristic.feature is not None:  # there is no text to delete
        return OneHeuristic(heuristic.name, borne, effects, None)
    edited = deletion(instrument, prepared.pair, heuristic, borne)
    rewards = rewards_without_again(instrument, view, edited) if edited else None
    return OneHeuristic(heuristic.name, borne, effects, rewards)


def _changed(
    instrument: Instrument, view: View, active: ActiveFeatures, changed: Changed
) -> OnePair:
    added = torch.zeros_like(view.residual)
    chosen, rejected = view.response_columns(0)
    columns = chosen + rejected
    activations = view.activations[0, columns]
    for made, scale in changed.scales.items():
        more = (scale - 1) * activations[:, made]
        added[0, columns] += more.unsqueeze(-1) * instrument.sae.w_dec[made]
    for made, value in changed.pins.items():
        more = value - activations[:, made]
        added[0, columns] += more.unsqueeze(-1) * instrument.sae.w_dec[made]
    dtype, packed = instrument.pm.dtype, view.packed
    rest = after_prefix(packed)
    residual = rest.of(view.residual + added).to(dtype)
    reconstruction = instrument.replaced(view, view.reconstruction + added).to(dtype)
    with torch.no_grad():
        (rewards,) = instrument.forward.resume_at(packed, rest, residual, view.captured)
        (rewards_sae,) = instrument.forward.resume(packed, reconstruction)
    return OnePair(
        reward_chosen=float(rewards[0]),
        reward_rejected=float(rewards[1]),
        reward_chosen_sae=float(rewards_sae[0]),
        reward_rejected_sae=float(rewards_sae[1]),
        truncated=view.pairs[0].truncated,
        features=active,
        heuristics=(),
    )
