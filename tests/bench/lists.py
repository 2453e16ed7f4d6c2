"""How fast an index answers the pairs screen: `python -m tests.bench.lists FOLDER [--pairs N]`.

It makes the synthetic index in FOLDER where there is none, and prints the median and the worst of
several goes at each question, in milliseconds, and what the process holds in memory at the end.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine.cache.opening import open_reader
from engine.cache.reader import IndexReader
from engine.cache.records import Query
from engine.filters import parse
from engine.heuristics import Heuristic
from tests.bench.synthetic import make_synthetic
from tests.bench.synthetic_pairs import HH_PAIRS

_GOES = 5
_EVERY = Query(kind=None)
_SORRY = Query(heuristic="sorry", kind=None)


def _filtered(query: Query, text: str) -> Query:
    return replace(query, filter=parse(text))


def _questions(reader: IndexReader) -> dict[str, Callable[[], object]]:
    by_margin = replace(_EVERY, sort="margin", descending=True)
    figures = _filtered(_SORRY, "verdict=outvoted margin>1")
    words = _filtered(_EVERY, 'text~"zebra" or chosen~"no such"')
    page = reader.ids(by_margin)[80_000:80_064]
    return {
        "every pair, by margin": lambda: reader.ids(by_margin),
        "every pair, margin>2 not row<1000": lambda: reader.ids(
            _filtered(by_margin, "margin>2 not row<1000")
        ),
        "every pair, feature:32131>1": lambda: reader.ids(_filtered(_EVERY, "feature:32131>1")),
        "every pair, verdict=outvoted": lambda: reader.ids(_filtered(_EVERY, "verdict=outvoted")),
        "every pair, label-suspect=yes": lambda: reader.ids(_filtered(_EVERY, "label-suspect=yes")),
        "bearers, by effect": lambda: reader.ids(replace(_SORRY, sort="effect")),
        "bearers, verdict=outvoted margin>1": lambda: reader.ids(figures),
        "bearers, text~zebra": lambda: reader.ids(_filtered(_SORRY, "text~zebra")),
        "facets of every pair": lambda: reader.cells(_EVERY),
        "facets of the bearers": lambda: reader.cells(_SORRY),
        "every pair, by text: first rows": lambda: next(reader.found(words)),
        "every pair, by text: all": lambda: list(reader.found(words)),
        "a page of 64 rows": lambda: reader.rows(page, _EVERY),
        "opening a pair": lambda: reader.pair(int(page[7])),
    }


def _patterns(reader: IndexReader) -> dict[str, Callable[[], object]]:
    patterns = {
        "new pattern, a text": Heuristic("literal", "I'm sorry, 1"),
        "new pattern, folded": Heuristic("folded", "I don't know, 7", fold=True),
        "new pattern, whole transcript": Heuristic("whole", "example.org", scope="transcript"),
        "new pattern, regex": Heuristic("regex", r"(?i)\bsorry, \d", regex=True),
        "new pattern, in every response": Heuristic("dot", "."),
    }
    return {name: partial(reader.look_at, made) for name, made in patterns.items()}


def _milliseconds(question: Callable[[], object]) -> float:
    started = time.perf_counter()
    question()
    return 1000 * (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="the cache folder")
    parser.add_argument("--pairs", type=int, default=HH_PAIRS)
    args = parser.parse_args()
    paths = make_synthetic(args.folder, args.pairs)
    started = time.perf_counter()
    reader = open_reader(paths)
    reader.overview()
    print(f"{'opening the index':<40} {1000 * (time.perf_counter() - started):7.0f} ms")
    for name, question in _questions(reader).items():
        times = [_milliseconds(question) for _ in range(_GOES)]
        print(f"{name:<40} {statistics.median(times):7.0f} ms, {max(times):.0f} at worst")
    for left in paths.heuristics.glob("*.parquet"):  # a pattern is new once
        left.unlink()
    for name, question in _patterns(reader).items():
        print(f"{name:<40} {_milliseconds(question):7.0f} ms")
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'most memory held':<40} {held:7.0f} MB")
    reader.close()


if __name__ == "__main__":
    main()
