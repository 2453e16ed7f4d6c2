"""The whole story on the demo, with its own PM: from the overview to a file one can send around."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from engine.cache.custom import read_customs
from engine.cache.snapshot import read_snapshot, snapshot_path
from engine.demo.shipped import unpack
from engine.verdict import Verdict
from tests.engine.live.talking import COMMAND
from tests.tui.driving import page_text, pair_screen, pairs_screen, press, settle, text_of
from tui.app import OutvotedApp
from tui.cli.browse import Opening
from tui.cli.main import main
from tui.screens.compare import CompareScreen
from tui.screens.lab import LabScreen
from tui.screens.overview import OverviewScreen
from tui.widgets.document import Document


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Wait for the PM: a process of its own, which takes seconds to load."""
    async with asyncio.timeout(90):
        while not holds():
            await pilot.pause(0.02)
    await pilot.pause()


def stands_on(pilot: Pilot[None]) -> type[object]:
    return type(pilot.app.screen)


async def test_from_the_overview_to_an_edit_that_is_kept_and_exported(tmp_path: Path) -> None:
    paths = unpack(tmp_path)
    opening = Opening(paths, None, None, COMMAND, "cpu", {})
    snapshot = read_snapshot(snapshot_path(paths))
    session = tmp_path / "session.json"
    app = OutvotedApp(snapshot, opening.reader, opening.rescorer, session, write=opening.write)
    async with app.run_test(size=(80, 24)) as pilot:
        # The overview: which heuristics, and what came of them.
        await settle(pilot)
        assert "Outvoted · demo" in text_of(pilot, "title")
        assert "≠ counterexamples" in page_text(pilot)

        # The counterexamples of the first one, and of those the outvoted ones with most at stake.
        await press(pilot, "enter", "f")
        pilot.app.screen.query_one(Input).insert_text_at_cursor("verdict=outvoted margin>0.2")
        await press(pilot, "enter", "s", "S")
        listed = pairs_screen(pilot)
        rows = [listed.pair_list.row(place) for place in range(len(listed.pair_list))]
        assert len(rows) > 1
        assert {row.verdict for row in rows if row is not None} == {Verdict.OUTVOTED}

        # Into the first: why it is outvoted. It is marked, and the next pair comes up by itself.
        await press(pilot, "g", "enter")
        shown = pair_screen(pilot).shown
        assert shown is not None
        stored = shown.detail
        assert "outvoted" in text_of(pilot, "title")
        await press(pilot, "4")
        assert text_of(pilot, "place").split()[-1].startswith("2/")
        await press(pilot, "[")
        assert "interesting" in text_of(pilot, "title")

        # Rescored as it is: what is stored comes back, but for rounding.
        queue = app.desk.lab
        await pilot.press("r")
        await until(pilot, lambda: len(queue.experiments) == 1)
        assert "drift" in page_text(pilot)
        assert abs(queue.drifts[stored.pair.id]) < 1e-4

        # With other words before the pattern it is another pair with another margin.
        await settle(pilot)
        await pilot.press("e", *"Hm. ", "f5")
        await until(pilot, lambda: len(queue.experiments) == 2)
        assert "EDITED" in text_of(pilot, "title")
        (edited,) = queue.experiments[1].results
        margin = edited.rescored.after.margin
        assert margin is not None
        assert margin != stored.margin

        # In the lab it stands in the history; it is kept as a custom pair, and exported.
        await settle(pilot)
        await press(pilot, "L")
        assert stands_on(pilot) is LabScreen
        history = app.screen.query_one("#experiments", Document).page.lines
        assert "chosen edited" in history[1].plain
        await press(pilot, "s")
        assert "kept 1 custom pair in" in text_of(pilot, "state")
        file = tmp_path / "edited.jsonl"
        await press(pilot, "w")
        pilot.app.screen.query_one(Input).value = str(file)
        await press(pilot, "enter")
        assert f"wrote 1 result to {file}" in text_of(pilot, "state")

        # The list it was found in is written to a file too, and everybody's marks.
        in_file, marks = tmp_path / "listed.jsonl", tmp_path / "marks.csv"
        await press(pilot, "escape", "escape", "escape", "w")
        refused = {  # no such form; nothing is written over, and no folder is made unasked
            tmp_path / "list.txt": 'nothing is known of files that end in ".txt"',
            file: "it is there already. Name another file.",
            tmp_path / "typo" / "list.jsonl": f"there is no folder {tmp_path / 'typo'}. Make it",
        }
        for name, why in refused.items():
            pilot.app.screen.query_one(Input).value = str(name)
            await press(pilot, "enter")
            assert why in text_of(pilot, "complaint")
            assert pilot.app.screen.query_one(Input).value == str(name), "it stays to be mended"
        pilot.app.screen.query_one(Input).value = str(in_file)
        await press(pilot, "enter")
        assert f"wrote the list, {len(rows)} rows, to {in_file}" in text_of(pilot, "state")
        await press(pilot, "t", "w")
        pilot.app.screen.query_one(Input).value = str(marks)
        await press(pilot, "enter")
        assert f"wrote the marks, 1 row, to {marks}" in text_of(pilot, "state")
        await press(pilot, "escape")

        # Compare holds the custom text against the natural bearers.
        await press(pilot, "escape")
        assert stands_on(pilot) is OverviewScreen
        await press(pilot, "c")
        assert stands_on(pilot) is CompareScreen
        assert "custom┤" in page_text(pilot)
        await press(pilot, "escape", "q")

    exported = json.loads(file.read_text())
    assert exported["pair"]["row"] == stored.pair.name.row
    assert exported["pair"]["chosen"] == f"Hm. {stored.pair.chosen}"
    assert exported["before"]["pair"]["chosen"] == stored.pair.chosen
    assert (exported["change"], exported["margin"]) == ("chosen edited", margin)
    assert exported["before"]["margin"] == stored.margin
    ((kept,),) = read_customs(paths.custom, stored.run).values()
    assert (kept.chosen, kept.after.margin) == (exported["pair"]["chosen"], margin)

    written = [json.loads(line) for line in in_file.read_text().splitlines()]
    assert {row["verdict"] for row in written} == {"outvoted"}
    assert [row["margin"] for row in written] == sorted(
        (row["margin"] for row in written), reverse=True
    )
    assert (written[0]["row"], written[0]["mark"]) == (stored.pair.name.row, "interesting")
    assert written[0]["chosen"] == stored.pair.chosen
    assert "interesting" in marks.read_text().splitlines()[1]

    triage = tmp_path / "triage.jsonl"
    options = ["--name", paths.name, "--cache", str(tmp_path)]
    assert main(["export", "triage", str(triage), *options]) == 0
    (said,) = map(json.loads, triage.read_text().splitlines())
    assert (said["row"], said["mark"]) == (stored.pair.name.row, "interesting")
