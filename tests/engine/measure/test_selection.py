"""From parts to heuristic features: span tokens are told from others, and what fires is found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from engine.cache import tables
from engine.cache.bearers import BearerTable, Borne
from engine.cache.parts import Parts
from engine.heuristics import Heuristic
from engine.heuristics.census import Counts
from engine.hh import SIDES, Side
from engine.measure.selection import Selection, gather, select

PLANTED, EVERYWHERE, RARE, D_SAE = 7, 3, 11, 20
SPAN = (5, 6)
TEXT = tuple(range(4, 12))
NORMS = np.full(D_SAE, 2.0, dtype=np.float32)
Entry = tuple[int, int, float]
"""Position, feature, activation."""


def side_of(identifier: int) -> Side:
    return SIDES[identifier % 2]


def entries_of(identifier: int) -> list[Entry]:
    """The planted feature fires on the span, another on every token, a third in few pairs."""
    found: list[Entry] = [(5, PLANTED, 1.0 + identifier), (6, PLANTED, 0.5)]
    found += [(position, EVERYWHERE, 1.0) for position in TEXT]
    if identifier % 5 == 0:
        found.append((6, RARE, 9.0))
    return found


def texts_table(ids: Sequence[int], *, other_side: bool = True) -> pa.Table:
    rows = []
    for identifier in ids:
        ours = SIDES.index(side_of(identifier))
        # The other side is full of the planted feature, and must not count.
        noise: list[Entry] = [(at, PLANTED, 99.0) for at in TEXT] if other_side else []
        found = [(ours, *entry) for entry in sorted(entries_of(identifier))]
        found += [(1 - ours, *entry) for entry in noise]
        found.sort(key=lambda entry: entry[0])
        columns = zip(*found, strict=True)
        rows.append(
            {"id": identifier, "text_chosen": TEXT, "text_rejected": TEXT}
            | dict(zip(("side", "position", "feature", "value"), columns, strict=True))
        )
    return pa.Table.from_pylist(rows, schema=tables.TEXT_ACTIVATIONS)


def spans_table(ids: Sequence[int]) -> pa.Table:
    rows = [
        {
            "id": identifier,
            "bearer": side_of(identifier),
            "span_start": [1],
            "span_end": [5],
            # Position 2 lies in the context: part of S, and no response token.
            "span_position": [2, *SPAN],
            "reward_deleted": 0.0,
            "reward_control": None,
        }
        for identifier in ids
    ]
    return pa.Table.from_pylist(rows, schema=tables.SPANS)


def selected(folder: Path, count: int, pins: tuple[int, ...] = ()) -> Selection:
    ids = list(range(count))
    parts = Parts(folder)
    parts.write("spans/x", 0, spans_table(ids))
    parts.write("texts", 0, texts_table(ids))
    table = BearerTable(
        Heuristic("x", "x", features=pins),
        Counts(0, 0, 0, 0),
        tuple(Borne(identifier, side_of(identifier), ((1, 5),)) for identifier in ids),
    )
    contexts = {identifier: f"{identifier:016x}" for identifier in ids}
    return select(table, parts, "spans/x", "texts", contexts, NORMS, pins)


def test_the_bearers_response_tokens_are_gathered_and_s_is_flagged() -> None:
    ids = [4, 9]
    made = gather({i: side_of(i) for i in reversed(ids)}, spans_table(ids), texts_table(ids))
    assert made.bearer.tolist() == [0] * len(TEXT) + [1] * len(TEXT)
    flagged = [TEXT[place % len(TEXT)] for place in np.flatnonzero(made.in_span)]
    assert flagged == [*SPAN, *SPAN]
    found = {
        (int(made.bearer[token]), TEXT[token % len(TEXT)], int(feature), float(value))
        for token, feature, value in zip(made.token, made.feature, made.value, strict=True)
    }
    assert found == {
        (number, *entry)
        for number, identifier in enumerate(ids)
        for entry in entries_of(identifier)
    }


def test_nothing_that_fires_is_nothing_gathered() -> None:
    empty = texts_table([2], other_side=False).to_pylist()[0]
    empty |= {"side": [], "position": [], "feature": [], "value": []}
    table = pa.Table.from_pylist([empty], schema=tables.TEXT_ACTIVATIONS)
    made = gather({2: "chosen"}, spans_table([2]), table)
    assert made.in_span.sum() == 2
    assert made.value.size == 0


def test_the_planted_feature_is_found_on_either_fold(tmp_path: Path) -> None:
    """Not the one that fires everywhere, nor the one that fires in too few bearers."""
    made = selected(tmp_path, 80)
    assert [fold.features for fold in made.folds] == [(PLANTED,), (PLANTED,)]
    assert (made.features, made.jaccard) == ((PLANTED,), 1.0)
    assert (made.in_sample, made.pinned) == (False, False)
    assert {made.fold_of[identifier] for identifier in range(80)} == {0, 1}
    for fold in made.folds:
        assert fold.candidates[0].auroc > 0.99
        assert fold.candidates[0].fire_share == 1


def test_each_fold_is_silent_below_the_other_folds_tenth_percentile(tmp_path: Path) -> None:
    made = selected(tmp_path, 80)
    for number, fold in enumerate(made.folds):
        others = [1.0 + i for i in range(80) if made.fold_of[i] != number]
        assert fold.silent_activation == pytest.approx(2 * np.percentile(others, 10), rel=2e-4)


def test_few_bearers_all_pick_and_only_zero_is_silent(tmp_path: Path) -> None:
    made = selected(tmp_path, 20)
    assert made.in_sample
    assert (made.features, len(made.folds)) == ((PLANTED,), 1)
    assert made.folds[0].silent_activation == 0


def test_pins_need_no_split(tmp_path: Path) -> None:
    made = selected(tmp_path, 80, pins=(RARE, PLANTED))
    assert (made.pinned, made.in_sample, len(made.folds)) == (True, False, 1)
    assert made.judging(5).features == (RARE, PLANTED)
    strongest = [
        max(1.0 + i, 9.5 if i % 5 == 0 else 0.5)  # on token 6 both of them fire
        for i in range(80)
    ]
    level = 2 * np.percentile(strongest, 10)
    assert made.folds[0].silent_activation == pytest.approx(level, rel=2e-4)
