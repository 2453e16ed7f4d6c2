"""Rewards of 158,866 pairs imported, and the whole report on them: how long both take.

    python -m tests.bench.imported FOLDER [--pairs 160800]

Pairs are made up in FOLDER where they are not there yet, and rewards are drawn from a seed. Each
step is a process of its own, as it is typed, its start included. The mark: both under 10 s.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.pairs import open_pairs
from tests.bench.synthetic_pairs import HH_PAIRS, write_pairs

NAME = "rewards"
KEPT = 158_866 / HH_PAIRS
"""The share of pairs that the published rewards are of: both sides within 870 tokens."""


def main() -> None:
    """Make what is needed, and print the seconds of each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=HH_PAIRS)
    args = parser.parse_args()
    paths = IndexPaths(args.folder, NAME)
    if not paths.source_numbers():
        paths.folder.mkdir(parents=True, exist_ok=True)
        index_sources(paths, [write_pairs(args.folder / f"{NAME}.parquet", args.pairs, 0)])
    file = _rewards(args.folder, args.pairs)
    page = args.folder / "report.html"
    page.unlink(missing_ok=True)
    where = ["--cache", str(args.folder), "--name", NAME]
    total = 0.0
    for told, words in (
        ("import rewards", ["import", "rewards", str(file)]),
        ("report", ["report"]),
        ("report --html", ["report", "--html", str(page)]),
    ):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "tui", *words, *where], check=True, stdout=subprocess.DEVNULL
        )
        seconds = time.perf_counter() - started
        total += seconds if told != "report --html" else 0
        print(f"{told:<16} {seconds:6.2f} s")
    print(f"{'import + report':<16} {total:6.2f} s")


def _rewards(folder: Path, pairs: int) -> Path:
    """A table of rewards, with the content hashes that guard it."""
    store = open_pairs(IndexPaths(folder, NAME))
    with store.cursor() as cursor:
        hashes = cursor.execute("SELECT content_hash FROM pairs ORDER BY id").fetchnumpy()
    store.close()
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(pairs, round(pairs * KEPT), replace=False))
    rejected = rng.normal(-1.0, 1.0, len(rows))
    table = {
        "row": rows,
        "reward_chosen": rejected + rng.normal(1.0, 2.0, len(rows)),
        "reward_rejected": rejected,
        "content_hash": np.asarray(hashes["content_hash"])[rows].tolist(),
    }
    file = folder / "gpt-j.parquet"
    pq.write_table(pa.table(table), file)
    return file


if __name__ == "__main__":
    main()
