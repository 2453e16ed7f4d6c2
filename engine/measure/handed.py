"""Runs measured by workers elsewhere: what they are asked, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.cache.parts import Parts
from engine.measure.hand import Answer, Asked, Job, Orders, as_sent, error_of
from engine.measure.staging import Pairs, Stage, Task

Ask = Callable[[Sequence[Job], Sequence[Asked]], Iterator[Answer]]
"""Has workers measure tasks of some jobs, in any order; their answers as they come."""


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
        jobs = self._jobs(tasks)
        places = {
            (job.run, stage.name): (number, place)
            for number, job in enumerate(jobs)
            for place, stage in enumerate(job.stages)
        }
        for answer in self.ask(jobs, _asked(tasks, places)) if tasks else ():
            if error := error_of(answer):
                raise error
            yield int(answer["number"]), int(answer["tokens"])

    def _jobs(self, tasks: Sequence[Task]) -> list[Job]:
        """One for each run, with its stages."""
        parts: dict[str, Parts] = {}
        stages: dict[str, dict[str, Stage]] = {}
        for part in (part for task in tasks for part in task.parts):
            parts[part.run] = part.place
            stages.setdefault(part.run, {})[part.stage.name] = as_sent(part.stage)
        return [
            Job(run, self.orders[run], parts[run], tuple(of_run.values()))
            for run, of_run in stages.items()
        ]


def _asked(tasks: Sequence[Task], places: Mapping[tuple[str, str], tuple[int, int]]) -> list[Asked]:
    """The tasks as plain values; `places`: by run and stage, the job's number and the stage's."""
    asked: list[Asked] = []
    for number, task in enumerate(tasks):
        found = [places[part.run, part.stage.name] for part in task.parts]
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
