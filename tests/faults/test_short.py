"""The short form of `make faults`: what must not happen, tried for a few seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.cache.lines import appending
from engine.cache.opening import open_reader
from engine.cache.records import Query
from engine.cache.triage import user_name
from engine.errors import UserError
from engine.files import writer_lock
from tests.engine.measure.world import make_index
from tests.faults.bombs import ATTEMPTS
from tests.faults.escapes import on_screens, on_stdout, write_index
from tests.faults.found import FOUND
from tests.faults.fuzz import TARGETS, crashes, inputs
from tests.faults.row import Row, counted, table
from tests.faults.together import crowd

_SLOW = {".pt: packed", "labels: too large", "gzip: blanks without end"}

KILLS = """
from pathlib import Path
import sys
from engine.measure import run
from tests.faults.kills import killed_at, make_request
run.NOISE_PAIRS, run.CHECKED_PAIRS, run.INTEGRATED_PAIRS = 8, 8, 4
killed = killed_at(make_request(Path(sys.argv[1])), 2)
print(killed.moments, killed.lost)
"""


def test_killed_a_run_ends_with_the_same_rows(tmp_path: Path) -> None:
    """In a process of its own: it forks, and nothing of the suite must be in what it forks."""
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    # A query that waits two seconds for the disk draws a bar before it: under -c, DuckDB takes the
    # process for an interactive one.
    assert done.stdout.split()[-2:] == ["2", "0"], done.stderr


def test_a_crowd_on_one_cache_errs_nowhere_and_loses_no_mark_or_pin(tmp_path: Path) -> None:
    make_index(tmp_path / "cache")
    found = crowd(tmp_path / "cache", 1.0, readers=2)
    assert (found.errors, found.lost_marks, found.lost_pins) == (0, 0, 0)
    assert found.acts > 5


def test_no_reader_waits_for_a_writer(tmp_path: Path) -> None:
    """Every lock of an index is held, and all that a browser asks is answered."""
    paths = make_index(tmp_path / "cache")
    marks = paths.triage / f"{user_name()}.jsonl"
    with writer_lock(paths.sources), writer_lock(paths.run("0" * 16) / "run"), appending(marks):
        reader = open_reader(paths)
        ids = reader.ids(Query(kind=None))
        assert reader.overview().pairs == len(ids)
        assert reader.pair(int(ids[0])).mark is None
        reader.close()


@pytest.mark.parametrize("name", sorted(ATTEMPTS.keys() - _SLOW))
def test_what_asks_for_a_machine_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        ATTEMPTS[name](tmp_path)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning")
@pytest.mark.parametrize("name", TARGETS)
def test_what_nobody_would_write_is_refused_or_read(name: str) -> None:
    for data in (*FOUND.get(name, ()), *inputs(TARGETS[name], 60, seed=1)):
        assert crashes(TARGETS[name], data) is None, data


def test_no_sequence_of_a_data_set_reaches_the_terminal(tmp_path: Path) -> None:
    paths = write_index(tmp_path)
    assert on_stdout(paths).passed == 0
    assert on_screens(paths, 1).passed == 0


def test_the_table_says_what_was_missed() -> None:
    lines = table([counted("a", 1_000, "kills", 0, "rows"), Row("b", "1", "2", False)])
    *_, kills, other = lines.splitlines()
    assert kills == "| a | 1,000 kills | 0 rows | holds |"
    assert other == "| b | 1 | 2 | MISSED |"
