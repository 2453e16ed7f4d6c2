"""A process that waits holds little memory: what was freed and what only its start read go back."""

from __future__ import annotations

import subprocess
import sys

import pytest

_STORY = """
from engine.memory import give_back, hold_little
import duckdb

def held(what):
    for line in open("/proc/self/status"):
        if line.startswith(what):
            return int(line.split()[1]) / 1000

hold_little()
connection = duckdb.connect()
connection.execute("SELECT 1").fetchall()
print(held("RssFile"))
give_back()
print(held("RssFile"))
arrays = [bytes(200_000) + b"!" for _ in range(100)]
print(held("RssAnon"))
kept = arrays[::2]
del arrays
print(held("RssAnon"))
print(connection.execute("SELECT 6 * 7").fetchall()[0][0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone says what it holds so")
def test_what_is_not_needed_goes_back_and_what_is_needed_is_there_again() -> None:
    said = subprocess.run(
        [sys.executable, "-c", _STORY], capture_output=True, text=True, check=True
    ).stdout.split()
    started, waiting, full, halved = map(float, said[:4])
    assert waiting < started - 10  # MB of DuckDB's code
    assert halved < full - 8  # half of 20 MB, although what lies between is kept
    assert said[4] == "42"  # the code that is needed again comes back
