"""What killed writers leave is swept by the next one; a second one is told who holds a file."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path
from typing import TextIO

import pytest

from engine.errors import UserError
from engine.files import at_home, check_new, is_held, replacing, sweep, writer_lock


def test_leftovers_go_whether_files_or_folders(tmp_path: Path) -> None:
    kept = tmp_path / "texts" / "a.parquet"
    with replacing(kept) as beside:
        beside.write_text("whole")
    other = tmp_path / "texts" / ".b.json.4.part"
    for left in (".a.parquet.4.part", ".a.parquet.4.part.wal"):
        (tmp_path / "texts" / left).write_text("half")
    other.write_text("of another writer")
    spilled = tmp_path / ".run.duckdb.4.part.tmp"
    spilled.mkdir()
    (spilled / "block").write_text("")
    sweep(tmp_path, "*.parquet")
    assert set((tmp_path / "texts").iterdir()) == {kept, other}
    sweep(tmp_path)
    assert set(tmp_path.rglob("*")) == {kept.parent, kept}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("there.txt", "it is there already"),
        ("missing/new.txt", "there is no folder"),
        ("there.txt/new.txt", "there is no folder"),
        ("a" * 300, "no file can be written there"),
        ("a\x00b", "no file can be written there"),
    ],
)
def test_a_new_file_is_new_and_its_folder_is_there(name: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("")
    with pytest.raises(UserError, match=told):
        check_new(tmp_path / name)
    check_new(tmp_path / "new.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["there.txt"]


def held(target: Path) -> TextIO:
    """The lock of a file, taken by somebody who has not written a name into it."""
    holder = target.with_name(f"{target.name}.lock").open("w", encoding="utf-8")
    fcntl.flock(holder, fcntl.LOCK_EX)
    return holder


def test_a_holder_that_has_not_written_its_name_yet_is_waited_for(tmp_path: Path) -> None:
    holder = held(tmp_path / "run")
    timer = threading.Timer(0.05, print, ["process 7 on here"], {"file": holder, "flush": True})
    timer.start()
    with (
        pytest.raises(UserError, match="written by process 7 on here"),
        writer_lock(tmp_path / "run"),
    ):
        pass
    assert is_held(tmp_path / "run")
    holder.close()


def test_a_holder_that_lets_go_is_followed(tmp_path: Path) -> None:
    holder = held(tmp_path / "run")
    threading.Timer(0.05, holder.close).start()
    with writer_lock(tmp_path / "run"):
        assert is_held(tmp_path / "run")
    assert not is_held(tmp_path / "run")


def test_a_home_that_nobody_has_is_a_name_like_any_other() -> None:
    assert at_home("~nobody-of-that-name/x") == Path("~nobody-of-that-name/x")
    assert at_home("~/x").is_absolute()
