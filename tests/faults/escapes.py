"""Control, escape and bidi sequences of a data set, on stdout and on the screens."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.hh.source import SourceOptions, open_sources
from engine.plain import is_hostile
from tests.tui.driving import press, settle
from tests.tui.golden import screen_text
from tui.app import OutvotedApp
from tui.cli.main import main

_CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
_BIDI = list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_STRINGS = [
    f"{start}{body}{end}"
    for start in ("\x1b]", "\x9d", "\x1bP", "\x90", "\x1b_", "\x1b^", "\x1bX", "\x1b[", "\x9b")
    for body in ("8;;file:///etc/passwd", "52;c;b3duZWQ=", "0;owned", "$q q", "2J", "?1049h")
    for end in ("\x07", "\x1b\\", "\x9c", "")
]
SEQUENCES = [*_CONTROLS, *_BIDI, "\u2028", "\u2029", "\r\n\x1bc", *_STRINGS]
"""All of C0 and C1, DEL, bidi controls; OSC 8, OSC 52, DCS, APC, PM, SOS, CSI in both spellings."""
_PER_PAIR = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of it."""

    sequences: int
    views: int
    passed: int
    """Characters that a terminal would act on, over all views."""


def write_index(folder: Path) -> IndexPaths:
    """An index in whose texts, tranche and file name the sequences stand."""
    file = folder / "hostile.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for start in range(0, len(SEQUENCES), _PER_PAIR):
            held = " ".join(f"<{text}>" for text in SEQUENCES[start : start + _PER_PAIR])
            context = f"\n\nHuman: {start} {held}\n\nAssistant:"
            chosen, rejected = f"{context} I don't know {held}", f"{context} {held} https://{held}"
            lines.write(json.dumps({"chosen": chosen, "rejected": rejected}) + "\n")
    paths = IndexPaths(folder / "cache", "hostile")
    options = SourceOptions(tranche="tranche\x1b]52;c;b3duZWQ=\x07\u202e")
    index_sources(paths, open_sources(str(file), options))
    return paths


def on_stdout(paths: IndexPaths) -> Shown:
    """census, show and the errors of show, as text and as JSON."""
    where = ["--cache", str(paths.cache), "--name", paths.name]
    pairs = len(SEQUENCES) // _PER_PAIR + 1
    asked = [["census", text, "--by", "tranche"] for text in ("I don't know", "<\x1b]")]
    asked += [["show", str(row)] for row in range(pairs)]
    asked += [["show", f"\x1b]0;{row}\x07"] for row in range(3)]
    asked += [["report"], ["census", "x", "--heuristics", "\x1b[2J.toml"]]
    passed = 0
    for command in asked:
        for form in ([], ["--json"]):
            passed += hostile(_said([*command, *where, *form]))
    return Shown(len(SEQUENCES), 2 * len(asked), passed)


def on_screens(paths: IndexPaths, pairs: int) -> Shown:
    """Overview, list, and the first pairs one by one, as they are drawn."""
    screens = asyncio.run(_screens(paths, pairs))
    return Shown(len(SEQUENCES), len(screens), sum(map(hostile, screens)))


def hostile(text: str) -> int:
    """How many characters of a text a terminal would act on; line ends aside."""
    return sum(is_hostile(character) and character != "\n" for character in text)


def _said(command: Sequence[str]) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        main(list(command))
    return out.getvalue() + err.getvalue()


async def _screens(paths: IndexPaths, pairs: int) -> list[str]:
    app = OutvotedApp(None, lambda: open_reader(paths), None, None)
    seen = []
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        seen.append(screen_text(app))
        for key in ("enter", "enter", *(["]"] * pairs)):
            await press(pilot, key)
            seen.append(screen_text(app))
    return seen
