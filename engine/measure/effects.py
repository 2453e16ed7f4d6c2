"""Exact effects of feature groups: what the margin loses when they are set to zero.

The SAE error e is kept as it is throughout: zeroing feature i takes f_i * W_dec[i] out of the
residual stream and changes nothing else (design, section 2).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.hh import SIDES, Side
from engine.measure.instrument import Instrument, View


@dataclass(frozen=True, slots=True)
class Question:
    """One (pair, heuristic) to measure: whose span, which features."""

    bearer: Side
    span: tuple[int, ...]
    """Span positions S, in the bearer's transcript."""
    features: tuple[int, ...]
    """F; may be empty, then only what does not need it is measured."""
    seed: str
    """Decides the random group; the same wherever and whenever it is measured."""


@dataclass(frozen=True, slots=True)
class GroupEffects:
    """Exact effects on the margin; above zero the group pushes toward chosen."""

    effect: float | None
    """E_F(S); None without features."""
    activation: float | None
    """a_F; None without features."""
    random_effect: float | None
    """E(S) of a random group of F's size, drawn from the other features active on S."""
    effect_all: float
    """E(S) of all features."""
    drop_without_others: float | None
    """delta less the margin without all features but F over P; None without features."""
    drop_without_error: float
    """delta less the margin without the SAE error over P."""


def group_effects(
    instrument: Instrument, view: View, questions: Sequence[Question]
) -> list[GroupEffects]:
    """Answer one question for each row of the batch."""
    rows = range(len(view.pairs))
    spans = [_span_columns(view, row, questions[row]) for row in rows]
    responses = [_response(view, row) for row in rows]
    groups = [question.features for question in questions]
    others = [_random_group(view, row, spans[row], questions[row]) for row in rows]
    everything = [None] * len(groups)
    sae_part = view.reconstruction - instrument.sae.decode(torch.zeros_like(view.activations[:1]))
    error = view.residual - view.reconstruction

    def at_span(group: Sequence[Sequence[int] | None]) -> Tensor:
        taken = _contributions(instrument, view, sae_part, spans, group)
        return _effects(instrument, view, taken)

    not_ours = _only(sae_part, responses) - _contributions(
        instrument, view, sae_part, responses, groups
    )
    ours, random_group, all_features = at_span(groups), at_span(others), at_span(everything)
    without_others = _effects(instrument, view, not_ours)
    without_error = _effects(instrument, view, _only(error, responses))
    return [
        GroupEffects(
            effect=float(ours[row]) if groups[row] else None,
            activation=_activation(instrument, view, row, spans[row], groups[row]),
            random_effect=float(random_group[row]) if others[row] else None,
            effect_all=float(all_features[row]),
            drop_without_others=float(without_others[row]) if groups[row] else None,
            drop_without_error=float(without_error[row]),
        )
        for row in rows
    ]


def single_effects(instrument: Instrument, view: View, features: Sequence[int]) -> list[float]:
    """Exact effects over P of one feature at a time, for a batch of a single pair."""
    shared = int(view.packed.prefixes[0])
    columns = _response(view, 0)
    inside = [column - shared for column in columns]
    rest = view.packed.rest.of(view.residual).repeat(len(features), 1, 1)
    for variant, feature in enumerate(features):
        active = view.activations[0, columns, feature].unsqueeze(-1)
        rest[variant, inside] -= active * instrument.sae.w_dec[feature]
    ablated = instrument.margins_with_rest(view, rest)
    return [float(effect) for effect in view.margins - ablated]


def _effects(instrument: Instrument, view: View, taken: Tensor) -> Tensor:
    """[rows]: delta less the margin with `taken` subtracted from the residual stream."""
    changed = view.residual - taken
    if bool(taken[view.packed.in_prefix].any()):
        return view.margins - instrument.margins_with(view, changed)
    return view.margins - instrument.margins_with_rest(view, view.packed.rest.of(changed))


def _contributions(
    instrument: Instrument,
    view: View,
    sae_part: Tensor,
    columns: Sequence[Sequence[int]],
    groups: Sequence[Sequence[int] | None],
) -> Tensor:
    """[rows, columns, d_model]: what a group writes at some columns; None: all features."""
    taken = torch.zeros_like(view.residual)
    for row, (places, group) in enumerate(zip(columns, groups, strict=True)):
        if group is None:
            taken[row, places] = sae_part[row, places]
        elif group:
            active = view.activations[row, places][:, list(group)]
            taken[row, places] = active @ instrument.sae.w_dec[list(group)]
    return taken


def _only(values: Tensor, columns: Sequence[Sequence[int]]) -> Tensor:
    out = torch.zeros_like(values)
    for row, places in enumerate(columns):
        out[row, places] = values[row, places]
    return out


def _response(view: View, row: int) -> list[int]:
    """P of both sides as columns."""
    chosen, rejected = view.response_columns(row)
    return chosen + rejected


def _span_columns(view: View, row: int, question: Question) -> list[int]:
    """S as columns. A position before the divergence is one column, seen by both sides."""
    return view.columns(row, SIDES.index(question.bearer), question.span)


def _random_group(view: View, row: int, span: Sequence[int], question: Question) -> tuple[int, ...]:
    active = (view.activations[row, list(span)] > 0).any(0).nonzero().squeeze(-1).tolist()
    pool = sorted(set(active) - set(question.features))
    size = min(len(question.features), len(pool))
    return tuple(sorted(random.Random(question.seed).sample(pool, size)))


def _activation(
    instrument: Instrument, view: View, row: int, span: Sequence[int], group: Sequence[int]
) -> float | None:
    """a_F = the maximum over S of the sum of f_i times the norm of W_dec[i] (design, section 3)."""
    if not group:
        return None
    active = view.activations[row, list(span)][:, list(group)]
    weighted = (active * instrument.sae.decoder_norms[list(group)]).sum(-1)
    return float(weighted.max()) if len(weighted) else 0.0
