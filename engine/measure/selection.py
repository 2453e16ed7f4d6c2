"""From a run's parts to heuristic features: what the pure selection needs, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.cache import tables
from engine.cache.bearers import BearerTable
from engine.cache.parts import Parts
from engine.verdict import TokenActivations, cross_fit, silent_threshold
from engine.verdict.selection import Candidate

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True)
class FoldSelection:
    """What judges the bearers of one fold."""

    features: tuple[int, ...]
    candidates: tuple[Candidate, ...]
    """How each was found, in the order of `features`; empty for pins."""
    silent_activation: float
    """The 10th percentile of a_F over the selection bearers, or 0 under 30 of them."""


@dataclass(frozen=True, slots=True)
class Selection:
    """One heuristic's features: by fold, cross-fitted (docs/verdicts.md)."""

    folds: tuple[FoldSelection, ...]
    fold_of: Mapping[int, int]
    """By pair id, the fold whose entry judges it."""
    jaccard: float | None
    in_sample: bool
    pinned: bool

    def judging(self, identifier: int) -> FoldSelection:
        """What judges one bearer."""
        return self.folds[self.fold_of[identifier]]

    @property
    def features(self) -> tuple[int, ...]:
        """All features that judge anyone, ascending."""
        return tuple(sorted({feature for fold in self.folds for feature in fold.features}))


def select(
    table: BearerTable,
    parts: Parts,
    spans_stage: str,
    texts_stage: str,
    contexts: Mapping[int, str],
    decoder_norms: npt.NDArray[np.float32],
    pins: Sequence[int],
) -> Selection:
    """Find one heuristic's features on the activations that its bearers' parts hold.

    Args:
        table: the heuristic's bearers.
        parts: of the run; the two stages must cover the bearers.
        spans_stage: where their span positions are.
        texts_stage: where their sparse activations are.
        contexts: context hashes by pair id, for the folds.
        decoder_norms: [d_sae].
        pins: the features that somebody says stand for it, which need no finding; none: find them.
    """
    ids = [borne.id for borne in table.bearers]
    activations = gather(
        {borne.id: borne.bearer for borne in table.bearers},
        parts.read(spans_stage, tables.SPANS, ["id", "span_position"]),
        parts.read(texts_stage, tables.TEXT_ACTIVATIONS),
    )
    if pins:
        level = _silent(activations, pins, decoder_norms, np.arange(len(ids)))
        fold = FoldSelection(features=tuple(pins), candidates=(), silent_activation=level)
        return Selection((fold,), dict.fromkeys(ids, 0), None, in_sample=False, pinned=True)
    fitted = cross_fit(
        activations,
        [contexts[identifier] for identifier in ids],
        [borne.bearer for borne in table.bearers],
    )
    folds = []
    for number, candidates in enumerate(fitted.judged_with):
        features = tuple(candidate.feature for candidate in candidates)
        bearers = fitted.selection_bearers(number)
        level = _silent(activations, features, decoder_norms, bearers)
        folds.append(FoldSelection(features, candidates, level))
    fold_of = dict(zip(ids, map(int, fitted.fold), strict=True))
    return Selection(
        tuple(folds), fold_of, fitted.jaccard, in_sample=fitted.in_sample, pinned=False
    )


def gather(sides: Mapping[int, str], spans: pa.Table, texts: pa.Table) -> TokenActivations:
    """The response tokens of bearers, numbered in ascending order of their ids."""
    positions = dict(zip(spans["id"].to_pylist(), spans["span_position"].to_pylist(), strict=True))
    rows = {identifier: place for place, identifier in enumerate(texts["id"].to_pylist())}
    bearer, in_span, token, feature, value = [], [], [], [], []
    offset = 0
    for number, identifier in enumerate(sorted(sides)):
        row = rows[identifier]
        side = sides[identifier]
        text = _list(texts, f"text_{side}", row)
        ours = _list(texts, "side", row) == (0 if side == "chosen" else 1)
        bearer.append(np.full(len(text), number))
        in_span.append(np.isin(text, positions[identifier]))
        token.append(offset + np.searchsorted(text, _list(texts, "position", row)[ours]))
        feature.append(_list(texts, "feature", row)[ours])
        value.append(_list(texts, "value", row)[ours].astype(np.float32))
        offset += len(text)
    return TokenActivations(
        bearer=_joined(bearer, np.int64),
        in_span=_joined(in_span, np.bool_),
        token=_joined(token, np.int64),
        feature=_joined(feature, np.int32),
        value=_joined(value, np.float32),
    )


def _silent(
    activations: TokenActivations,
    features: Sequence[int],
    decoder_norms: npt.NDArray[np.float32],
    bearers: npt.NDArray[np.int64],
) -> float:
    """The silent threshold: a_F of each of those bearers, zero where nothing fires on its span."""
    ours = np.isin(activations.feature, features) & activations.in_span[activations.token]
    weighted = np.bincount(
        activations.token[ours],
        weights=activations.value[ours] * decoder_norms[activations.feature[ours]],
        minlength=len(activations.bearer),
    )
    strongest = np.zeros(int(activations.bearer.max(initial=-1)) + 1)
    np.maximum.at(strongest, activations.bearer, weighted)
    return silent_threshold(strongest[bearers])


def _list(table: pa.Table, name: str, row: int) -> npt.NDArray[np.int32]:
    values: npt.NDArray[np.int32] = table[name][row].values.to_numpy(zero_copy_only=False)
    return values


def _joined(pieces: Sequence[npt.NDArray[Number]], dtype: type[Number]) -> npt.NDArray[Number]:
    return np.concatenate([np.empty(0, dtype), *pieces]).astype(dtype)
