"""Who measures the parts of runs: this process alone, or others that it asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.measure.instrument import Instrument
from engine.measure.on_views import measure_task
from engine.measure.staging import Pairs, Task


class Crew(Protocol):
    """Who measures parts, of one run or of several of one PM."""

    def measure(self, tasks: Sequence[Task], *, source: Pairs) -> Iterator[tuple[int, int]]:
        """Measure tasks in any order, none of which needs another.

        Yields:
            The number of one that is done, its parts written, and how many tokens were computed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Alone:
    """This process, with its own instruments: one task after the other."""

    instruments: Mapping[str, Instrument]
    """By run."""

    def measure(self, tasks: Sequence[Task], *, source: Pairs) -> Iterator[tuple[int, int]]:
        for number, task in enumerate(tasks):
            measures = [part.stage.make(self.instruments[part.run]) for part in task.parts]
            yield number, measure_task(measures, task, source.pairs(task.ids))
