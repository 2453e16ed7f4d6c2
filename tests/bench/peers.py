"""The same moves elsewhere: in a plain DataTable, and in VisiData where that is installed."""

from __future__ import annotations

import csv
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.records import Query
from tests.bench.figures import Figure, replies, times
from tests.bench.terminal import Terminal

_HEADS = ("pair", "verdict", "margin", "recon.", "text")
_AT_ONCE = 8_192


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program that shows the rows, and its keys."""

    command: list[str]
    ready: bytes
    down: bytes
    page_down: bytes
    sort: bytes


def data_table(paths: IndexPaths) -> Iterator[Figure]:
    """Textual's own table, all rows added at once."""
    command = [sys.executable, "-m", "tests.bench.data_table", str(_rows(paths))]
    yield from _measured(Peer(command, b"train:0", b"\x1b[B", b"\x1b[6~", b"s"))


def visidata(paths: IndexPaths) -> Iterator[Figure]:
    """VisiData; nothing where it is not installed."""
    if (program := shutil.which("vd")) is not None:
        # It is drawn by curses, which knows only the terminals that are described on the machine.
        command = ["env", "TERM=xterm-256color", program, str(_rows(paths))]
        yield from _measured(Peer(command, b"train:0", b"j", b"\x06", b"l["))


def _measured(peer: Peer) -> Iterator[Figure]:
    started = time.perf_counter()
    with Terminal(peer.command) as at:
        at.press(b"", until=peer.ready, settle=0.01)
        yield Figure("first frame", time.perf_counter() - started, "s")
        at.press(b"", settle=3.0)
        yield from replies("a move", [at.press(peer.down) for _ in range(15)])
        yield from replies("a page", [at.press(peer.page_down, settle=0.15) for _ in range(15)])
        yield times("a sort", [at.press(peer.sort, settle=1.0).seconds for _ in range(3)])
        yield Figure("RSS", at.resident(), "MB")


def _rows(paths: IndexPaths) -> Path:
    """Every pair as the browser's list shows it, in a CSV file beside the index."""
    path = paths.cache / "rows.csv"
    if path.exists():
        return path
    reader = open_reader(paths)
    asked = Query(kind=None)
    ids = reader.ids(asked)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADS)
        for start in range(0, len(ids), _AT_ONCE):
            for row in reader.rows(ids[start : start + _AT_ONCE], asked):
                text = f"{row.before}{row.match}{row.after}"
                writer.writerow((row.label, row.verdict, row.margin, row.margin_sae, text))
    reader.close()
    return path
