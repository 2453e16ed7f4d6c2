"""What a discovery takes of time and memory: `python -m tests.bench.discover FOLDER [--pairs N]`.

It makes the synthetic index in FOLDER where there is none; every pair of it has a margin. Nothing
is inferred: the n-grams of all responses and the features of all pairs are counted and tested.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

from engine.cache.opening import open_reader
from engine.discovery.find import discover
from tests.bench.synthetic import make_synthetic
from tests.bench.synthetic_pairs import HH_PAIRS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="the cache folder")
    parser.add_argument("--pairs", type=int, default=HH_PAIRS)
    args = parser.parse_args()
    paths = make_synthetic(args.folder, args.pairs)
    started = time.perf_counter()
    reader = open_reader(paths)
    found = discover(reader)
    reader.close()
    seconds = time.perf_counter() - started
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{found.pairs:,} pairs, {found.measured:,} margins: {seconds:.1f} s, {held:,.0f} MB")
    print(f"{found.ngrams_tested:,} n-grams and {found.features_tested:,} features tested")


if __name__ == "__main__":
    main()
