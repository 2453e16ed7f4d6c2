"""What the verdicts of one heuristic rest on: the deletion control, and the features' coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.cache.judged import JudgedRow
from engine.heuristics import Heuristic
from engine.verdict import Held, Interval, bootstrap_mean, coverage, held, on_bearer


@dataclass(frozen=True, slots=True)
class DeletionControl:
    """What deleting the pattern does, and what deleting a random span does instead.

    Effects are r(bearer) - r(bearer without it): above zero, what was deleted raises reward.
    """

    held: Held
    effect: Interval | None
    control: Interval | None
    """Over the bearers that have room for a random span."""
    difference: Interval | None
    """Effect less control, over those bearers."""


def deletion_effect(judged: Sequence[JudgedRow]) -> Interval | None:
    """The mean deletion effect over the bearers, bootstrapped over contexts."""
    found = [(row.deletion_effect, row) for row in judged if row.deletion_effect is not None]
    return bootstrap_mean([effect for effect, _ in found], [row.context_hash for _, row in found])


def control(heuristic: Heuristic, judged: Sequence[JudgedRow]) -> DeletionControl:
    """The deletion control over all bearers of a heuristic, bootstrapped over contexts."""
    effect = deletion_effect(judged)
    beside = [
        (row.deletion_effect, row.control_effect, row.context_hash)
        for row in judged
        if row.deletion_effect is not None and row.control_effect is not None
    ]
    contexts = [context for _, _, context in beside]
    return DeletionControl(
        held=held_by(heuristic, effect, measured=bool(judged)),
        effect=effect,
        control=bootstrap_mean([random for _, random, _ in beside], contexts),
        difference=bootstrap_mean([deleted - random for deleted, random, _ in beside], contexts),
    )


def held_by(heuristic: Heuristic, effect: Interval | None, *, measured: bool) -> Held:
    """Whether the PM holds it, by what deletion does; of a feature nothing can be deleted."""
    if heuristic.feature is not None and measured:
        return "no deletion"
    return held(heuristic.direction, effect)


def covered(judged: Sequence[JudgedRow], *, by_all: bool = False) -> Interval | None:
    """Coverage by the heuristic's features, or by all SAE features at the span.

    A bearer that is judged with no features loses nothing by ablating them: 0. None where no
    bearer has any, and where an effect is unmeasured.
    """
    if by_all:
        effects: list[float | None] = [row.effect_all for row in judged]
    else:
        effects = [row.effect if row.features else 0.0 for row in judged]
    measured = [effect for effect in effects if effect is not None]
    deleted = [row.deletion_effect for row in judged if row.deletion_effect is not None]
    if min(len(measured), len(deleted)) < len(judged) or not (
        by_all or any(row.features for row in judged)
    ):
        return None
    return coverage(
        [
            on_bearer(effect, bearer_is_chosen=row.bearer == "chosen")
            for effect, row in zip(measured, judged, strict=True)
        ],
        deleted,
        [row.context_hash for row in judged],
    )
