"""Bytes are latency over SSH: what a key costs on a real terminal of 80x24 in 16 colours."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

_BROWSER = """
from tests.tui.fakes import OVERVIEW, FakeReader
from tui.app import OutvotedApp, run
run(OutvotedApp(OVERVIEW, FakeReader, None, None))
"""
_QUIET = 0.4
_LATEST = 20.0
"""Seconds until the browser answers at all: the machine may have much else to do."""


def _read(terminal: int, wanted: bytes = b"") -> bytes:
    """What the browser sends until it has said what is wanted, and was quiet for a while."""
    seen = b""
    while select.select([terminal], [], [], _QUIET if seen and wanted in seen else _LATEST)[0]:
        try:
            seen += os.read(terminal, 65536)
        except OSError:  # the browser is gone
            break
    return seen


@pytest.fixture
def terminal() -> Iterator[int]:
    """The user's end of a terminal the browser runs in."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _BROWSER],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(theirs)
    try:
        assert b"https://" in _read(ours, b"https://")
        yield ours
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _cost(terminal: int, key: bytes) -> int:
    os.write(terminal, key)
    return len(_read(terminal))


def test_a_move_costs_300_bytes_and_a_page_3_kb(terminal: int) -> None:
    for move in (b"j", b"k"):
        assert 0 < _cost(terminal, move) <= 300
    _cost(terminal, b"G")
    _cost(terminal, b"\r")
    for move in (b"j", b"j", b"k"):
        assert 0 < _cost(terminal, move) <= 300
    for page in (b"\x04", b"\x15", b"G", b"g"):
        assert 0 < _cost(terminal, page) <= 3000


def test_a_pair_and_the_list_behind_it_are_drawn_once(terminal: int) -> None:
    """A screen that is laid out anew, because another came or went, is not drawn each time."""
    _cost(terminal, b"G\r")
    for key, said in ((b"\r", "── context".encode()), (b"\x1b", b"every pair")):
        os.write(terminal, key)
        drawn = _read(terminal)
        assert drawn.count(said) == 1
        assert len(drawn) < 4000
