"""The control that needs no SAE: rewards with the pattern deleted, or a random span instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.cache.bearers import Borne
from engine.heuristics import Heuristic
from engine.heuristics.edit import delete_spans, random_spans_like
from engine.hh import Pair
from engine.measure.instrument import Instrument
from engine.measure.prepare import Prepared


@dataclass(frozen=True, slots=True)
class Deletion:
    """One bearer, prepared twice over: without its pattern, and without a span like it."""

    prepared: Prepared
    """Its chosen side is the text without the pattern, its rejected side the control."""
    has_control: bool
    """False where the response has no room for a random span beside the pattern."""


@dataclass(frozen=True, slots=True)
class DeletionRewards:
    """Rewards of the bearer's edited texts."""

    reward_deleted: float
    reward_control: float | None


def deletion(instrument: Instrument, pair: Pair, heuristic: Heuristic, borne: Borne) -> Deletion:
    """Edit the bearer's transcript; what comes before both edits and its response is context."""
    transcript = pair.transcript(borne.bearer)
    context = pair.context[: borne.spans[0][0]]
    controls = random_spans_like(
        transcript,
        borne.spans,
        context=len(pair.context),
        content_hash=pair.content_hash,
        key=heuristic.key,
    )
    without = delete_spans(transcript, borne.spans, heuristic.replace)
    control = without if controls is None else delete_spans(transcript, controls)
    edited = replace(
        pair,
        context=context,
        chosen=without[len(context) :],
        rejected=control[len(context) :],
    )
    # An edit that is shorter must not see more of its context than the original did.
    cut = instrument.prepare(pair).truncated
    return Deletion(instrument.prepare(edited, least_cut=cut), has_control=controls is not None)


def rewards_without(instrument: Instrument, deletions: Sequence[Deletion]) -> list[DeletionRewards]:
    """The rewards of a batch of deletions."""
    packed = instrument.pack([made.prepared for made in deletions])
    rewards = instrument.forward.rewards(packed)
    return [
        DeletionRewards(
            reward_deleted=float(rewards[row, 0]),
            reward_control=float(rewards[row, 1]) if made.has_control else None,
        )
        for row, made in enumerate(deletions)
    ]
