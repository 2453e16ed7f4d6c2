"""Several SAEs in one pass against one after the other: `… tests.bench.passes PAIRS PM SAE [SAE…]`.

All that no heuristic decides of the same pairs (rewards, reconstructed rewards, activations,
attributions by feature and by token), first for each SAE by itself and then for all of them on one
capture. The tables of both are compared to the last bit.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from engine.hh import Pair
from engine.measure.base_stage import base_stage
from engine.measure.instrument import Instrument
from engine.measure.loading import make_instrument
from engine.measure.on_views import OnViews, on_one_capture
from engine.measure.staging import Measured
from engine.models.pm import load_pm
from tests.bench.measure import timed
from tests.engine.measure.real import read_pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs")
    parser.add_argument("pm")
    parser.add_argument("saes", nargs="+", metavar="SAE")
    parser.add_argument("--hook", help="where their configs do not say it")
    parser.add_argument("--count", type=int, default=24, help="how many pairs, evenly spaced")
    asked = parser.parse_args()
    torch.set_num_threads(2)
    pm = load_pm(asked.pm, dtype=torch.float32, device="cpu")
    mount = partial(
        make_instrument,
        pm,
        hook=asked.hook,
        readout="last-text-token",
        positions="all",
        device="cpu",
    )
    pairs = read_pairs(Path(asked.pairs))
    chosen = pairs[:: max(1, len(pairs) // asked.count)][: asked.count]
    compare([mount(sae) for sae in asked.saes], chosen)


def compare(instruments: Sequence[Instrument], pairs: Sequence[Pair]) -> None:
    """Measure both ways, and print times, their ratio, and whether a bit differs."""
    stages = [_stage(instrument) for instrument in instruments]
    on_one_capture(stages, pairs[:2])
    seconds, alone = 0.0, list[Measured]()
    for stage in stages:
        took, made = timed(partial(stage, pairs))
        seconds += took
        alone.append(made)
        print(f"{stage.instrument.sae.name}, {stage.instrument.hook}: {took:.2f} s")
    together, among = timed(lambda: on_one_capture(stages, pairs))
    print(f"{len(stages)} SAEs, {len(pairs)} pairs")
    print(f"one after the other {seconds:7.2f} s")
    print(f"in one pass         {together:7.2f} s   {seconds / together:.2f} times as fast")
    same = all(one.tables == other.tables for one, other in zip(alone, among, strict=True))
    print(f"rows                {'the same, to the last bit' if same else 'DIFFER'}")


def _stage(instrument: Instrument) -> OnViews:
    made = base_stage(instrument, base_too=True, texts_too=True)
    if not isinstance(made, OnViews):
        raise TypeError("the base stage is not measured on views")
    return made


if __name__ == "__main__":
    main()
