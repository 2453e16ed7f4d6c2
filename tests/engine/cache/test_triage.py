"""Marks and notes: appended, replayed, and never lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cache.triage import TriageFile
from engine.errors import UserError
from engine.hh import Pair, PairName


def pair(row: int) -> Pair:
    return Pair(
        row, PairName("hub:a:b", "test", row), "t", "\n\nHuman: q\n\nAssistant:", " y", " n"
    )


def test_the_last_word_counts(tmp_path: Path) -> None:
    file = TriageFile(tmp_path / "triage", "me")
    assert file.read() == {}
    file.append(pair(1), "interesting", None)
    file.append(pair(2), "boring", "no")
    file.append(pair(1), "interesting", "see also 2")
    file.append(pair(2), None, None)
    said = file.read()
    assert {name.row: (made.mark, made.note) for name, made in said.items()} == {
        1: ("interesting", "see also 2"),
        2: (None, None),
    }
    assert said[pair(1).name].content_hash == pair(1).content_hash
    assert len(file.path.read_text(encoding="utf-8").splitlines()) == 4  # only ever appended


@settings(deadline=None)  # every line is fsynced
@given(st.text())
def test_any_note_comes_back(tmp_path_factory: pytest.TempPathFactory, note: str) -> None:
    file = TriageFile(tmp_path_factory.mktemp("triage"), "me")
    file.append(pair(1), "mark", note)
    file.append(pair(2), "mark", "after")
    said = file.read()
    assert said[pair(1).name].note == note
    assert said[pair(2).name].note == "after"


def test_half_a_character_from_the_terminal_does_not_stop_it(tmp_path: Path) -> None:
    file = TriageFile(tmp_path, "me")
    file.append(pair(1), None, "caf\udce9")
    assert file.read()[pair(1).name].note == "caf?"


def test_a_line_cut_short_costs_only_itself(tmp_path: Path) -> None:
    file = TriageFile(tmp_path, "me")
    file.append(pair(1), "a", None)
    file.append(pair(2), "b", None)
    file.path.write_bytes(file.path.read_bytes()[:-9])
    assert [name.row for name in file.read()] == [1]
    file.append(pair(3), "c", None)  # not glued to the half line
    assert [name.row for name in file.read()] == [1, 3]


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
    file.append(pair(1), "a", None)
    with file.path.open("a", encoding="latin-1", errors="replace") as stream:
        stream.write(f"{line}\n")
    file.append(pair(2), "b", None)
    assert [name.row for name in file.read()] == [1, 2]


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from tests.engine.cache.test_triage import pair;"
        "from engine.cache.triage import TriageFile;"
        "file = TriageFile(Path(sys.argv[1]), 'me'); first = int(sys.argv[2]);"
        "[file.append(pair(row), 'mark', 'n' * 9000) for row in range(first, first + 100)]"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), first])
        for first in ("0", "100")
    ]
    assert [process.wait() for process in running] == [0, 0]
    said = TriageFile(tmp_path, "me").read()
    assert sorted(name.row for name in said) == list(range(200))
    assert {made.note for made in said.values()} == {"n" * 9000}


def test_a_mark_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "triage").touch()  # a file where the folder should be: not even root can write
    with pytest.raises(UserError, match="the mark was not kept"):
        TriageFile(tmp_path / "triage", "me").append(pair(1), "a", None)
    (tmp_path / "me.jsonl").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        TriageFile(tmp_path, "me").read()
