"""Exact effects of many changes of one batch, each computed only where it can be felt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.measure.instrument import Instrument, View
from engine.measure.subset import downstream, subset

LIKE = 0.8
"""A change that reaches less than this share of a group's widest waits for the next group..."""
ENOUGH = 512
"""...once the group has so many columns that one more batch costs less than the padding."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One change of one row of a batch."""

    row: int
    columns: Sequence[int]
    taken: Tensor
    """[len(columns), d_model] float32: what is taken out of the residual stream there."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A variant that takes something out, and what that reaches."""

    place: int
    row: int
    columns: Tensor
    taken: Tensor
    reached: Tensor
    """[columns of the batch] bool"""
    width: int


def exact_effects(instrument: Instrument, view: View, variants: Sequence[Variant]) -> list[float]:
    """delta less the margin with each change; exactly 0 for a change that takes nothing out."""
    found = [0.0] * len(variants)
    for group in _grouped(_changes(view, variants), instrument.budget.columns):
        effects = _effects(instrument, view, group).tolist()
        for change, effect in zip(group, effects, strict=True):
            found[change.place] = effect
    return found


def _changes(view: View, variants: Sequence[Variant]) -> Iterator[_Change]:
    for place, variant in enumerate(variants):
        touched = (variant.taken != 0).any(-1)
        if not bool(touched.any()):
            continue
        columns = torch.tensor(variant.columns, device=touched.device)[touched]
        reached = downstream(view.packed, variant.row, columns)
        width = int(reached.sum())
        yield _Change(place, variant.row, columns, variant.taken[touched], reached, width)


def _grouped(changes: Iterator[_Change], budget: int) -> Iterator[list[_Change]]:
    """Changes of like width together, as many as a batch may have columns."""
    group: list[_Change] = []
    for change in sorted(changes, key=lambda change: (-change.width, change.place)):
        columns = group[0].width * len(group) if group else 0
        full = group and columns + group[0].width > budget
        unlike = columns >= ENOUGH and change.width < LIKE * group[0].width
        if full or unlike:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _effects(instrument: Instrument, view: View, group: Sequence[_Change]) -> Tensor:
    """[n] float32."""
    reached = torch.stack([change.reached for change in group])
    chosen = subset(view.packed, [change.row for change in group], reached)
    residual = chosen.of(view.residual)
    places = reached.cumsum(1) - 1
    for number, change in enumerate(group):
        residual[number, places[number, change.columns]] -= change.taken
    with torch.no_grad():
        rewards = instrument.forward.resume_at(
            view.packed, chosen, residual.to(instrument.pm.dtype), view.captured
        )
    return view.margins[chosen.rows] - (rewards[:, 0] - rewards[:, 1])
