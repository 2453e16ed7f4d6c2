"""The README's picture, drawn from the demo: `python -m tests.tui.screenshot docs/pair.svg`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from engine.cache.opening import open_reader
from engine.cache.records import Query
from engine.cache.snapshot import read_snapshot, snapshot_path
from engine.demo.shipped import unpack
from engine.verdict import Verdict
from tui.app import OutvotedApp
from tui.session import Session, save_session

SIZE = (112, 36)


async def draw(target: Path) -> None:
    """Open the first outvoted counterexample of the demo, and keep what the screen shows."""
    with tempfile.TemporaryDirectory() as folder:
        paths = unpack(Path(folder))
        query = Query(heuristic="url", verdicts=frozenset({Verdict.OUTVOTED}))
        reader = open_reader(paths)
        pair = int(reader.ids(query)[0])
        reader.close()
        session = Path(folder) / "session.json"
        save_session(session, paths.name, Session("pair", "url", query, pair))
        snapshot = read_snapshot(snapshot_path(paths))
        app = OutvotedApp(snapshot, lambda: open_reader(paths), None, session)
        async with app.run_test(size=SIZE) as pilot:
            for _ in range(20):
                await pilot.pause(0.1)
            target.write_text(app.export_screenshot(), encoding="utf-8")
            await pilot.press("q")


if __name__ == "__main__":
    asyncio.run(draw(Path(sys.argv[1])))
