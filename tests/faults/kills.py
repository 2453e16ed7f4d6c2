"""A measurement killed at random moments, and what its finished run lost against one left alone.

The process that calls `measure_forked` forks for each sitting: torch and the models are loaded
once, and the sitting itself is what `outvoted score` runs in its child.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import torch

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.errors import ToldError
from engine.hh.source import SourceOptions, open_sources
from engine.measure.request import ScoreRequest
from engine.measure.score import score
from tests.engine.measure.tiny import hook_of, write_sae
from tests.engine.measure.world import DUNNO, YES, make_index
from tests.engine.models.tiny import write_pm

Rows = dict[str, list[tuple[object, ...]]]
_POLL = 0.002
_TABLES = "SELECT table_name FROM duckdb_tables() ORDER BY table_name"


@dataclass(frozen=True, slots=True)
class Killed:
    """What came of it."""

    moments: int
    while_sealing: int
    lost: int
    """Rows that are missing, added or different, over all tables."""


def make_request(folder: Path) -> ScoreRequest:
    """Models and a cache with a tiny index; no run yet."""
    write_pm(folder / "pm", "gptj")
    write_sae(folder / "sae", "gptj")
    return request_for(folder, make_index(folder / "cache"))


def request_for(folder: Path, paths: IndexPaths) -> ScoreRequest:
    """What is asked of the models in a folder on an index."""
    return ScoreRequest(
        paths=paths,
        heuristics=(DUNNO, YES),
        pm=str(folder / "pm"),
        saes=(str(folder / "sae"),),
        hook=hook_of("gptj"),
        readout="last-text-token",
        positions="all",
        pairs="all",
        dtype="float32",
        device="cpu",
    )


def killed_at(request: ScoreRequest, moments: int, seed: int = 0) -> Killed:
    """Kill sittings at that many random moments, a quarter of them while sealing; then finish."""
    torch.set_num_threads(1)  # threads do not survive a fork
    alone = _elsewhere(request, "alone")
    started = time.perf_counter()
    if _wait(_fork(alone)) != 0:
        raise RuntimeError("the undisturbed run did not end well")
    whole = time.perf_counter() - started
    draw = random.Random(seed)
    disturbed = _elsewhere(request, "disturbed")
    sealing = kills = 0
    while kills < moments:
        if _sealed(disturbed):
            _begin_anew(disturbed, draw)
        child = _fork(disturbed)
        if kills % 4 == 3:
            caught = _until_sealing(disturbed, child)
            time.sleep(draw.uniform(0, 0.03))
            sealing += caught
        else:
            time.sleep(draw.uniform(0, 0.8 * whole))
        os.kill(child, signal.SIGKILL)
        _wait(child)
        kills += 1
    if _wait(_fork(disturbed)) != 0:
        raise RuntimeError("the run could not be finished")
    return Killed(kills, sealing, differences(rows(alone), rows(disturbed)))


def without_room(request: ScoreRequest, limits: Sequence[int]) -> tuple[int, int]:
    """Sittings under limits of a file's size, then one without; tracebacks, and rows lost."""
    torch.set_num_threads(1)
    alone, crowded = _elsewhere(request, "roomy"), _elsewhere(request, "crowded")
    _wait(_fork(alone))
    crashes = 0
    for limit in limits:
        status = _wait(_fork(crowded, limit))
        halves = [path for path in crowded.paths.folder.rglob(".*.part*") if path.is_file()]
        crashes += status not in (0, 1) or bool(halves)
    crashes += _wait(_fork(crowded)) != 0
    return crashes, differences(rows(alone), rows(crowded))


def rows(request: ScoreRequest) -> Rows:
    """Every row of every table of the one sealed run, sorted."""
    (file,) = request.paths.runs.glob("*/run.duckdb")
    with duckdb.connect(str(file), read_only=True) as connection:
        names = [name for (name,) in connection.execute(_TABLES).fetchall()]
        return {name: connection.table(name).order("ALL").fetchall() for name in names}


def differences(left: Rows, right: Rows) -> int:
    """Rows that only one of the two holds, bit for bit (`repr` tells every double apart)."""
    lost = 0
    for name in left.keys() | right.keys():
        one, other = ([repr(row) for row in held.get(name, [])] for held in (left, right))
        lost += len(set(one) ^ set(other)) + abs(len(one) - len(other))
    return lost


def _elsewhere(request: ScoreRequest, name: str) -> ScoreRequest:
    """The same pairs, indexed into a cache of their own."""
    source = request.paths.cache / "pairs.jsonl"
    paths = IndexPaths(request.paths.cache / name, "tiny")
    index_sources(paths, open_sources(str(source), SourceOptions()))
    return replace(request, paths=paths)


def _fork(request: ScoreRequest, file_size: int | None = None) -> int:
    child = os.fork()
    if child:
        return child
    status = 3
    try:
        if file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
        score(request, lambda _: None)
        status = 0
    except (ToldError, OSError):  # what the command line says in a sentence
        status = 1
    finally:
        os._exit(status)


def _wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _sealed(request: ScoreRequest) -> bool:
    return any(request.paths.runs.glob("*/run.duckdb"))


def _begin_anew(request: ScoreRequest, draw: random.Random) -> None:
    """Take the seal and the latest parts away, as if the run had been stopped earlier."""
    parts = request.paths.runs.glob("*/parts/**/*.parquet")
    written = sorted(parts, key=lambda path: path.stat().st_mtime_ns)
    for path in [
        *written[draw.randint(0, len(written)) :],
        *request.paths.runs.glob("*/run.duckdb"),
    ]:
        path.unlink()


def _until_sealing(request: ScoreRequest, child: int) -> bool:
    """Wait for the file that will be the run; whether it was seen."""
    while not any(request.paths.runs.glob("*/.run.duckdb.*.part")):
        if _sealed(request) or not Path(f"/proc/{child}/task/{child}/children").exists():
            return False
        time.sleep(_POLL)
    return True
