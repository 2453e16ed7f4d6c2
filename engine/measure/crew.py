"""Who measures the stages of a run: this process alone, or others that it asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.cache.parts import Parts
from engine.measure.instrument import Instrument
from engine.measure.progress import Report
from engine.measure.staging import Pairs, Stage, Work, run_stage


class Crew(Protocol):
    """Who measures what is missing of some stages."""

    def measure(
        self, run: str, stages: Sequence[Stage], *, parts: Parts, source: Pairs, report: Report
    ) -> list[Work]:
        """Measure stages in any order, none of which needs another; how much of each that was.

        When it returns, their parts are written.
        """
        ...


@dataclass(frozen=True, slots=True)
class Alone:
    """This process, with its own instrument: one stage after the other."""

    instrument: Instrument

    def measure(
        self, run: str, stages: Sequence[Stage], *, parts: Parts, source: Pairs, report: Report
    ) -> list[Work]:
        return [
            run_stage(
                run,
                stage.name,
                stage.ids,
                stage.make(self.instrument),
                parts=parts,
                source=source,
                report=report,
            )
            for stage in stages
        ]
