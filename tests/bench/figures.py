"""What a bench over keys tells: percentiles of replies, each beside the mark it must pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.bench.terminal import Reply


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, and the most it may be; None: told for the record."""

    name: str
    value: float
    unit: str
    most: float | None = None

    @property
    def line(self) -> str:
        """`a page: bytes   2,310 B   <= 3,000 B   holds`."""
        told = f"{self.name:<44}{_number(self.value):>9} {self.unit:<3}"
        if self.most is None:
            return told.rstrip()
        verdict = "holds" if self.value <= self.most else "MISSED"
        return f"{told}  <= {_number(self.most):>6} {self.unit:<3} {verdict}"


def high(values: Sequence[float]) -> float:
    """The 95th percentile, no value between two that were measured."""
    return float(np.percentile(np.asarray(values), 95, method="higher"))


def times(name: str, seconds: Sequence[float], most: float | None = None) -> Figure:
    """The 95th percentile of some times, in milliseconds."""
    return Figure(f"{name} (p95 of {len(seconds)})", 1000 * high(seconds), "ms", most)


def replies(
    name: str, given: Sequence[Reply], most_ms: float | None = None, most_bytes: float | None = None
) -> list[Figure]:
    """Time to the last byte and bytes, the 95th percentile of each."""
    sizes = [float(len(reply.data)) for reply in given]
    return [
        times(name, [reply.seconds for reply in given], most_ms),
        Figure(f"{name}, bytes", high(sizes), "B", most_bytes),
    ]


def _number(value: float) -> str:
    return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"
