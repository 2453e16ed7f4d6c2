"""Every question a screen may ask of an index, whoever answers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.cache.pair_records import Cell, Found, PairDetail, PairRow, Undone
from engine.cache.records import Overview, Query

if TYPE_CHECKING:  # whoever only names the protocol loads none of what it answers with
    import threading

    import numpy as np
    import numpy.typing as npt

    from engine.cache.comparison_records import Comparison, NaturalAgainstCustom, PairInRun
    from engine.cache.custom import CustomPair
    from engine.cache.feature_records import FeatureDetail
    from engine.cache.sealed import Standing
    from engine.cache.triage_report import TriageReport
    from engine.filters import Vocabulary
    from engine.heuristics import Heuristic


class Reader(Protocol):
    """Every question a screen may ask of an index. Calls block; screens make them in a thread."""

    def overview(self) -> Overview: ...

    def read_ahead(self, identifier: int | None = None) -> None:
        """Read what the first pair that is opened would wait for; or a pair, and keep it at hand.

        Raises:
            UserError: the index has no such pair.
        """
        ...

    def ids(self, query: Query) -> npt.NDArray[np.int64]:
        """The ids of all pairs that match, in order."""
        ...

    def found(self, query: Query) -> Iterator[Found]:
        """The same, as it is found: the last one is complete. Each step is a short question."""
        ...

    def cells(self, query: Query) -> tuple[Cell, ...]:
        """The pairs that a query's heuristic, filter and text leave, counted for its facets.

        Its kind, verdicts, tranche, marks, suspicion and seen are the facets, and left out.
        """
        ...

    def vocabulary(self) -> Vocabulary:
        """The words that a filter of this index may hold."""
        ...

    def look_at(self, heuristic: Heuristic, unwanted: threading.Event | None = None) -> Overview:
        """Find who bears one more pattern; the overview with it.

        Its verdicts are `unmeasured`, but on imported rewards, which judge whatever is borne.

        Args:
            heuristic: the pattern.
            unwanted: set, from any thread, once it is not waited for any more.

        Raises:
            UserError: the pattern is at fault, or another heuristic has its name, or it is not
                wanted any more.
        """
        ...

    def keep_heuristic(self, heuristic: Heuristic) -> Path:
        """Append a heuristic to the user's file; which one that is.

        Raises:
            UserError: the file cannot be written, or has a heuristic of that name.
        """
        ...

    def rows(self, ids: npt.NDArray[np.int64], query: Query) -> tuple[PairRow, ...]:
        """One record for each id, in the order given."""
        ...

    def pair(self, identifier: int) -> PairDetail:
        """All that is known of one pair. Marks and notes are as they are now.

        Raises:
            UserError: the index has no such pair.
        """
        ...

    def feature(self, feature: int) -> FeatureDetail:
        """One SAE feature over all pairs of the run.

        Raises:
            UserError: the index has no run, or its SAE no such feature.
        """
        ...

    def pins(self) -> Mapping[str, tuple[int, ...]]:
        """The features that the user pinned of the run's SAE, by `Heuristic.key`."""
        ...

    def pin(self, heuristic: Heuristic, feature: int, *, pinned: bool) -> tuple[int, ...]:
        """Pin a feature for a heuristic, or take its pin back; the user's pins for it then.

        Raises:
            UserError: there is no run, its SAE has no such feature, the heuristic is a feature
                itself, or the triage file cannot be written.
        """
        ...

    def standing(self) -> Standing | None:
        """The margins that stand for the index; None without a run."""
        ...

    def other_runs(self) -> tuple[str, ...]:
        """The ids of the index's other sealed runs, the newest first."""
        ...

    def compare(self, other: str) -> Comparison:
        """The run beside another one of the index.

        Raises:
            UserError: there is no run, or the other one cannot be read.
        """
        ...

    def over_runs(self, identifier: int) -> tuple[PairInRun, ...]:
        """One pair in every sealed run, in the order of their hook points.

        Raises:
            UserError: there is no such pair, or a run cannot be read.
        """
        ...

    def customs(self) -> tuple[NaturalAgainstCustom, ...]:
        """Each heuristic's bearers against the custom pairs kept of this run.

        Raises:
            UserError: the custom pairs cannot be read.
        """
        ...

    def mark(self, identifier: int, mark: str | None, *, hidden: bool = False) -> None:
        """Append a triage mark; None takes it back. The pair's note stays as it is.

        Args:
            identifier: the pair.
            mark: the mark.
            hidden: whether the screen hid verdict and figures. The pair's first mark is then
                kept as the blind one, which agreement is counted over.

        Raises:
            UserError: the triage file cannot be written.
        """
        ...

    def note(self, identifier: int, note: str | None) -> None:
        """Append a note; None removes it. The pair's mark stays as it is.

        Raises:
            UserError: the triage file cannot be written.
        """
        ...

    def undo(self) -> Undone | None:
        """Take back the user's last mark or note; None where there is none left.

        Raises:
            UserError: the triage file cannot be written.
        """
        ...

    def marks(self) -> dict[int, str]:
        """The user's own marks by pair id."""
        ...

    def keep(self, customs: Sequence[CustomPair]) -> Path:
        """Keep measured edits as the user's custom pairs; the file that holds them.

        Raises:
            UserError: the file cannot be written.
        """
        ...

    def triage(self, heuristic: str | None) -> TriageReport:
        """Everybody's marks side by side; blind ones by the heuristic's verdicts too."""
        ...

    def leave(self) -> None:
        """Give up what takes long, for nobody waits any more. Called from any thread, at once."""
        ...

    def close(self) -> None: ...
