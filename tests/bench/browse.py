"""The browser by its keys, on a pty, over an index of HH's size.

    python -m tests.bench.browse [--pairs 160800] [--folder DIR] [--without-table]

80x24, 16 colours. Every time is from the key to the last byte of what it drew; a pause after that
says that it was the last, and is not counted. The index is made when it is not there yet. Beside
it, for the record, the same moves in a Textual DataTable and, if it is installed, in VisiData.
Over more pairs than HH has, the marks are those of ten times as many.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from tests.bench.figures import Figure, replies, times
from tests.bench.first_frame import BARE, BARE_SAYS, first_frame
from tests.bench.peers import data_table, visidata
from tests.bench.synthetic import NAME, make_synthetic
from tests.bench.synthetic_pairs import HH_PAIRS
from tests.bench.terminal import Reply, Terminal

_FRAMES = 5
_QUIET = 0.3
_LATE = 0.8
"""Silence after what comes in pieces."""
_WORDS = (b"zapo", b"mide", b"gul ", b"truck", b"no such words")
_PATTERNS = (b"I am", b"sure", b"thank")
_EXPRESSIONS = (rb"(?i)\bsorry, \d", rb"\b\d{2}\b", b"[A-Z]{2}")
"""The last two hold no text that could be looked for first."""
_F2 = b"\x1bOQ"


@dataclass(frozen=True, slots=True)
class Marks:
    """The most that times (in ms) and memory (in MB) may be; None: told for the record."""

    move: float
    page: float
    opening: float
    sort: float
    figures: float | None = None
    search: float | None = None
    census: float | None = None
    resident: float | None = None
    searched: float | None = None


_MARKS = Marks(16, 40, 60, 150, 150, 1200, 1500, 120, 220)
_MARKS_OF_MORE = Marks(32, 80, 120, 400)
"""Of ten times as many pairs: twice as long."""


def main() -> None:
    """Measure, and print a line a figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.browse")
    parser.add_argument("--pairs", type=int, default=HH_PAIRS)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "outvoted-bench"
    )
    parser.add_argument("--without-table", action="store_true", help="leave DataTable out")
    args = parser.parse_args()
    folder: Path = args.folder / str(args.pairs)
    paths = make_synthetic(folder, args.pairs)
    (folder / "session.json").unlink(missing_ok=True)
    _forget_patterns(paths)
    command = [sys.executable, "-m", "tui", "--cache", str(folder), "--name", NAME]
    print(f"{args.pairs:,} pairs, 80x24, 16 colours\n\nOutvoted", flush=True)
    most = _MARKS if args.pairs <= HH_PAIRS else _MARKS_OF_MORE
    for figure in itertools.chain(_first_frame(command), _browser(command, most)):
        print(f"  {figure.line}", flush=True)
    if not args.without_table:
        print("\nTextual's DataTable over the same rows", flush=True)
        for figure in data_table(paths):
            print(f"  {figure.line}", flush=True)
    print("\nVisiData over the same rows", flush=True)
    for line in [figure.line for figure in visidata(paths)] or ["is not installed"]:
        print(f"  {line}", flush=True)


def _forget_patterns(paths: IndexPaths) -> None:
    """A pattern is new once: who bears it is kept. The index's own are found again now."""
    for left in paths.heuristics.glob("*.parquet"):
        left.unlink()
    open_reader(paths).close()


def _first_frame(command: list[str]) -> Iterator[Figure]:
    ratios = []
    for _ in range(_FRAMES + 1):  # the first warms the file cache
        bare = first_frame([sys.executable, "-c", BARE], BARE_SAYS)
        ratios.append(first_frame(command, b"counterexamples") / bare)
    yield Figure("first frame, by a bare Textual app's", statistics.median(ratios[1:]), "", 1.3)


def _browser(command: list[str], most: Marks) -> Iterator[Figure]:
    with Terminal(command) as at:
        at.press(b"", until=b"counterexamples", settle=2.0)
        yield Figure("RSS on the overview", at.resident(), "MB", most.resident)
        yield from _census(at, most)
        at.press(b"G", settle=_QUIET)
        opened = at.press(b"\r", until=b"every pair", settle=_LATE)
        yield times("the list of every pair", [opened.seconds])
        yield from _moves(at, most)
        yield from _pages(at, most)
        yield from _pair(at, most)
        yield from _lists(at, most)
        yield Figure("RSS before a text search", at.resident(), "MB", most.resident)
        yield from _searches(at, most)
        yield Figure("RSS after text searches", at.resident(), "MB", most.searched)


