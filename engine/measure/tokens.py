"""What each token of a response adds to the margin to first order, feature by feature.

A_i(t) = f_i(t) * (W_dec[i] . d delta / d x(t)): the terms whose sum over P is the attribution A_i
(docs/verdicts.md). It is a screen, as A_i is, and never a verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.hh import SIDES
from engine.measure.instrument import Instrument, View

_ENTRIES_AT_ONCE = 4096
"""Rows of W_dec that are gathered at once."""


@dataclass(frozen=True, slots=True)
class TokenEffects:
    """Both response texts of one pair, cut into tokens. Two tables, each as parallel arrays.

    Tokens that split one character (a byte-level tokenizer makes them) are joined into one: all
    spans are of whole characters, ascending, and do not overlap within a side.
    """

    side: npt.NDArray[np.int8]
    """By token: 0 chosen, 1 rejected."""
    start: npt.NDArray[np.int32]
    """By token, in characters of the side's response."""
    end: npt.NDArray[np.int32]
    total: npt.NDArray[np.float32]
    """By token: the sum of A_i(t) over all features."""
    token: npt.NDArray[np.int32]
    """By entry: a place in the table of tokens."""
    feature: npt.NDArray[np.int32]
    attribution: npt.NDArray[np.float32]
    """By entry: A_i(t). Tokens before the divergence are not in P and have none."""


def token_effects(instrument: Instrument, view: View, row: int, gradient: Tensor) -> TokenEffects:
    """The attributions by token of one pair of a batch.

    Args:
        instrument: whose SAE the activations are of.
        view: the batch.
        row: the pair's place in it.
        gradient: [rows, columns, d_model], d delta / d x.
    """
    prepared = view.pairs[row]
    context = len(prepared.pair.context)
    sides: list[npt.NDArray[np.int8]] = []
    spans: list[tuple[int, int]] = []
    tokens: list[npt.NDArray[np.int32]] = []
    features: list[npt.NDArray[np.int32]] = []
    values: list[npt.NDArray[np.float32]] = []
    for number, side in enumerate(SIDES):
        offsets = prepared.tokens(side).offsets
        places = prepared.text_positions(side)
        joined, whole = whole_characters([offsets[place] for place in places])
        after = [at for at, place in enumerate(places) if place >= prepared.divergence]
        columns = view.columns(row, number, [places[at] for at in after])
        at, feature, value = _entries(
            instrument, view.activations[row, columns], gradient[row, columns]
        )
        unit_of = len(spans) + np.array(joined, np.int32)
        tokens.append(unit_of[np.array(after, np.int32)][at])
        features.append(feature)
        values.append(value)
        spans += [(max(start - context, 0), end - context) for start, end in whole]
        sides.append(np.full(len(whole), number, np.int8))
    token, value = np.concatenate(tokens), np.concatenate(values)
    return TokenEffects(
        side=np.concatenate(sides),
        start=np.array([start for start, _ in spans], np.int32),
        end=np.array([end for _, end in spans], np.int32),
        total=np.bincount(token, value, minlength=len(spans)).astype(np.float32),
        token=token,
        feature=np.concatenate(features),
        attribution=value,
    )


def whole_characters(
    offsets: Sequence[tuple[int, int]],
) -> tuple[list[int], list[tuple[int, int]]]:
    """Join neighbours that share a character: by token its unit, and the span of each unit."""
    joined: list[int] = []
    units: list[tuple[int, int]] = []
    for start, end in offsets:
        if units and start < units[-1][1]:
            units[-1] = (units[-1][0], max(end, units[-1][1]))
        else:
            units.append((start, end))
        joined.append(len(units) - 1)
    return joined, units


def _entries(
    instrument: Instrument, active: Tensor, gradient: Tensor
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """(token, feature, A_i(t)) of what is active; both tensors are [tokens, ...]."""
    token, feature = active.nonzero(as_tuple=True)
    value = torch.zeros_like(active[token, feature])
    for first in range(0, len(token), _ENTRIES_AT_ONCE):
        some = slice(first, first + _ENTRIES_AT_ONCE)
        slope = (gradient[token[some]] * instrument.sae.w_dec[feature[some]]).sum(-1)
        value[some] = active[token[some], feature[some]] * slope
    return (
        token.cpu().numpy(),
        feature.cpu().numpy().astype(np.int32),
        value.cpu().numpy().astype(np.float32),
    )
