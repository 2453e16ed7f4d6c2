"""What a run is measured with and on, and where its parts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.cache.asked import BEARERS
from engine.cache.bearers import BearerTable
from engine.cache.layout import IndexPaths
from engine.cache.manifest import Manifest
from engine.cache.pairs import PairStore
from engine.cache.part_place import part_place
from engine.cache.parts import Parts
from engine.cache.pins import UserPins
from engine.cache.resuming import indexed_again
from engine.heuristics import Heuristic
from engine.measure.crew import Crew
from engine.measure.instrument import Instrument
from engine.measure.progress import Progress, Report


@dataclass(frozen=True, slots=True)
class Sitting:
    """What a run is measured with and on. One sitting may finish what another began."""

    instrument: Instrument
    crew: Crew
    manifest: Manifest
    paths: IndexPaths
    store: PairStore
    bearers: Sequence[BearerTable]
    also: Sequence[int]
    """Pairs to measure beside the bearers."""
    pins: UserPins
    """Features that stand for heuristics by the word of the user who measures."""
    report: Report
    pairs: str = BEARERS
    """Which pairs those are, in the words of who asked for them."""
    features: Sequence[Heuristic] = ()
    """Features as heuristics: who bears them is found among the pairs that are measured."""

    @property
    def run(self) -> str:
        return self.manifest.config.run

    @property
    def filtered(self) -> bool:
        """Whether a filter said which pairs to measure, and does not keep every bearer."""
        return self.pairs not in (BEARERS, "all")

    @property
    def parts(self) -> Parts:
        return run_parts(self.paths, self.store, self.run)

    def tell(self, progress: Progress) -> None:
        """Say how far the measurement is.

        Raises:
            UserError: pairs were indexed again since the index was opened.
        """
        self.check_pairs()
        self.report(progress)

    def check_pairs(self) -> None:
        """Refuse to go on where pairs were indexed again: figures of old texts are no one's.

        Raises:
            UserError: names the sources.
        """
        if replaced := self.store.indexed_again():
            raise indexed_again(self.paths, self.run, replaced)


def run_parts(paths: IndexPaths, store: PairStore, run: str) -> Parts:
    """The finished parts of a run that stand on today's sources."""
    return Parts(part_place(paths.run(run)), store.source_hashes())
