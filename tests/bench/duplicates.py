"""What looking for near-duplicates takes: `python -m tests.bench.duplicates FOLDER [--pairs N]`.

It indexes synthetic pairs of HH's size in FOLDER where that was not done yet; one in a thousand of
them stands there with its label turned round.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter
from pathlib import Path

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.pairs import open_pairs
from engine.duplicates.find import find_duplicates
from tests.bench.synthetic_pairs import HH_PAIRS, write_pairs

_SEED = 7


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="the cache folder")
    parser.add_argument("--pairs", type=int, default=HH_PAIRS)
    args = parser.parse_args()
    paths = IndexPaths(args.folder, "duplicates")
    if not paths.source_numbers():
        args.folder.mkdir(parents=True, exist_ok=True)
        index_sources(paths, [write_pairs(args.folder / "pairs.parquet", args.pairs, _SEED)])
    store = open_pairs(paths)
    started = time.perf_counter()
    found = find_duplicates(store)
    seconds = time.perf_counter() - started
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{store.count():,} pairs: {seconds:.1f} s, {held:,.0f} MB")
    print(", ".join(f"{count:,} {why}" for why, count in Counter(f.reason for f in found).items()))
    store.close()


if __name__ == "__main__":
    main()
