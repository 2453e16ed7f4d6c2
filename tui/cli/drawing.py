"""How far a measurement is: bars on a terminal, a line now and then in a batch job's log."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from engine.canonical import Json

SECONDS = 30.0
"""Between two lines about one stage; what begins and what is done is told at once."""

_STAGES = {
    "known": "known rewards",
    "texts": "bearers",
    "tokens": "attributions by token",
    "base": "pairs",
    "sample": "sample of the index",
    "noise": "noise floor",
    "checks": "attribution check",
    "integrated": "integrated gradients",
    "spans": "deletion control",
    "insertion": "insertion control",
    "effects": "group effects",
    "likelihood": "log-likelihood",
}


@dataclass(slots=True)
class _Stage:
    """One stage of one run, since its first event."""

    name: str
    begun: float
    before: int
    """Pairs that were done when it began."""
    done: int
    told: float

    def rate(self, done: int, now: float) -> float | None:
        """Pairs a second; None before the first."""
        return (done - self.before) / (now - self.begun) if done > self.before else None


class _Drawing(ABC):
    """Keeps track of stages: which of them there are, since when, and how fast they are."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stages: dict[tuple[str, str], _Stage] = {}

    def show(self, event: Mapping[str, Json]) -> None:
        """Take one progress event of the child."""
        run, stage = str(event["run"]), str(event["stage"])
        done, total = int(str(event["done"])), int(str(event["total"]))
        key, now = (run, stage), self._clock()
        known = self._stages.get(key)
        if known is None:
            if total == 0:
                return
            name = f"{run[:8]} {_STAGES.get(stage.partition('/')[0], stage)}"
            known = self._stages[key] = _Stage(name, now, done, done, now)
            self._begin(key, known, done, total)
        elif done != known.done:  # what was measured with other runs is told again as done
            known.done = done
            self._go_on(key, known, done, total, now)

    @abstractmethod
    def _begin(self, key: tuple[str, str], stage: _Stage, done: int, total: int) -> None: ...

    @abstractmethod
    def _go_on(
        self, key: tuple[str, str], stage: _Stage, done: int, total: int, now: float
    ) -> None: ...


class Bars(_Drawing):
    """A bar for each stage, with a rate and an estimate, drawn anew in place."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(file=stream, highlight=False),
            refresh_per_second=2,
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}

    @property
    def around(self) -> AbstractContextManager[object]:
        """Entered while there is something to draw."""
        return self._bars

    def _begin(self, key: tuple[str, str], stage: _Stage, done: int, total: int) -> None:
        self._tasks[key] = self._bars.add_task(stage.name, total=total, completed=done, rate="")

    def _go_on(
        self, key: tuple[str, str], stage: _Stage, done: int, total: int, now: float
    ) -> None:
        rate = stage.rate(done, now)
        told = "" if rate is None else f"{rate:.1f} pairs/s"
        self._bars.update(self._tasks[key], completed=done, total=total, rate=told)


class Lines(_Drawing):
    """A line when a stage begins, one when it is done, and one every half minute between."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._stream = stream

    @property
    def around(self) -> AbstractContextManager[object]:
        """Lines need nothing around them."""
        return nullcontext()

    def _begin(self, key: tuple[str, str], stage: _Stage, done: int, total: int) -> None:
        self._write(f"{stage.name}: {done:,} of {total:,} pairs")

    def _go_on(
        self, key: tuple[str, str], stage: _Stage, done: int, total: int, now: float
    ) -> None:
        if done < total and now - stage.told < SECONDS:
            return
        stage.told = now
        told = f"{stage.name}: {done:,} of {total:,} pairs"
        if rate := stage.rate(done, now):
            told += f", {rate:.1f} pairs/s"
            told += f", about {_duration((total - done) / rate)} left" if done < total else ""
        self._write(told)

    def _write(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()


def drawing(stream: TextIO) -> Bars | Lines:
    """Bars where somebody looks on, lines where nobody does."""
    return Bars(stream) if stream.isatty() else Lines(stream)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
