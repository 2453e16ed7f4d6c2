"""How fast an index is made and what it takes, at several sizes; each in a process of its own.

    python -m tests.faults.scale PAIRS FOLDER

prints pairs a second and the peak of resident memory in MB as JSON.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.hh.source import SourceOptions, open_sources
from tests.bench.synthetic_pairs import write_pairs


@dataclass(frozen=True, slots=True)
class Indexed:
    """One size, measured."""

    pairs: int
    seconds: float
    peak: float
    """MB"""

    @property
    def rate(self) -> float:
        return self.pairs / self.seconds


def measured(folder: Path, pairs: int) -> Indexed:
    """Index so many synthetic pairs in a process of its own; the file is made by another."""
    command = [sys.executable, "-m", "tests.faults.scale", str(pairs), str(folder)]
    subprocess.run([*command, "write"], check=True)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    shutil.rmtree(folder / "synthetic")
    return Indexed(**json.loads(done.stdout))


def main() -> None:
    """Write the pairs, or index them."""
    pairs, folder = int(sys.argv[1]), Path(sys.argv[2])
    file = folder / f"{pairs}.parquet"
    if sys.argv[3:]:
        write_pairs(file, pairs, 0)
        return
    paths = IndexPaths(folder, "synthetic")
    sources = open_sources(str(file), SourceOptions(split="train"))
    started = time.perf_counter()
    index_sources(paths, sources)
    seconds = time.perf_counter() - started
    # Not getrusage: what it tells of memory outlives exec, and is then of the starting process.
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (int(line.split()[1]) / 1000 for line in status if line.startswith("VmHWM:"))
    sys.stdout.write(json.dumps({"pairs": pairs, "seconds": seconds, "peak": peak}))


if __name__ == "__main__":
    main()
