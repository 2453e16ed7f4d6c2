"""An index in a notebook: the page that tells of it is run, and reading leaves no trace."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

import engine
from engine.cache.layout import IndexPaths
from engine.cache.triage import TriageFile
from engine.errors import UserError
from tests.engine.cache.scored import URL, make_index, seal

PAGE = Path(__file__).resolve().parents[2] / "docs" / "notebook.md"


def test_the_page_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTVOTED_CACHE", str(tmp_path))
    done = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert done.attempted > 10
    assert done.failed == 0


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return make_index(tmp_path)


def test_an_index_without_a_run_has_its_pairs(paths: IndexPaths) -> None:
    with engine.open(paths.name, cache=paths.cache) as index:
        assert repr(index) == "<index tiny: 12 pairs, no run>"
        assert index.run is None
        assert index.pairs()["margin"].null_count == 12
        assert index.overview().run is None
        with pytest.raises(UserError, match="has no finished run"):
            index.report()
        with pytest.raises(UserError, match="has no finished run"):
            repr(index.figures)


def test_a_run_and_heuristics_can_be_named(paths: IndexPaths, tmp_path: Path) -> None:
    first, second = seal(paths, hook="h.1"), seal(paths, hook="h.3")
    with engine.open(paths.name, cache=paths.cache, run=first[:8]) as index:
        assert index.run == first != second
        assert index.verdicts()["run"].unique().to_pylist() == [first]
        outvoted = index.find("verdict=outvoted", heuristic="url")
        assert outvoted == ("first.jsonl:train:0", "first.jsonl:train:2")
        assert index.pair(outvoted[1]).margin == 0.5
        assert len(index.find()) == 12
        assert index.triage().num_rows == 0
        TriageFile(paths.triage, "ana").pin(URL, "sae", 7, pinned=True)
        (pins,) = index.pins().to_pylist()
        assert (pins["user"], pins["heuristic"], pins["features"]) == ("ana", "url", [7])
    mine = tmp_path / "mine.toml"
    mine.write_text('[[heuristic]]\nname = "friend"\npattern = "friend"\n', encoding="utf-8")
    with engine.open(paths.name, cache=paths.cache, heuristics=mine) as index:
        assert [each.name for each in index.heuristics] == ["friend"]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='there is no index "none"'):
        engine.open("none", cache=tmp_path)


def test_reading_leaves_no_trace(paths: IndexPaths) -> None:
    seal(paths)
    engine.open(paths.name, cache=paths.cache).close()  # who bears what is found once, and kept
    before = sorted((path, path.stat().st_mtime_ns) for path in paths.folder.rglob("*"))
    with engine.open(paths.name, cache=paths.cache) as index:
        for table in (index.pairs(), index.verdicts(), index.effects()):
            assert table.num_rows == 12
        index.report()
    assert sorted((path, path.stat().st_mtime_ns) for path in paths.folder.rglob("*")) == before
