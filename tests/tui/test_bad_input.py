"""What a data set, a terminal and other processes do to a browser: it shows, and goes on."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.widgets import Input

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.pair_records import Found
from engine.cache.records import Query
from engine.hh.source import SourceOptions, open_sources
from engine.plain import is_hostile
from tests.engine.cache.scored import index, make_index, seal, write_source
from tests.tui.driving import browser, page_text, pair_screen, pairs_screen, press, settle, text_of
from tests.tui.fakes import FakeReader
from tests.tui.golden import screen_text
from tui.app import OutvotedApp
from tui.screens.compare import CompareScreen
from tui.screens.pairs import PairsScreen

TEXTS = (
    "long " * 20_000,
    "w" * 5_000,
    "שלום עולם, مرحبا بالعالم. " * 40,
    "表計算ソフトで使う文字列、全角の「括弧」。" * 40,
    "👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇺🇳 e\u0301 \u200d\u200d " * 40,
    "[bold red on blue]markup[/] [/nothing] [@click=app.quit]press[/] \\[ ]",
    "\x1b[2J\x1b]0;title\x07\x1b[31mred \x9b31m",
    "\u202ereversed\u202c \u2066isolated\u2069 \u200f\u061c",
    "\x00nul\x00 \ttab\t\ttab \x7f \x85 \u2028 \u2029 \x0b\x0c\r",
)
"""Responses of a data set that nobody looked through."""


def hostile_index(folder: Path) -> IndexPaths:
    file = folder / "hostile [bold].jsonl"
    start = "\n\nHuman: What is this?\n\nAssistant:"
    records = [
        {"chosen": f"{start} {text} I don't know.", "rejected": f"{start} {text[::-1]}"}
        for text in TEXTS
    ]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    paths = IndexPaths(folder / "cache", "hostile")
    index_sources(paths, open_sources(str(file), SourceOptions()))
    return paths


def check_drawn(app: OutvotedApp) -> None:
    """Nothing on the screen is an order to a terminal, and no line is wider than it."""
    lines = screen_text(app).splitlines()
    assert not [character for line in lines for character in line if is_hostile(character)]
    assert max(map(cell_len, lines)) <= app.size.width


async def test_texts_that_nobody_looked_through_are_listed_searched_and_read(
    tmp_path: Path,
) -> None:
    paths = hostile_index(tmp_path)
    app = OutvotedApp(None, lambda: open_reader(paths), None, tmp_path / "session.json")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "G", "enter")
        assert len(pairs_screen(pilot).pair_list) == len(TEXTS)
        check_drawn(app)
        for text in TEXTS[5:]:
            await press(pilot, "/")
            pilot.app.screen.query_one(Input).value = text[:9].strip()
            await press(pilot, "enter")
            assert len(pairs_screen(pilot).pair_list) == 1
            check_drawn(app)
        await press(pilot, "/", "ctrl+u", "enter", "g", "enter")
        for row in range(len(TEXTS)):
            shown = pair_screen(pilot).shown
            assert shown is not None
            assert shown.detail.pair.name.row == row
            check_drawn(app)
            await press(pilot, "o", "l", "G")
            check_drawn(app)
            await press(pilot, "L")
            check_drawn(app)
            await press(pilot, "escape", "c")
            check_drawn(app)
            await press(pilot, "escape", "]")


@dataclass
class Slow(FakeReader):
    """A search that waits between its two halves until it is let on."""

    on: threading.Event = field(default_factory=threading.Event)

    def found(self, query: Query) -> Iterator[Found]:
        ids = self.ids(query)
        if query.text:
            yield Found(ids[:2], 10, complete=False)
            self.on.wait(10)
        yield Found(ids, len(ids), complete=True)


async def test_a_terminal_is_resized_while_a_query_runs() -> None:
    reader = Slow()
    async with browser(reader).run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter")
        await pilot.press("/", *"question", "enter")
        screen = next(s for s in pilot.app.screen_stack if isinstance(s, PairsScreen))
        while len(screen.pair_list) != 2:
            await pilot.pause(0.01)
        for width, height in ((200, 50), (20, 5), (1, 1), (120, 40), (60, 15)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
        assert "searching" in text_of(pilot, "state")
        reader.on.set()
        await settle(pilot)
        assert len(screen.pair_list) > 2
        assert text_of(pilot, "state") == ""
        assert screen.pair_list.size.width == 60
        assert "≠" in screen_text(screen.app)


async def test_without_colours_all_that_colours_say_is_still_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with browser().run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        coloured = screen_text(pilot.app)
    monkeypatch.setenv("NO_COLOR", "1")
    app = browser()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert app.no_color
        assert screen_text(app) == coloured
        strips = app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip]
        told = [colour for style in styles if style for colour in (style.color, style.bgcolor)]
        assert all(colour is None or colour.is_default for colour in told), "black on black, once"
        assert any(style and style.reverse for style in styles), "the cursor is seen all the same"
        await press(pilot, "enter", "j")
        assert "≠ O outvoted" in screen_text(app)


async def test_a_run_is_sealed_and_the_index_is_extended_while_one_browses(tmp_path: Path) -> None:
    paths = make_index(tmp_path)
    seal(paths, hook="h.2")
    app = OutvotedApp(None, lambda: open_reader(paths), None, None)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        assert len(pairs_screen(pilot).pair_list) == 6
        other = seal(paths, hook="h.10")
        index(paths, write_source(tmp_path, "third", range(12, 18)))
        await press(pilot, "s", "S", "enter", "]", "r")
        assert "no PM to ask" in text_of(pilot, "state")
        # What is open stays what it was; the new run can be compared with at once.
        await press(pilot, "escape", "escape", "c")
        screen = app.screen
        assert isinstance(screen, CompareScreen)
        assert other in text_of(pilot, "title")
        assert "url · 0 of 12 verdicts differ" in page_text(pilot)
        await press(pilot, "q")
    reader = open_reader(paths)
    assert reader.store.count() == 18
    reader.close()


async def test_an_index_that_is_taken_away_is_read_on_from_what_is_open(tmp_path: Path) -> None:
    paths = make_index(tmp_path)
    gone = seal(paths)
    app = OutvotedApp(None, lambda: open_reader(paths), None, None)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        shutil.rmtree(paths.folder)
        await press(pilot, "s", "enter", "]")
        shown = pair_screen(pilot).shown
        assert shown is not None
        assert shown.detail.run == gone
        await press(pilot, "escape", "escape", "c", "q")


def _left(command: list[str], **environment: str) -> tuple[int, str]:
    """Run Outvoted on a terminal of its own; its status and what it wrote."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", *command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | environment,
    )
    os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # Linux's way to say that the other end of a terminal is closed
        pass
    os.close(ours)
    return process.wait(timeout=30), written.decode()


def test_a_terminal_that_can_do_nothing_gets_a_hint_and_no_control_sequence(
    tmp_path: Path,
) -> None:
    make_index(tmp_path)
    options = ["--cache", str(tmp_path / "cache"), "--name", "tiny"]
    status, written = _left(options, TERM="dumb")
    assert status == 2
    assert "outvoted report" in written
    assert "\x1b" not in written


def test_a_reader_that_goes_away_ends_the_command_without_a_word(tmp_path: Path) -> None:
    make_index(tmp_path)
    read, write = os.pipe()
    os.close(read)
    options = ["--cache", str(tmp_path / "cache"), "--name", "tiny", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "tui", "census", "https://", *options],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")
