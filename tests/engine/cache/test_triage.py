"""Marks and notes: appended, replayed, and never lost."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cache.triage import TriageFile
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.hh import Pair, PairName
from tests.examples import few

URL = Heuristic("url", "https://")


def pair(row: int) -> Pair:
    return Pair(
        row, PairName("hub:a:b", "test", row), "t", "\n\nHuman: q\n\nAssistant:", " y", " n"
    )


def said(file: TriageFile) -> dict[int, tuple[str | None, str | None]]:
    return {name.row: (made.mark, made.note) for name, made in file.read().items()}


def test_the_last_word_counts(tmp_path: Path) -> None:
    file = TriageFile(tmp_path / "triage", "me")
    assert said(file) == {}
    file.mark(pair(1), "interesting")
    file.mark(pair(2), "boring")
    file.note(pair(1), "see also 2")
    file.mark(pair(2), None)
    assert said(file) == said(TriageFile(tmp_path / "triage", "me"))
    assert said(file) == {1: ("interesting", "see also 2"), 2: (None, None)}
    assert file.read()[pair(1).name].content_hash == pair(1).content_hash
    assert len(file.path.read_text(encoding="utf-8").splitlines()) == 4  # only ever appended


@settings(deadline=None)  # every line is fsynced
@given(st.text())
def test_any_note_comes_back(tmp_path_factory: pytest.TempPathFactory, note: str) -> None:
    file = TriageFile(tmp_path_factory.mktemp("triage"), "me")
    file.note(pair(1), note)
    file.note(pair(2), "after")
    assert said(file) == said(TriageFile(file.path.parent, "me"))
    assert said(file) == {1: (None, note), 2: (None, "after")}


def test_half_a_character_from_the_terminal_does_not_stop_it(tmp_path: Path) -> None:
    file = TriageFile(tmp_path, "me")
    file.note(pair(1), "caf\udce9")
    assert said(TriageFile(tmp_path, "me")) == {1: (None, "caf?")}


def test_a_line_cut_short_costs_only_itself(tmp_path: Path) -> None:
    file = TriageFile(tmp_path, "me")
    file.mark(pair(1), "a")
    file.mark(pair(2), "b")
    file.path.write_bytes(file.path.read_bytes()[:-9])
    assert list(said(file)) == [1]
    file.mark(pair(3), "c")  # not glued to the half line
    assert list(said(file)) == [1, 3]


def test_a_last_line_written_by_hand_may_lack_its_newline(tmp_path: Path) -> None:
    file = TriageFile(tmp_path, "me")
    file.mark(pair(1), "a")
    file.path.write_bytes(file.path.read_bytes().rstrip(b"\n"))
    assert list(said(TriageFile(tmp_path, "me"))) == [1]
    file.mark(pair(2), "b")
    assert list(said(file)) == [1, 2]


def test_a_file_of_the_first_version_is_read(tmp_path: Path) -> None:
    line = (
        '{"source": "hub:a:b", "split": "test", "row": 1, "content_hash": "x", "mark": "clear",'
        ' "note": null, "time": "2026-11-22T10:00:00+00:00"}\n'
    )
    (tmp_path / "me.jsonl").write_text(line, encoding="utf-8")
    assert said(TriageFile(tmp_path, "me")) == {1: ("clear", None)}


def test_a_file_put_in_its_place_is_read_anew(tmp_path: Path) -> None:
    file, other = TriageFile(tmp_path, "me"), TriageFile(tmp_path, "other")
    file.mark(pair(1), "a")
    file.mark(pair(2), "a")
    other.mark(pair(3), "b")
    assert list(said(file)) == [1, 2]
    other.path.replace(file.path)
    assert said(file) == {3: ("b", None)}
    file.path.unlink()
    assert said(file) == {}


@settings(deadline=None, max_examples=few(30))
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["a", "b", None, "undo"]))))
def test_undo_goes_back_through_every_state_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str | None]]
) -> None:
    file = TriageFile(tmp_path_factory.mktemp("triage"), "me")
    states: list[dict[int, str | None]] = [{}]
    for row, mark in steps:
        if mark == "undo":
            assert (file.undo() is None) == (len(states) == 1)
            states = states[:-1] or states
        else:
            file.mark(pair(row), mark)
            states.append(states[-1] | {row: mark})
        marked = {name.row: made.mark for name, made in file.read().items()}
        assert {r: m for r, m in marked.items() if m} == {r: m for r, m in states[-1].items() if m}
    again = TriageFile(file.path.parent, "me")
    while again.undo():
        pass
    assert {made.mark for made in again.read().values()} <= {None}


def test_the_first_mark_under_cover_is_the_blind_one_and_stays_it(tmp_path: Path) -> None:
    """A revised mark must not drop out of the agreement: people revise toward what they saw."""
    file = TriageFile(tmp_path, "me")
    assert file.mark(pair(1), "clear", hidden=True).blind == "clear"
    assert file.mark(pair(1), "label wrong").blind == "clear"
    assert file.note(pair(1), "it was outvoted").blind == "clear"
    file.mark(pair(2), "clear")
    assert file.mark(pair(2), "exclude", hidden=True).blind is None  # it was open before
    assert file.mark(pair(1), None).blind is None  # taken back, so never said ...
    assert file.mark(pair(1), "clear", hidden=True).blind is None  # ... and seen by now


def test_pins_are_kept_beside_marks_by_heuristic_and_sae(tmp_path: Path) -> None:
    file = TriageFile(tmp_path, "me")
    file.mark(pair(1), "clear")
    file.pin(URL, "sae", 7, pinned=True)
    file.pin(URL, "sae", 3, pinned=True)
    file.pin(URL, "other", 5, pinned=True)
    file.pin(replace(URL, name="link", features=(1,)), "sae", 9, pinned=True)
    file.pin(replace(URL, fold=True), "sae", 1, pinned=True)
    for one in (file, TriageFile(tmp_path, "me")):
        pinned = {key: made.features for key, made in one.pins().items()}
        assert pinned[URL.key, "sae"] == (3, 7, 9), "another name is the same heuristic"
        assert pinned[URL.key, "other"] == (5,)
        assert len(pinned) == 3
        assert said(one) == {1: ("clear", None)}
    assert file.pin(URL, "sae", 9, pinned=False).features == (3, 7)
    assert file.undo() is not None  # the mark: pins are no marks
    assert said(file) == {1: (None, None)}
    assert file.pins()[URL.key, "sae"].features == (3, 7)


def test_what_another_process_pinned_meanwhile_stays(tmp_path: Path) -> None:
    one, other = TriageFile(tmp_path, "me"), TriageFile(tmp_path, "me")
    one.pin(URL, "sae", 7, pinned=True)
    other.pin(URL, "sae", 8, pinned=True)
    assert one.pin(URL, "sae", 7, pinned=False).features == (8,)
    assert [made.features for made in other.pins().values()] == [(8,)]


@pytest.mark.parametrize(
    "features", ["[2, 1]", "[1, 1]", "[-1]", "[1e3]", "[true]", "[4294967296]"]
)
def test_a_line_that_names_no_features_pins_nothing(tmp_path: Path, features: str) -> None:
    file = TriageFile(tmp_path, "me")
    file.pin(URL, "sae", 7, pinned=True)
    line = (
        f'{{"heuristic": "url", "key": "{URL.key}", "sae_hash": "sae", "features": {features},'
        ' "time": "2026-11-23T10:00:00+00:00"}\n'
    )
    file.path.write_text(file.path.read_text(encoding="utf-8") + line, encoding="utf-8")
    assert [made.features for made in TriageFile(tmp_path, "me").pins().values()] == [(7,)]


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "7",
        "null",
        '{"row": 1}',
        "[" * 100_000,
        '{"source": [], "split": {}, "row": 1, "content_hash": "", "mark": "x", "note": null,'
        ' "time": ""}',
        '{"source": "a", "split": "b", "row": 1, "content_hash": "", "mark": {}, "note": null,'
        ' "time": ""}',
        '{"source": "a", "split": "b", "row": -1, "content_hash": "", "mark": "x", "note": null,'
        ' "time": ""}',
        '{"source": "a", "split": "b", "row": 1e99, "content_hash": "", "mark": "x", "note": null,'
        ' "time": ""}',
        '{"source": "a", "split": "b", "row": 99999999999999999999, "content_hash": "",'
        ' "mark": "x", "note": null, "time": ""}',
        "\x00\xff\u2028",
    ],
)
def test_hostile_lines_are_passed_over(tmp_path: Path, line: str) -> None:
    file = TriageFile(tmp_path, "me")
    file.mark(pair(1), "a")
    with file.path.open("a", encoding="latin-1", errors="replace") as stream:
        stream.write(f"{line}\n")
    file.mark(pair(2), "b")
    assert list(said(file)) == list(said(TriageFile(tmp_path, "me"))) == [1, 2]


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    """One writes marks, one notes, on the same pairs: every pair ends with both."""
    script = (
        "import sys; from pathlib import Path;"
        "from tests.engine.cache.test_triage import pair;"
        "from engine.cache.triage import TriageFile;"
        "file = TriageFile(Path(sys.argv[1]), 'me'); what = sys.argv[2];"
        "[file.mark(pair(row), 'mark') if what == 'mark' else file.note(pair(row), 'n' * 9000)"
        " for row in range(100)]"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), what])
        for what in ("mark", "note")
    ]
    assert [process.wait() for process in running] == [0, 0]
    file = TriageFile(tmp_path, "me")
    assert said(file) == dict.fromkeys(range(100), ("mark", "n" * 9000))
    assert len(file.path.read_bytes().splitlines()) == 200


def test_a_mark_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "triage").touch()  # a file where the folder should be: not even root can write
    with pytest.raises(UserError, match="the mark was not kept"):
        TriageFile(tmp_path / "triage", "me").mark(pair(1), "a")
    (tmp_path / "me.jsonl").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        TriageFile(tmp_path, "me").read()
