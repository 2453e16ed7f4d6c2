"""Runs measured by workers elsewhere: what they are asked, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.cache.parts import Parts
from engine.measure.hand import Answer, Asked, Job, Orders, as_sent, error_of
from engine.measure.staging import Pairs, Stage, Task

Ask = Callable[[Sequence[Job], Sequence[Asked]], Iterator[Answer]]
"""Has workers measure tasks of some jobs, in any order; their answers as they come."""

_Places = Mapping[int, tuple[int, int]]
"""By what a stage is, and not by its name (a run may ask two things of one stage): the number of
its job, and its own in it."""


@dataclass(frozen=True, slots=True)
class Handed:
    """Workers, whoever starts them. They read the pairs themselves, and write the parts."""

    orders: Mapping[str, Orders]
    """By run."""
    ask: Ask

    def measure(self, tasks: Sequence[Task], *, source: Pairs) -> Iterator[tuple[int, int]]:
        """Have tasks measured, each by one worker; without any, nobody is asked.

        Raises:
            ToldError: what a worker says went wrong.
            FailedError: the workers were lost.
        """
        jobs, places = self._jobs(tasks)
        for answer in self.ask(jobs, _asked(tasks, places)) if tasks else ():
            if error := error_of(answer):
                raise error
            yield int(answer["number"]), int(answer["tokens"])

    def _jobs(self, tasks: Sequence[Task]) -> tuple[list[Job], _Places]:
        """One for each run, with its stages; and where each stage is among them."""
        parts: dict[str, Parts] = {}
        stages: dict[str, dict[int, Stage]] = {}
        for part in (part for task in tasks for part in task.parts):
            parts[part.run] = part.place
            stages.setdefault(part.run, {})[id(part.stage)] = part.stage
        jobs = [
            Job(run, self.orders[run], parts[run], tuple(map(as_sent, of_run.values())))
            for run, of_run in stages.items()
        ]
        places = {
            stage: (number, place)
            for number, of_run in enumerate(stages.values())
            for place, stage in enumerate(of_run)
        }
        return jobs, places


def _asked(tasks: Sequence[Task], places: _Places) -> list[Asked]:
    """The tasks as plain values."""
    asked: list[Asked] = []
    for number, task in enumerate(tasks):
        found = [places[id(part.stage)] for part in task.parts]
        asked.append(
            {
                "number": number,
                "ids": task.ids,
                "job": [job for job, _ in found],
                "stage": [stage for _, stage in found],
                "first": [part.first for part in task.parts],
            }
        )
    return asked
