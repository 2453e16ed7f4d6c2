"""The seal of a run of many measured pairs: how long it takes, and the most memory it holds.

    python -m tests.bench.seal FOLDER [--pairs 500000] [--features 48]

Parts of base figures are drawn from a seed, 256 pairs each as `score` writes them, where FOLDER
has none yet; nobody bears a pattern. The mark: memory that is the same for ten times the pairs.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.cache import tables
from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore, open_pairs
from engine.cache.pins import UserPins
from engine.hh import pair_id
from engine.measure import staging
from engine.measure.crew import Alone
from engine.measure.instrument import Instrument
from engine.measure.sealing import Samples, seal
from engine.measure.sitting import Sitting
from tests.engine.cache.scored import make_index, manifest
from tests.engine.measure.tiny import make_tiny

_D_SAE = 32_768
_PART = staging.PART_IDS[staging.BASE]
_SAMPLED, _ALONE = 2_048, 256


def main() -> None:
    """Make what is needed, seal, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=500_000)
    parser.add_argument("--features", type=int, default=48, help="active features of a pair")
    args = parser.parse_args()
    folder = args.folder / f"{args.pairs}-{args.features}"
    paths = IndexPaths(folder / "cache", "tiny")
    if not folder.exists():
        folder.mkdir(parents=True)
        make_index(folder)
    store = open_pairs(paths)
    with tempfile.TemporaryDirectory() as models:
        instrument = make_tiny(Path(models), "gptj").instrument
    sitting = _sitting(paths, store, instrument)
    if not sitting.parts.files(staging.BASE):
        _draw(sitting, args.pairs, args.features)
    sampled = [pair_id(1, row) for row in range(_SAMPLED)]
    held = _most_held()
    started = time.perf_counter()
    seal(sitting, Samples(sampled, sampled[:_ALONE], (), ()), {}, (), ())
    seconds = time.perf_counter() - started
    print(
        f"{args.pairs:,} pairs, {args.features} features each: sealed in {seconds:.1f} s;"
        f" at most {_most_held():,} MB held, {held:,} before it"
    )
    store.close()


def _sitting(paths: IndexPaths, store: PairStore, instrument: Instrument) -> Sitting:
    return Sitting(
        instrument=instrument,
        crew=Alone({}),
        manifest=manifest("h.1"),
        paths=paths,
        store=store,
        bearers=(),
        also=(),
        pins=UserPins("nobody"),
        report=lambda progress: None,
    )


def _draw(sitting: Sitting, pairs: int, features: int) -> None:
    rng = np.random.default_rng(0)
    for first in range(0, pairs, _PART):
        count = min(_PART, pairs - first)
        sitting.parts.write(staging.BASE, pair_id(1, first), _part(rng, first, count, features))
    alone = {
        "id": [pair_id(1, row) for row in range(_ALONE)],
        "margin_alone": rng.normal(0.4, 0.9, _ALONE).astype(np.float32),
    }
    sitting.parts.write(staging.NOISE, pair_id(1, 0), pa.table(alone, schema=tables.NOISE))


def _part(rng: np.random.Generator, first: int, count: int, features: int) -> pa.Table:
    active = np.cumsum(rng.integers(1, _D_SAE // features, (count, features)), axis=1)
    rewards = {
        name: rng.normal(0.0, 1.0, count).astype(np.float32)
        for name in tables.BASE.names
        if name.startswith(("reward_", "margin_"))
    }
    columns = {
        "id": np.arange(first, first + count, dtype=np.int64) + pair_id(1, 0),
        "tokens": rng.integers(80, 400, count).astype(np.int32),
        "truncated": np.zeros(count, np.int32),
        **rewards,
        "feature": list(active.astype(np.int32)),
        "activation_chosen": list(rng.gamma(1.5, 0.8, (count, features)).astype(np.float32)),
        "activation_rejected": list(rng.gamma(1.5, 0.8, (count, features)).astype(np.float32)),
        "attribution": list(rng.normal(0.0, 0.1, (count, features)).astype(np.float32)),
    }
    return pa.table(columns, schema=tables.BASE)


def _most_held() -> int:
    """The most that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    main()
