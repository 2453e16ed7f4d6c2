"""The control that needs no SAE: rewards with the pattern deleted, or a random span instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from engine.cache.bearers import Borne
from engine.heuristics import Heuristic
from engine.heuristics.edit import delete_spans, random_spans_like
from engine.hh import Pair
from engine.measure.instrument import Instrument, View
from engine.measure.packing import common_prefix
from engine.measure.prepare import Prepared, UnreadableError
from engine.measure.rewarder import Rewarder


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


def deletion(reads: Rewarder, pair: Pair, heuristic: Heuristic, borne: Borne) -> Deletion | None:
    """Edit the bearer's transcript; what comes before both edits and its response is context.

    None where an edited response is longer than the PM's context, as a long `replace` may make it,
    or is none that the PM's chat template renders, as where nothing is left of it.
    """
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
    cut = reads.prepare(pair).truncated
    try:
        prepared = reads.prepare(edited, least_cut=cut)
    except UnreadableError:
        return None
    return Deletion(prepared, has_control=controls is not None)


def rewards_without(reads: Rewarder, deletions: Sequence[Deletion]) -> list[DeletionRewards]:
    """The rewards of a batch of deletions."""
    packed = reads.pack([made.prepared for made in deletions])
    rewards = reads.forward.rewards(packed)
    return [_rewards(made, rewards[row]) for row, made in enumerate(deletions)]


def rewards_without_again(instrument: Instrument, view: View, made: Deletion) -> DeletionRewards:
    """The same for the pair of a view of one, whose context need not be run again.

    Args:
        instrument: what the view was made with.
        view: of the pair as it is, with its whole memory; without, everything is run.
        made: the pair's deletion.
    """
    packed = instrument.pack([made.prepared])
    memory = view.captured.whole_memory
    if memory is None:
        return rewards_without(instrument, [made])[0]
    shared = common_prefix([view.packed.bundles[0].prefix, packed.bundles[0].prefix])
    shared = min(shared, int(packed.readouts.min()))
    rewards = instrument.forward.rewards_after(packed, shared, memory)
    return _rewards(made, rewards[0])


def _rewards(made: Deletion, rewards: Tensor) -> DeletionRewards:
    return DeletionRewards(
        reward_deleted=float(rewards[0]),
        reward_control=float(rewards[1]) if made.has_control else None,
    )
