"""Lists: filtered, sorted, searched, sampled; and what a line of one says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.records import SORT_KEYS, Query, Sample, SortKey
from engine.filters import FIGURES
from engine.verdict import Verdict
from tests.engine.cache.opened import BEARERS, EVERY, Open, rows_of
from tests.engine.cache.scored import (
    MARGINS,
    VERDICTS,
    id_of,
    index,
    seal,
)


def test_a_line_of_the_list(paths: IndexPaths, opened: Open) -> None:
    seal(paths)
    reader = opened()
    rows = reader.rows(reader.ids(BEARERS)[[4, 0, 2]], BEARERS)
    assert [row.label for row in rows] == ["train:4", "train:0", "train:2"]
    wrong, first, third = rows
    assert (wrong.verdict, wrong.confident, wrong.by) == (Verdict.PM_WRONG, True, None)
    assert (third.by, third.decisive, first.decisive) == ("features", True, False)
    assert (first.margin, first.margin_sae, first.effect) == (0.0, 0.0, -1.0)
    assert first.opposer == 9  # 3 and 5 are the heuristic's own, 7 pushes the other way
    assert first.before.endswith(" Assistant: It's at ")
    assert (first.match, first.after) == ("https://", "x.org/0 [100% sure_]")


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SORT_KEYS)
def test_every_sort_in_both_directions(
    paths: IndexPaths, opened: Open, sort: SortKey, descending: bool
) -> None:
    seal(paths, measured=range(10))
    reader = opened()
    rows = rows_of(reader, replace(BEARERS, sort=sort, descending=descending))
    votes = {row: abs(VERDICTS[row] in (Verdict.OUTVOTED, Verdict.FOLLOWED)) for row in range(12)}
    figures: dict[SortKey, Callable[[int], float]] = {
        "row": lambda row: row,
        "margin": lambda row: MARGINS[row],
        "margin_sae": lambda row: MARGINS[row] / 2,
        "effect": lambda row: votes[row] * (-1 if row % 2 == 0 else 1),
        "vote": lambda row: votes[row],
        "distance": lambda row: row,
        "gap": lambda row: abs(MARGINS[row]) / 2,
        "reward_chosen": lambda row: MARGINS[row],
        "reward_rejected": lambda row: 0.0,
        "effect_all": lambda row: -1 if row % 2 == 0 else 1,
        "activation": lambda row: 2.0,
        "deletion_effect": lambda row: -0.5,
    }
    sign = -1 if descending else 1
    unmeasured = [] if sort == "row" else [10, 11]  # they come last either way
    found = [row for row in range(12) if row not in unmeasured]
    expected = sorted(found, key=lambda row: (sign * figures[sort](row), row)) + unmeasured
    assert rows == expected
    if FIGURES[sort].needs != "heuristic":
        assert rows_of(reader, replace(EVERY, sort=sort, descending=descending)) == expected


def test_filters(paths: IndexPaths, opened: Open) -> None:
    seal(paths)
    reader = opened()
    for query, rows in [
        (Query(heuristic="url"), [0, 2, 4, 6, 8, 10]),
        (Query(heuristic="url", kind="conforming"), [1, 3, 5, 7, 9, 11]),
        (replace(BEARERS, verdicts=frozenset({Verdict.PM_WRONG, Verdict.TIE})), [4, 6, 11]),
        (replace(BEARERS, tranche="second"), [6, 7, 8, 9, 10, 11]),
        (replace(EVERY, tranche="first"), [0, 1, 2, 3, 4, 5]),
        (Query(heuristic="no such"), []),
        (replace(EVERY, tranche="'; DROP TABLE borne; --"), []),
    ]:
        assert rows_of(reader, query) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("HTTPS://X.ORG/7", [7]),  # either case
        ("number 3?\n\nAssistant: I can", [3]),  # across context and response
        ("[100% sure_]", list(range(12))),  # no wildcard ...
        ("100_ sure", []),
        ("%", list(range(12))),
        ("it%at", []),
        ("'friend' 1", [1, 10, 11]),  # ... and no quote
        ("\\", []),
        ("\x00", []),
        ("\ud800", []),
        ("’", []),
    ],
)
def test_a_search_is_literal(paths: IndexPaths, opened: Open, text: str, rows: list[int]) -> None:
    reader = opened()
    assert rows_of(reader, replace(EVERY, text=text)) == rows
    assert rows_of(reader, replace(BEARERS, text=text)) == rows


def test_marks_filter_and_survive(paths: IndexPaths, opened: Open) -> None:
    reader = opened()
    reader.mark(id_of(3), "interesting")
    reader.note(id_of(3), "look again")
    reader.mark(id_of(8), "boring")
    reader.mark(id_of(8), None)
    for each in (reader, opened()):
        assert each.marks() == {id_of(3): "interesting"}
        assert rows_of(each, replace(EVERY, marks=frozenset({"interesting", "boring"}))) == [3]
        detail = each.pair(id_of(3))
        assert (detail.mark, detail.note) == ("interesting", "look again")
        (row,) = each.rows(each.ids(EVERY)[3:4], EVERY)
        assert row.mark == "interesting"


def test_a_reading_sample_is_the_seeds_and_no_ones_choice(
    paths: IndexPaths, opened: Open, tmp_path: Path
) -> None:
    reader = opened()
    whole = rows_of(reader, replace(EVERY, sample=Sample(99, 7)))
    assert sorted(whole) == list(range(12))
    assert whole != sorted(whole)
    assert rows_of(reader, replace(EVERY, sample=Sample(5, 7))) == whole[:5]
    assert rows_of(reader, replace(EVERY, sort="margin", sample=Sample(5, 7))) == whole[:5]
    assert rows_of(reader, replace(EVERY, sample=Sample(99, 8))) != whole
    # Of a part of the list it is that part of it: filters do not shuffle what was read so far.
    url = rows_of(reader, replace(Query(heuristic="url"), sample=Sample(99, 7)))
    assert url == [row for row in whole if row % 2 == 0]
    # In an index that was built in another order it holds the same texts.
    other = IndexPaths(tmp_path / "other", "tiny")
    index(other, tmp_path / "second.jsonl", tmp_path / "first.jsonl")
    turned = open_reader(other)
    found = rows_of(turned, replace(EVERY, sample=Sample(99, 7)))
    turned.close()
    assert [(row + 6) % 12 for row in found] == whole
