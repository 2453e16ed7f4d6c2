"""What the verdicts of one heuristic rest on: the deletion control, and the features' coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.cache.judged import JudgedRow
from engine.heuristics import Heuristic
from engine.hh import SIDES
from engine.verdict import Held, Interval, bootstrap_mean, coverage, held, on_bearer


@dataclass(frozen=True, slots=True)
class DeletionControl:
    """What deleting the pattern does, and what deleting a random span does instead.

    Effects are r(bearer) - r(bearer without it): above zero, what was deleted raises reward.
    """

    held: Held
    contexts: int
    """How many of them the effect is over."""
    effect: Interval | None
    control: Interval | None
    """Over the bearers that have room for a random span."""
    difference: Interval | None
    """Effect less control, over those bearers."""
    bearers: int
    """How many the effect is over."""
    with_room: int
    """How many of them have room for a random span."""


@dataclass(frozen=True, slots=True)
class BeforeAndAfter:
    """Mean rewards of the bearers as they are and without the pattern, bootstrapped over contexts.

    Of the same bearers: those whose pattern could be deleted.
    """

    bearers: int
    before: Interval
    after: Interval


def before_and_after(
    judged: Sequence[JudgedRow], rewards: Mapping[int, tuple[float | None, ...]]
) -> BeforeAndAfter | None:
    """What the bearers are rewarded with, and without the pattern; None where nothing is known.

    Args:
        judged: the verdicts on one heuristic.
        rewards: by pair id, that of the chosen and that of the rejected side first.
    """
    found = [
        (own, row.deletion_effect, row.context_hash)
        for row in judged
        if row.id in rewards and row.deletion_effect is not None
        for own in [rewards[row.id][SIDES.index(row.bearer)]]
        if own is not None
    ]
    contexts = [context for _, _, context in found]
    before = bootstrap_mean([own for own, _, _ in found], contexts)
    after = bootstrap_mean([own - effect for own, effect, _ in found], contexts)
    return BeforeAndAfter(len(found), before, after) if before and after else None


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
    found = len({row.context_hash for row in judged if row.deletion_effect is not None})
    return DeletionControl(
        held=held_by(heuristic, effect, found, measured=bool(judged)),
        contexts=found,
        effect=effect,
        control=bootstrap_mean([random for _, random, _ in beside], contexts),
        difference=bootstrap_mean([deleted - random for deleted, random, _ in beside], contexts),
        bearers=sum(row.deletion_effect is not None for row in judged),
        with_room=len(beside),
    )


def held_by(
    heuristic: Heuristic, effect: Interval | None, contexts: int, *, measured: bool
) -> Held:
    """Whether the PM holds it, by what deletion does over so many contexts; of a feature nothing
    can be deleted."""
    if heuristic.feature is not None and measured:
        return "no deletion"
    return held(heuristic.direction, effect, contexts)


def covered(judged: Sequence[JudgedRow], *, by_all: bool = False) -> Interval | None:
    """Coverage by the heuristic's features, or by all SAE features at the span.

    Over the bearers whose pattern could be deleted. One that is judged with no features loses
    nothing by ablating them: 0. None where no bearer has any, and where an effect is unmeasured.
    """
    both = [
        (row.effect_all if by_all else row.effect if row.features else 0.0, row.deletion_effect)
        for row in judged
    ]
    found = [
        (on_bearer(effect, bearer_is_chosen=row.bearer == "chosen"), deleted, row.context_hash)
        for (effect, deleted), row in zip(both, judged, strict=True)
        if effect is not None and deleted is not None
    ]
    unmeasured = any(effect is None for effect, _ in both)
    if unmeasured or not found or not (by_all or any(row.features for row in judged)):
        return None
    effects, deletions, contexts = zip(*found, strict=True)
    return coverage(effects, deletions, contexts)
