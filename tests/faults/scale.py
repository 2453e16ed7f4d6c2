"""How indexing, a census with a run's plan, and browsing grow; each in a process of its own.

    python -m tests.faults.scale WHAT PAIRS FOLDER

does one of `write`, `index`, `plan` and `browse`, and prints its figures as JSON.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.cache.bearers import bearers
from engine.cache.indexing import index_sources
from engine.cache.keys import keys_of, long_responses, lowest_hashes
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.pairs import open_pairs
from engine.cache.parts import ranges
from engine.cache.picked import chosen_ids
from engine.cache.records import Query
from engine.heuristics import Heuristic
from engine.hh.source import SourceOptions, open_sources
from tests.bench.synthetic_pairs import write_pairs

_HEURISTICS = (Heuristic("url", "https://"), Heuristic("dunno", "I don't know", fold=True))
_LONG = 2_000
_SAMPLE, _PART = 2_048, 256


@dataclass(frozen=True, slots=True)
class Scaled:
    """One thing done at one size."""

    what: str
    pairs: int
    seconds: float
    cost: float
    """Microseconds of CPU a pair, all threads: what else the machine does is no part of it."""
    peak: float
    """MB"""

    @property
    def rate(self) -> float:
        return self.pairs / self.seconds


def measured(folder: Path, pairs: int) -> Iterator[Scaled]:
    """Index so many synthetic pairs, plan a run on all of them, and browse them.

    Of what takes a second or so the cheapest of three is told: the machine is not alone.
    """
    _run("write", pairs, folder)
    yield Scaled(**json.loads(_run("index", pairs, folder)))
    for what in ("plan", "browse"):
        tries = [Scaled(**json.loads(_run(what, pairs, folder))) for _ in range(3)]
        yield min(tries, key=lambda made: made.cost)
    shutil.rmtree(folder / "synthetic")
    (folder / f"{pairs}.parquet").unlink()


def _run(what: str, pairs: int, folder: Path) -> str:
    command = [sys.executable, "-m", "tests.faults.scale", what, str(pairs), str(folder)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _index(paths: IndexPaths, file: Path) -> None:
    index_sources(paths, open_sources(str(file), SourceOptions(split="train")))


def _plan(paths: IndexPaths, _: Path) -> None:
    """Who bears what, the sample, what might not fit, and how `--pairs all` is cut into parts."""
    shutil.rmtree(paths.heuristics, ignore_errors=True)
    store = open_pairs(paths)
    ids = chosen_ids(store, "all")
    found = bearers(paths, store, _HEURISTICS)
    keys_of(store, sorted({borne.id for table in found for borne in table.bearers}))
    lowest_hashes(store, _SAMPLE)
    long_responses(store, ids, _LONG)
    sum(len(members) for _, members in ranges(ids, _PART))
    store.close()


def _browse(paths: IndexPaths, _: Path) -> None:
    """The overview, the list of all pairs, its last page, a text search in it, and a pair."""
    reader = open_reader(paths, heuristics=_HEURISTICS)
    reader.overview()
    every = Query(kind=None)
    ids = reader.ids(every)
    reader.rows(ids[-50:], every)
    list(reader.found(Query(kind=None, text="sorry")))
    reader.pair(int(ids[len(ids) // 2]))
    reader.close()


DONE: dict[str, Callable[[IndexPaths, Path], None]] = {
    "index": _index,
    "plan": _plan,
    "browse": _browse,
}


def main() -> None:
    """Do one of them."""
    what, pairs, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    file = folder / f"{pairs}.parquet"
    if what == "write":
        write_pairs(file, pairs, 0)
        return
    started, cpu = time.perf_counter(), time.process_time()
    DONE[what](IndexPaths(folder, "synthetic"), file)
    seconds, cost = time.perf_counter() - started, time.process_time() - cpu
    # Not getrusage: what it tells of memory outlives exec, and is then of the starting process.
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (int(line.split()[1]) / 1000 for line in status if line.startswith("VmHWM:"))
    figures = {"what": what, "pairs": pairs, "seconds": seconds}
    sys.stdout.write(json.dumps(figures | {"cost": 1e6 * cost / pairs, "peak": peak}))


if __name__ == "__main__":
    main()
