"""What a run is measured with, in words: what it shares with others and what sets it apart."""

from __future__ import annotations

from collections.abc import Sequence

from engine.cache.records import RunCard


def parts(run: RunCard) -> tuple[str, ...]:
    """Hook point, SAE, PM, readout and dtype, in this order."""
    return (run.hook, f"SAE {run.sae}", f"PM {run.pm}", run.readout, run.dtype)


def shared(among: Sequence[RunCard]) -> list[str]:
    """The parts that all of these runs have."""
    return [same[0] for same in zip(*map(parts, among), strict=True) if len(set(same)) == 1]


def apart(run: RunCard, among: Sequence[RunCard]) -> list[str]:
    """A run's parts that not all of these runs have."""
    return [part for part in parts(run) if part not in shared(among)]
