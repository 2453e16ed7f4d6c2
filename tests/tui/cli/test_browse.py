"""`outvoted` and `outvoted demo`: which index opens, and what the browser's process never loads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.records import Query
from engine.cache.run_records import RUN_FILE
from engine.demo.shipped import unpack
from engine.verdict import Verdict
from tests.engine.cache.scored import make_index, seal
from tests.engine.tiny import TinyIndex
from tests.tui.driving import press, settle, text_of
from tui.app import OutvotedApp
from tui.cli.browse import last_index, run_to_open
from tui.cli.main import main
from tui.session import Session, load_session, save_session

WALK = """
import asyncio, json, sys
from pathlib import Path
from engine.cache.snapshot import read_snapshot, snapshot_path
from engine.cache.layout import IndexPaths
from tui.app import OutvotedApp
from tui.cli.browse import Opening

async def walk(cache):
    paths = IndexPaths(Path(cache), "demo")
    opening = Opening(paths, None, None, ["outvoted", "worker"], "cpu", {})
    app = OutvotedApp(read_snapshot(snapshot_path(paths)), opening.reader, opening.rescorer, None)
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(100):  # an index that is still being opened has no pair to open
            await pilot.press("enter")
            await pilot.pause(0.2)
            if type(app.screen).__name__ == "PairScreen":
                break
        print(json.dumps({
            "screen": type(app.screen).__name__,
            "loaded": sorted({name.partition(".")[0] for name in sys.modules}),
        }))
        await pilot.press("q")

asyncio.run(walk(sys.argv[1]))
"""


def test_torch_is_never_loaded_in_the_browsers_process(tmp_path: Path) -> None:
    unpack(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", WALK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    seen = json.loads(done.stdout)
    assert seen["screen"] == "PairScreen"
    assert "duckdb" in seen["loaded"], "the index was really read"
    assert not {"torch", "transformers", "datasets", "safetensors"} & set(seen["loaded"])
    assert "pyarrow" not in seen["loaded"], "30 MB for what only writers need"


def test_the_demo_ships_finished(tmp_path: Path) -> None:
    reader = open_reader(unpack(tmp_path))
    assert reader.run is not None
    assert reader.store.count() >= 400
    bearers = {row.id for row in reader.bulk.judged()}
    assert len(bearers) >= 150
    assert len(reader.heuristics) == 4
    for heuristic in reader.heuristics:
        for kind in ("counterexample", "conforming"):
            assert len(reader.ids(Query(heuristic=heuristic.name, kind=kind)))
    assert Verdict.OUTVOTED in {row.verdict for row in reader.bulk.judged()}
    reader.close()


def test_the_demos_second_start_copies_nothing_and_keeps_marks(tmp_path: Path) -> None:
    paths = unpack(tmp_path)
    reader = open_reader(paths)
    first = int(reader.ids(Query(heuristic="url"))[0])
    reader.mark(first, "clear")
    reader.close()
    before = {path: path.stat().st_mtime_ns for path in paths.folder.rglob("*.duckdb")}
    reader = open_reader(unpack(tmp_path))
    assert reader.marks() == {first: "clear"}
    reader.close()
    assert before == {path: path.stat().st_mtime_ns for path in paths.folder.rglob("*.duckdb")}


def test_an_older_run_that_was_asked_for_comes_back_with_the_session(tmp_path: Path) -> None:
    paths = make_index(tmp_path)
    session = tmp_path / "session.json"
    older = seal(paths, hook="h.2")
    assert run_to_open(older, session, paths) == (older, None), "it is the newest"
    newer = seal(paths, hook="h.10")
    os.utime(paths.run(older) / RUN_FILE, (1, 1))
    assert run_to_open(None, session, paths) == (None, None)
    assert run_to_open(older[:9], session, paths) == (older, newer)
    save_session(session, paths.name, Session(run=older))
    assert run_to_open(None, session, paths) == (older, newer)
    assert run_to_open(newer, session, paths) == (newer, None)
    shutil.rmtree(paths.run(older))
    assert run_to_open(None, session, paths) == (None, None), "it is gone"


async def test_the_browser_remembers_that_run_and_says_so(tmp_path: Path) -> None:
    paths = make_index(tmp_path)
    run = seal(paths)
    session = tmp_path / "session.json"
    app = OutvotedApp(None, lambda: open_reader(paths), None, session, run=run, said="An older run")
    async with app.run_test() as pilot:
        await settle(pilot)
        assert text_of(pilot, "state") == "An older run"
        await press(pilot, "q")
    assert load_session(session, paths.name).run == run


def test_the_demos_report_names_the_verdicts_that_do_not_occur(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unpack(tmp_path)
    assert main(["report", "--name", "demo", "--cache", str(tmp_path)]) == 0
    assert "Do not occur" in capsys.readouterr().out


def test_no_terminal_no_browser(tiny_index: TinyIndex, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tiny_index.options) == 2
    assert "outvoted report" in capsys.readouterr().err


def test_the_index_used_last_opens_then_the_default_then_the_demo(tiny_index: TinyIndex) -> None:
    cache = tiny_index.paths.cache
    assert last_index(cache) is None, "neither: the demo opens"
    (cache / "last-index").write_text("tiny\n")
    assert last_index(cache) == "tiny"
    (cache / "last-index").write_text("../../etc\n")
    assert last_index(cache) is None
    (cache / "default").symlink_to(cache / "tiny")
    assert last_index(cache) == "default"
    (cache / "default").unlink()
    (cache / "last-index").unlink()
    assert IndexPaths(cache, "tiny").source_numbers()
