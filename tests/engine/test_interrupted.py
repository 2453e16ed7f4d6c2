"""Ctrl+c while DuckDB works."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.interrupted import interruptible

SCRIPT = """
import os, signal, threading
import duckdb
from engine.interrupted import interruptible
signal.signal(signal.SIGINT, signal.default_int_handler)
index = duckdb.connect(config={"threads": 1})  # while others work, it only waits for them
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    with interruptible():
        index.execute("SELECT sum(range % 7) FROM range(1000000000000)")  # minutes
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_query_that_is_interrupted_is_an_interrupt() -> None:
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "interrupted\n", done.stderr


def test_any_other_error_stays_what_it_was() -> None:
    with pytest.raises(RuntimeError, match="no such thing"), interruptible():
        raise RuntimeError("no such thing")
