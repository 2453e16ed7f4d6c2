"""Exact effects of feature groups: what the margin loses when they are set to zero.

The SAE error e is kept as it is throughout: zeroing feature i takes f_i * W_dec[i] out of the
residual stream and changes nothing else (docs/verdicts.md).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from engine.hh import SIDES, Side
from engine.measure.instrument import Instrument, View
from engine.measure.variants import Variant, exact_effects


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
    effect_over_response: float | None
    """E_F(P): the same group over all response positions of both sides; None without features."""


def group_effects(
    instrument: Instrument, view: View, questions: Sequence[Question]
) -> list[GroupEffects]:
    """Answer one question for each row of the batch."""
    rows = range(len(view.pairs))
    spans = [_span_columns(view, row, questions[row]) for row in rows]
    responses = [_response(view, row) for row in rows]
    groups = [question.features for question in questions]
    others = [_random_group(view, row, spans[row], questions[row]) for row in rows]
    of_sae = view.reconstruction - instrument.sae.baseline(view.residual)
    error = view.residual - view.reconstruction

    def ask(where: list[list[int]], taken: Callable[[int], Tensor]) -> list[Variant]:
        return [Variant(row, where[row], taken(row)) for row in rows]

    def written(row: int, columns: Sequence[int], features: Sequence[int]) -> Tensor:
        return written_by(instrument, view, row, columns, features)

    answers = exact_effects(
        instrument,
        view,
        [
            *ask(spans, lambda row: written(row, spans[row], groups[row])),
            *ask(spans, lambda row: written(row, spans[row], others[row])),
            *ask(spans, lambda row: of_sae[row, spans[row]]),
            *ask(
                responses,
                lambda row: of_sae[row, responses[row]] - written(row, responses[row], groups[row]),
            ),
            *ask(responses, lambda row: error[row, responses[row]]),
            *ask(responses, lambda row: written(row, responses[row], groups[row])),
        ],
    )
    many = len(view.pairs)
    ours, random_group, everything, without_others, without_error, over_response = (
        answers[start : start + many] for start in range(0, 6 * many, many)
    )
    return [
        GroupEffects(
            effect=ours[row] if groups[row] else None,
            activation=_activation(instrument, view, row, spans[row], groups[row]),
            random_effect=random_group[row] if others[row] else None,
            effect_all=everything[row],
            drop_without_others=without_others[row] if groups[row] else None,
            drop_without_error=without_error[row],
            effect_over_response=over_response[row] if groups[row] else None,
        )
        for row in rows
    ]


def single_effects(
    instrument: Instrument, view: View, row: int, features: Sequence[int]
) -> list[float]:
    """Exact effects over P of one feature at a time, for one row of the batch."""
    columns = _response(view, row)
    return exact_effects(
        instrument,
        view,
        [
            Variant(row, columns, written_by(instrument, view, row, columns, [feature]))
            for feature in features
        ],
    )


def written_by(
    instrument: Instrument,
    view: View,
    row: int,
    columns: Sequence[int],
    features: Sequence[int],
) -> Tensor:
    """[len(columns), d_model]: what a group of features writes into the residual stream there."""
    group = list(features)
    active = view.activations[row, list(columns)][:, group]
    return active @ instrument.sae.w_dec[group]


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
    """a_F = the maximum over S of the sum of f_i times the norm of W_dec[i] (docs/verdicts.md)."""
    if not group:
        return None
    active = view.activations[row, list(span)][:, list(group)]
    weighted = (active * instrument.sae.decoder_norms[list(group)]).sum(-1)
    return float(weighted.max()) if len(weighted) else 0.0
