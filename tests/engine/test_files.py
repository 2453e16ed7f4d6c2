"""What killed writers leave is swept by the next one, and nothing else is."""

from __future__ import annotations

from pathlib import Path

from engine.files import replacing, sweep


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
