"""Pins made elsewhere: row by row, or none of them; into one's own file, or beside another's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cache.triage import TriageFile, user_name
from engine.errors import UserError
from engine.exchange.pins_in import import_pins
from engine.exchange.read import Row, read_rows
from engine.heuristics import Heuristic

URL = Heuristic("url", "https://")
SAE = "5ae0" * 4
ROW: dict[str, object] = {
    "user": "ana",
    "heuristic": "url",
    "key": URL.key,
    "sae_hash": SAE,
    "features": [3, 7],
    "time": "2026-11-23T10:00:00+00:00",
}


def rows(*given: dict[str, object]) -> list[Row]:
    return [Row(f"pins.jsonl, line {at}", values) for at, values in enumerate(given, 1)]


def pinned(folder: Path, user: str) -> list[tuple[int, ...]]:
    return [made.features for made in TriageFile(folder, user).pins().values()]


def test_ones_own_go_into_ones_own_file_and_anothers_beside_theirs(tmp_path: Path) -> None:
    TriageFile(tmp_path, "ana").pin(URL, SAE, 1, pinned=True)
    mine = ROW | {"user": user_name(), "features": [0, (1 << 31) - 1]}
    ours, theirs = import_pins(tmp_path, rows(mine, ROW), None, {}).taken
    assert (ours.user, ours.added, theirs.user, theirs.added) == (user_name(), 1, "ana", 1)
    assert pinned(tmp_path, user_name()) == [(0, (1 << 31) - 1)]
    assert pinned(tmp_path, "ana.imported") == [(3, 7)]
    assert pinned(tmp_path, "ana") == [(1,)], "nobody writes into another user's file"
    # What was imported there already, and is handed on, is still hers.
    (again,) = import_pins(tmp_path, rows(ROW | {"user": "ana.imported"}), None, {}).taken
    assert (again.user, again.rows, again.added) == ("ana", 1, 0)


def test_only_what_is_newer_than_what_stands_is_taken_in(tmp_path: Path) -> None:
    for features, time, added in [
        ([5], ROW["time"], 1),
        ([6], ROW["time"], 0),
        ([6], "2026-11-23T12:00:00+02:30", 0),  # half past nine in UTC
        ([5], "2026-11-23T10:00:01", 0),  # it says what stands
        ([6], "2026-11-23T10:00:01", 1),
        ([], "2026-11-23T10:00:02", 1),  # taken back
    ]:
        row = ROW | {"features": features, "time": time}
        (taken,) = import_pins(tmp_path, rows(row), "bob", {}).taken
        assert (taken.user, taken.added) == ("bob", added), row
    assert pinned(tmp_path, "bob.imported") == [()]
    other = rows(ROW | {"sae_hash": "0" * 16}, ROW | {"key": "0" * 16})
    (taken,) = import_pins(tmp_path, other, "bob", {}).taken
    assert taken.added == 2, "each SAE and pattern is its own"
    (taken,) = import_pins(tmp_path, rows(ROW | {"time": None}), "bob", {}).taken
    assert taken.added == 1, "it is of now"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"user": None}, "whose pins"),
        ({"user": "../ana"}, "cannot name a user"),
        ({"user": ["ana"]}, '"user" is no text'),
        ({"heuristic": ""}, "it names no heuristic"),
        ({"heuristic": 7}, '"heuristic" is no text'),
        ({"key": None}, '"key" is not 16 hex digits'),
        ({"key": URL.key[:-1]}, '"key" is not 16 hex digits'),
        ({"sae_hash": "../" * 5 + "a"}, '"sae_hash" is not 16 hex digits'),
        ({"sae_hash": f"{SAE}\n"}, '"sae_hash" is not 16 hex digits'),
        ({"features": None}, '"features" are not'),
        ({"features": 7}, '"features" are not'),
        ({"features": {"3": 7}}, '"features" are not'),
        ({"features": [7, 3]}, '"features" are not'),
        ({"features": [3, 3]}, '"features" are not'),
        ({"features": [-1]}, '"features" are not'),
        ({"features": [1 << 31]}, '"features" are not'),
        ({"features": [8]}, "the SAE has no feature 8"),
        ({"features": [True]}, '"features" are not'),
        ({"features": [3.0]}, '"features" are not'),
        ({"features": ["3"]}, '"features" are not'),
        ({"features": [[3]]}, '"features" are not'),
        ({"features": "[3"}, '"features" are not'),
        ({"features": "[" * 100_000}, '"features" are not'),
        ({"features": "[" + "9" * 5_000 + "]"}, '"features" are not'),
        ({"time": "yesterday"}, "is no ISO 8601 time"),
        ({"time": 7}, '"time" is no text'),
    ],
)
def test_a_row_at_fault_is_named_and_nothing_is_written(
    tmp_path: Path, changed: dict[str, object], reason: str
) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        import_pins(tmp_path, rows(ROW, ROW | changed), None, {SAE: 8})
    assert caught.value.where == "pins.jsonl, line 2"
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_half_a_character_is_kept_as_far_as_it_can_be(tmp_path: Path) -> None:
    file = tmp_path / "pins.jsonl"
    file.write_text(json.dumps(ROW | {"heuristic": "caf\udce9 \x1b[2J"}), encoding="utf-8")
    assert import_pins(tmp_path / "triage", read_rows(file), None, {}).unknown == (SAE,)
    (made,) = TriageFile(tmp_path / "triage", "ana.imported").pins().values()
    assert (made.heuristic, made.features) == ("caf? \x1b[2J", (3, 7))
