"""What a stage of a run is, and how its parts are made.

Every stage is a function from pairs to one Arrow table. Ids that finished parts already hold are
never measured again, and batches lie inside parts, so a run that was killed ends with the same
rows as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from engine.cache.parts import Parts, ranges
from engine.hh import Pair
from engine.log import LOGGER
from engine.measure.budget import in_batches
from engine.measure.instrument import Instrument
from engine.measure.prepare import Prepared
from engine.measure.progress import Progress, Report
from engine.measure.rows import Row

SAMPLE = "sample"
BASE = "base"
TEXTS = "texts"
TOKENS = "tokens"
SPANS = "spans"
EFFECTS = "effects"
INSERTION = "insertion"
CHECKS = "checks"
INTEGRATED = "integrated"
NOISE = "noise"

PART_IDS = {SAMPLE: 256, BASE: 256, "likelihood": 256}
"""How many ids a part's range spans; 1024 for the stages that measure only few of them."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One part: its tables by stage, and the number of tokens computed for it."""

    tables: Mapping[str, pa.Table]
    tokens: int


@dataclass(frozen=True, slots=True)
class Work:
    """How much was measured in this sitting."""

    pairs: int = 0
    tokens: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(self.pairs + other.pairs, self.tokens + other.tokens)


Measure = Callable[[Sequence[Pair]], Measured]


class Pairs(Protocol):
    """Where the pairs come from."""

    def pairs(self, ids: Iterable[int]) -> tuple[Pair, ...]: ...


def run_stage(
    run: str,
    stage: str,
    ids: Iterable[int],
    measure: Measure,
    *,
    parts: Parts,
    source: Pairs,
    report: Report,
) -> Work:
    """Measure what is missing of a stage, part by part, and say how much that was.

    Where a part has tables of several stages, they are written in their order, but the one that is
    asked for last: it is the one that says what was finished.
    """
    started = time.perf_counter()
    wanted = set(ids)
    missing = wanted - parts.covered(stage)
    done, computed = len(wanted) - len(missing), 0
    size = PART_IDS.get(stage.partition("/")[0], 1024)
    report(Progress(run, stage, done, len(wanted), 0))
    for first, members in ranges(missing, size):
        measured = measure(source.pairs(members))
        for name, table in sorted(measured.tables.items(), key=lambda item: item[0] == stage):
            parts.write(name, first, table)
        done, computed = done + len(members), computed + measured.tokens
        report(Progress(run, stage, done, len(wanted), measured.tokens))
    if missing:
        seconds = time.perf_counter() - started
        told = "run %s: %s of %d pairs (%d were there), %d tokens, in %.1f s"
        there = len(wanted) - len(missing)
        LOGGER.info(told, run, stage, len(missing), there, computed, seconds)
    return Work(pairs=len(missing), tokens=computed)


def rows_in_batches(
    instrument: Instrument,
    prepared: Sequence[Prepared],
    rows_of: Callable[[Sequence[Prepared]], list[Row]],
    *,
    resumed: bool,
) -> list[Row]:
    """The rows of all pairs, batch by batch, within the device's memory."""
    found = in_batches(instrument.budget, prepared, resumed=resumed, measure=rows_of)
    return [row for some in found for row in some]


def tokens_once(prepared: Sequence[Prepared]) -> int:
    """How many are computed when each is run once."""
    return sum(item.bundle().tokens for item in prepared)