def _census(at: Terminal, most: Marks) -> Iterator[Figure]:
    """A new pattern typed on the overview, and how keys fare while it is counted."""
    counted, meanwhile = [], []
    for pattern in _PATTERNS:
        at.press(b"n", until=b"new pattern", settle=_QUIET)
        at.press(pattern, settle=_QUIET)
        reply = at.press(b"\r", until=b"both", settle=_QUIET)
        counted.append(reply.since(b"both"))
    expressed = []
    for pattern in _EXPRESSIONS:
        at.press(b"n", until=b"new pattern", settle=_QUIET)
        at.press(_F2, settle=_QUIET)
        at.press(pattern, settle=_QUIET)
        expressed.append(at.press(b"\r", until=b"both", settle=_QUIET).since(b"both"))
    at.press(b"n", until=b"new pattern", settle=_QUIET)
    at.press(b"thank you", settle=_QUIET)
    at.press(b"\r", settle=0.05)
    for key in b"jkjkjkjk":
        reply = at.press(bytes([key]), settle=0.03)
        meanwhile.extend([reply.seconds] if reply.pieces else [])
    at.press(b"", settle=2.0)
    yield times("a new pattern's census", counted, most.census)
    yield times("a new expression's census", expressed, most.census)
    yield times("a key during a census", meanwhile)


def _moves(at: Terminal, most: Marks) -> Iterator[Figure]:
    keys = (b"j" * 15 + b"k" * 15) * 2
    yield from replies("a move", [at.press(bytes([key])) for key in keys], most.move, 300)


def _pages(at: Terminal, most: Marks) -> Iterator[Figure]:
    given = [at.press(key, settle=0.15) for key in [b"\x04"] * 30 + [b"\x15"] * 10]
    yield from replies("a page", given, most.page, 3000)
    ends = [at.press(key, settle=0.15) for key in [b"G", b"g"] * 4]
    yield from replies("to either end", ends)


def _pair(at: Terminal, most: Marks) -> Iterator[Figure]:
    opened = []
    for _ in range(8):
        at.press(b"jj")
        opened.append(at.press(b"\r", settle=_QUIET))
        at.press(b"\x1b", settle=_QUIET)
    at.press(b"\r", settle=_QUIET)
    following = [at.press(b"]", settle=_QUIET) for _ in range(8)]
    at.press(b"\x1b", settle=_QUIET)
    yield from replies("opening a pair", opened, most.opening)
    yield from replies("the next pair", following, most.opening)


def _lists(at: Terminal, most: Marks) -> Iterator[Figure]:
    """Sorts and filters by figures; the list is the whole one again at the end."""
    yield times("a sort", [at.press(b"s", settle=_QUIET).seconds for _ in range(10)], most.sort)
    yield times("an order turned round", [at.press(b"S", settle=_QUIET).seconds for _ in "1234"])
    asked = [b"margin>0.%d" % number for number in range(1, 6)]
    asked += [b"feature:32048>0", b"margin_sae<0", b""]
    yield times(
        "a filter by figures", [_ask(at, b"f", text).seconds for text in asked], most.figures
    )


def _ask(at: Terminal, key: bytes, text: bytes, settle: float = _QUIET) -> Reply:
    """Type into the line that a key opens, in place of what it held, and take it."""
    at.press(key, settle=_QUIET)
    at.press(b"\x15", settle=_QUIET)
    at.press(text, settle=_QUIET)
    return at.press(b"\r", until=b"looking", settle=settle)


def _searches(at: Terminal, most: Marks) -> Iterator[Figure]:
    given = [_ask(at, b"/", word, _LATE) for word in _WORDS]
    first = [_first_rows(reply) for reply in given]
    yield times("a text search, first rows", first)
    yield times("a text search, all rows", [reply.seconds for reply in given], most.search)


def _first_rows(reply: Reply) -> float:
    """Until the list says how far it has looked; all rows, where it was through at once."""
    return reply.since(b"looked at") if b"looked at" in reply.data else reply.seconds


if __name__ == "__main__":
    main()
