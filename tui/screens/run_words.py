"""What a run is measured with, in words: first what sets it apart from those it stands beside."""

from __future__ import annotations

from collections.abc import Sequence

from engine.cache.records import RunCard


def parts(run: RunCard) -> tuple[str, ...]:
    """Hook point, SAE, PM, readout and dtype, in this order."""
    return (run.hook, f"SAE {run.sae}", f"PM {run.pm}", run.readout, run.dtype)


def apart_first(run: RunCard, among: Sequence[RunCard]) -> list[str]:
    """A run's parts, those before the others that not all the runs share: lines may be cut."""
    alike = [len(set(same)) == 1 for same in zip(*map(parts, among), strict=True)]
    named = list(zip(alike, parts(run), strict=True))
    return [part for shared, part in sorted(named, key=lambda told: told[0])]
