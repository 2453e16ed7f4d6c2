"""What a stage of a run is, and how its parts are made.

Every stage is a function from pairs to an Arrow table, and to those of stages that are measured
with it. Ids that finished parts already hold are never measured again, and batches lie inside
parts, so a run that was killed ends with the same rows as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
    left_out: int = 0
    """Pairs that do not fit the PM."""

    def __add__(self, other: Work) -> Work:
        left_out = self.left_out + other.left_out
        return Work(self.pairs + other.pairs, self.tokens + other.tokens, left_out)


Measure = Callable[[Sequence[Pair]], Measured]


@dataclass(frozen=True, slots=True)
class Stage:
    """What is asked of a stage: which pairs, and what measures them with an instrument.

    `make` can be pickled: who measures may be a process on another machine.
    """

    name: str
    ids: Collection[int]
    make: Callable[[Instrument], Measure]
    rewards: bool = False
    """Whether it gives its pairs their rewards."""


@dataclass(frozen=True, slots=True)
class Missing:
    """What no finished part of a stage holds yet, cut into the parts that will."""

    wanted: int
    pairs: int
    """How many of them are missing."""
    parts: tuple[tuple[int, list[int]], ...]
    """The first id of each one's range, and the ids in it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part that a stage of a run lacks."""

    run: str
    stage: Stage
    place: Parts
    first: int
    """The first id of its range, which may span more ids than are missing."""


@dataclass(frozen=True, slots=True)
class Task:
    """Pairs, and the parts to be made of them: of several stages, on one capture."""

    ids: list[int]
    parts: tuple[Part, ...]


class Pairs(Protocol):
    """Where the pairs come from."""

    def pairs(self, ids: Iterable[int]) -> tuple[Pair, ...]: ...


def missing(stage: str, ids: Iterable[int], parts: Parts) -> Missing:
    """How what is missing of a stage is cut: the same wherever and however often it is measured."""
    wanted = set(ids)
    left = wanted - parts.covered(stage)
    size = PART_IDS.get(stage.partition("/")[0], 1024)
    return Missing(len(wanted), len(left), tuple(ranges(left, size)))


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
    """Measure what is missing of a stage, part by part, and say how much that was."""
    started = time.perf_counter()
    left = missing(stage, ids, parts)
    done, computed = left.wanted - left.pairs, 0
    if left.wanted:
        report(Progress(run, stage, done, left.wanted, 0))
    for first, members in left.parts:
        measured = measure(source.pairs(members))
        write_part(parts, stage, first, measured)
        done, computed = done + len(members), computed + measured.tokens
        report(Progress(run, stage, done, left.wanted, measured.tokens))
    if left.pairs:
        tell_log(run, stage, left, computed, time.perf_counter() - started)
    return Work(pairs=left.pairs, tokens=computed)


def write_part(parts: Parts, stage: str, first: int, measured: Measured) -> None:
    """Write the tables of a part.

    Where it has tables of several stages, they are written in their order, but the one that was
    asked for last: it is the one that says what was finished.
    """
    for name, table in sorted(measured.tables.items(), key=lambda item: item[0] == stage):
        parts.write(name, first, table)


def tell_log(run: str, stage: str, left: Missing, tokens: int, seconds: float) -> None:
    """What became of a stage, and how long it took."""
    told = "run %s: %s of %d pairs (%d were there), %d tokens, in %.1f s"
    LOGGER.info(told, run, stage, left.pairs, left.wanted - left.pairs, tokens, seconds)


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
