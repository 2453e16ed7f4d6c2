"""A terminal that goes away takes the browser with it, and what was being looked at is kept."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.engine.cache.scored import make_index

_BROWSER = """
import sys
from pathlib import Path
from tests.tui.fakes import OVERVIEW, FakeReader
from tui.app import OutvotedApp, run
run(OutvotedApp(OVERVIEW, FakeReader, None, Path(sys.argv[1])))
"""


def test_the_browser_ends_with_its_terminal(tmp_path: Path) -> None:
    """Also where nobody sends a signal: the terminal is not that of the browser's session."""
    kept = tmp_path / "session.json"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _BROWSER, str(kept)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TERM": "xterm-256color"},
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGHUP, signal.SIG_DFL),
    )
    os.close(theirs)
    try:
        seen, deadline = b"", time.monotonic() + 20
        while b"https://" not in seen and time.monotonic() < deadline:
            if select.select([ours], [], [], 0.2)[0]:
                seen += os.read(ours, 65536)
        assert b"https://" in seen
        os.close(ours)
        assert process.wait(timeout=20) == -signal.SIGHUP
        assert kept.exists()
    finally:
        process.kill()
        process.wait()


_STUCK = """
import threading
from tui import hangup
hangup._TO_SAVE = 0.2
with hangup.leaving_on_hangup(0, threading.Event().wait):
    print("here", flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize(
    ("hangups", "status"),
    [(signal.SIG_DFL, -signal.SIGHUP), (signal.SIG_IGN, 128 + signal.SIGHUP)],
    ids=["as usual", "under nohup"],
)
def test_a_browser_that_cannot_save_ends_all_the_same(
    hangups: signal.Handlers, status: int
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _STUCK],
        stdin=theirs,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGHUP, hangups),
    )
    os.close(theirs)
    assert process.stdout is not None
    with process.stdout as said:
        assert said.readline() == b"here\n"
    os.close(ours)
    assert process.wait(timeout=20) == status


def test_the_browser_that_is_left_says_nothing_more(tmp_path: Path) -> None:
    """A thread that outlived it had duckdb tell the terminal of all that it had not let go."""
    paths = make_index(tmp_path)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "--cache", str(paths.cache), "--name", paths.name],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(theirs)
    seen, deadline = b"", time.monotonic() + 20
    while b"12 pairs" not in seen and time.monotonic() < deadline:
        if select.select([ours], [], [], 0.2)[0]:
            seen += os.read(ours, 65536)
    os.write(ours, b"q")
    with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
        while chunk := os.read(ours, 65536):
            seen += chunk
    os.close(ours)
    assert process.wait(timeout=20) == 0
    assert b"12 pairs" in seen
    assert b"leaked" not in seen
