"""Of things that responses carry: how hard the PM pushes their bearers, and what labels say."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from engine.discovery.margins import Margins
from engine.discovery.statistics import label_log_odds, two_sided

Floats = npt.NDArray[np.float64]
_AT_A_TIME = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class Bearings:
    """The pairs of which exactly one response carries a thing, one entry each."""

    things: int
    both: Floats
    """[things]: pairs whose two responses carry it."""
    thing: npt.NDArray[np.int32]
    """[entries], ascending."""
    pair: npt.NDArray[np.int32]
    """[entries], ascending for each thing: the pair's number."""
    on_chosen: npt.NDArray[np.bool_]
    """[entries]: whether the bearer is the chosen response."""

    def pairs_of(self, thing: int) -> npt.NDArray[np.int32]:
        """The pairs with a bearer of one thing."""
        first, last = np.searchsorted(self.thing, [thing, thing + 1])
        return self.pair[first:last]

    def only(self, kept: npt.NDArray[np.bool_]) -> Bearings:
        """Without the entries of things that are not kept ([things])."""
        held = kept[self.thing]
        return Bearings(
            self.things, self.both, self.thing[held], self.pair[held], self.on_chosen[held]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What is added up over the bearers of each thing; every array is [things]."""

    chosen_only: Floats
    rejected_only: Floats
    both: Floats
    measured_chosen: Floats
    """Of the chosen-only pairs, those whose margin is known."""
    measured_rejected: Floats
    margin_chosen: Floats
    """The sum of the margins of those."""
    margin_rejected: Floats
    pushed: Floats
    """The sum of the residuals, signed so that above zero the bearer is rewarded."""
    square: Floats
    """The sum of the residuals' squares."""
    expected: Floats
    """The sum of the chances that the PM gives the bearers to be the chosen side."""
    variance: Floats
    """The sum of such a chance times what is left of 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """The figures of each thing; every array is [things], NaN where nothing is measured."""

    label_log_odds: Floats
    label_z: Floats
    push: Floats
    push_z: Floats
    p: Floats
    """Of the push, two-sided."""
    excess_z: Floats
    """Of the bearers that were chosen, less those that the PM expects to be."""


def bearings(
    thing: npt.NDArray[np.int32], response: npt.NDArray[np.int32], things: int
) -> Bearings:
    """Leave out the pairs that carry a thing on both sides, and count them.

    Args:
        thing: [entries], ascending.
        response: [entries], ascending for each thing: twice the pair's number, and one more on the
            rejected side.
        things: how many there are.
    """
    first = np.zeros(len(thing), dtype=np.bool_)
    first[:-1] = (thing[1:] == thing[:-1]) & (response[1:] == response[:-1] + 1)
    first &= response % 2 == 0
    second = np.zeros_like(first)
    second[1:] = first[:-1]
    alone = ~(first | second)
    return Bearings(
        things=things,
        both=np.bincount(thing[first], minlength=things).astype(np.float64),
        thing=thing[alone],
        pair=response[alone] // 2,
        on_chosen=response[alone] % 2 == 0,
    )


def sums(made: Bearings, margins: Margins) -> Sums:
    """Add up what the margins say of the bearers, a block at a time to spare memory."""
    total: dict[str, Floats] = {
        field.name: np.zeros(made.things) for field in fields(Sums) if field.name != "both"
    }
    for start in range(0, len(made.thing), _AT_A_TIME):
        block = slice(start, start + _AT_A_TIME)
        thing, pair, chosen = made.thing[block], made.pair[block], made.on_chosen[block]
        known = np.isfinite(margins.margin[pair])
        margin, agreed = margins.margin[pair[known]], margins.agreed[pair[known]]
        residual = margins.residual[pair[known]]
        of, on_chosen = thing[known], chosen[known]
        expected = np.where(on_chosen, agreed, 1 - agreed)
        added = {
            "chosen_only": (thing, chosen),
            "rejected_only": (thing, ~chosen),
            "measured_chosen": (of, on_chosen),
            "measured_rejected": (of, ~on_chosen),
            "margin_chosen": (of, np.where(on_chosen, margin, 0.0)),
            "margin_rejected": (of, np.where(on_chosen, 0.0, margin)),
            "pushed": (of, np.where(on_chosen, residual, -residual)),
            "square": (of, residual**2),
            "expected": (of, expected),
            "variance": (of, expected * (1 - expected)),
        }
        for name, (where, values) in added.items():
            total[name] += np.bincount(where, weights=values, minlength=made.things)
    return Sums(both=made.both, **total)


def figures(made: Sums) -> Figures:
    """Work out the figures; docs/discovery.md says what each is and where its formula is from."""
    odds, label_z = label_log_odds(made.chosen_only, made.rejected_only, made.both)
    measured = made.measured_chosen + made.measured_rejected
    with np.errstate(divide="ignore", invalid="ignore"):
        push = made.pushed / measured
        spread = np.sqrt((made.square - measured * push**2) / (measured - 1))
        push_z = push * np.sqrt(measured) / spread
        surplus = made.measured_chosen - made.expected
        return Figures(
            label_log_odds=odds,
            label_z=label_z,
            push=push,
            push_z=push_z,
            p=two_sided(push_z),
            excess_z=surplus / np.sqrt(made.variance),
        )
