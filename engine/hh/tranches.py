"""The tranches of HH and how a source's rows fall into them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

HH_REPO = "Anthropic/hh-rlhf"

# Rows of each tranche, in the order in which the split holds them.
HH_ROWS: dict[str, dict[str, int]] = {
    "train": {
        "harmless-base": 42_537,
        "helpful-base": 43_835,
        "helpful-online": 22_007,
        "helpful-rejection-sampled": 52_421,
    },
    "test": {
        "harmless-base": 2_312,
        "helpful-base": 2_354,
        "helpful-online": 1_137,
        "helpful-rejection-sampled": 2_749,
    },
}


def hh_ranges(split: str, rows: int) -> dict[str, range] | None:
    """Which rows of HH's split are which tranche; None unless it has exactly HH's row count."""
    sizes = HH_ROWS.get(split, {})
    if not sizes or sum(sizes.values()) != rows:
        return None
    ends = accumulate(sizes.values())
    return {
        name: range(end - size, end) for (name, size), end in zip(sizes.items(), ends, strict=True)
    }


def guess_tranche(path: Path) -> str:
    """The HH tranche that the file's name, or else its folder's, speaks of; else its stem."""
    for name in (path.name, path.parent.name):
        for tranche in HH_ROWS["train"]:
            if tranche in name.lower():
                return tranche
    return next(_stems(path.name))


def guess_split(name: str) -> str:
    """`test` where the name says so, else `train`."""
    return "test" if "test" in name.lower() else "train"


def _stems(name: str) -> Iterator[str]:
    for suffix in (".jsonl.gz", ".jsonl", ".parquet"):
        if name.endswith(suffix):
            yield name.removesuffix(suffix) or name
    yield name
