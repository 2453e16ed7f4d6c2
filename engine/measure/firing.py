"""Who bears a feature as a heuristic: measured pairs on which it fires on one side alone.

A side bears it where the activation exceeds the threshold at a token of P that stands for text of
the response; the spans are those tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from engine.cache.bearers import BearerTable, Borne
from engine.heuristics import Heuristic, Spans, bearing, compile_heuristic
from engine.heuristics.census import Counts
from engine.hh import SIDES, Side
from engine.measure.instrument import View
from engine.measure.prepare import Prepared

COLUMNS = ("id", "feature", "activation_chosen", "activation_rejected")
"""What is read of the base figures."""


def candidates(base: pa.Table, heuristic: Heuristic) -> set[int]:
    """The measured pairs (`COLUMNS`) in whose responses the feature exceeds its threshold."""
    lists = base["feature"].combine_chunks()
    owners = np.repeat(base["id"].to_numpy(), lists.value_lengths().to_numpy(zero_copy_only=False))
    feature, chosen, rejected = (
        base[name].combine_chunks().flatten().to_numpy(zero_copy_only=False) for name in COLUMNS[1:]
    )
    fires = (feature == heuristic.feature) & (np.maximum(chosen, rejected) > heuristic.threshold)
    return set(owners[fires].tolist())


def bearer_table(
    texts: pa.Table, prepared: Iterable[Prepared], heuristic: Heuristic, pairs: int
) -> BearerTable:
    """The table of a feature.

    Args:
        texts: activations over the response texts (`tables.TEXT_ACTIVATIONS`) of the candidates.
        prepared: the candidates, in the order of their ids.
        heuristic: the feature, and its threshold.
        pairs: how many the index has; those that were not measured count as without it.
    """
    rows = {identifier: place for place, identifier in enumerate(texts["id"].to_pylist())}
    found: list[Borne] = []
    both = 0
    for item in prepared:
        spans = _spans(texts, rows[item.pair.id], item, heuristic)
        both += all(spans.values())
        if borne := _one_side(item.pair.id, spans):
            found.append(borne)
    chosen = sum(borne.bearer == "chosen" for borne in found)
    counts = Counts(chosen, len(found) - chosen, both, pairs - len(found) - both)
    return BearerTable(heuristic, counts, tuple(found))


def borne_by(view: View, heuristic: Heuristic) -> Borne | None:
    """Which side of a view's one pair bears a pattern, or has a feature firing; None: not one."""
    if heuristic.feature is not None:
        return _borne_in_view(view, heuristic)
    pair = view.pairs[0].pair
    found = bearing(compile_heuristic(heuristic), pair)
    return Borne(pair.id, found.bearer, found.spans) if found else None


def _borne_in_view(view: View, heuristic: Heuristic) -> Borne | None:
    prepared = view.pairs[0]
    spans: dict[Side, Spans] = {}
    for number, side in enumerate(SIDES):
        places = _counted(prepared, side)
        active = view.activations[0, view.columns(0, number, places), heuristic.feature]
        fires = (active > heuristic.threshold).tolist()
        firing = [place for place, on in zip(places, fires, strict=True) if on]
        spans[side] = _merged(prepared, side, firing)
    return _one_side(prepared.pair.id, spans)


def _spans(
    texts: pa.Table, row: int, prepared: Prepared, heuristic: Heuristic
) -> dict[Side, Spans]:
    side, position, feature, value = (
        texts[name][row].values.to_numpy(zero_copy_only=False)
        for name in ("side", "position", "feature", "value")
    )
    fires = (feature == heuristic.feature) & (value > heuristic.threshold)
    found: dict[Side, Spans] = {}
    for number, name in enumerate(SIDES):
        firing = set(position[fires & (side == number)].tolist())
        places = [place for place in _counted(prepared, name) if place in firing]
        found[name] = _merged(prepared, name, places)
    return found


def _counted(prepared: Prepared, side: Side) -> list[int]:
    """The tokens of P that stand for text of the response."""
    return [place for place in prepared.text_positions(side) if place >= prepared.divergence]


def _merged(prepared: Prepared, side: Side, places: Sequence[int]) -> Spans:
    """Those tokens as spans of characters of the transcript; what touches is one span."""
    context = len(prepared.pair.context)
    spans: list[tuple[int, int]] = []
    for start, end in (prepared.tokens(side).offsets[place] for place in places):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((max(start, context), end))
    return tuple(spans)


def _one_side(identifier: int, spans: Mapping[Side, Spans]) -> Borne | None:
    if all(spans.values()):
        return None
    return next((Borne(identifier, side, spans[side]) for side in SIDES if spans[side]), None)
