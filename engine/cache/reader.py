"""One index and one run as the screens see them: the files it is open on, and who answers what."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.cache import questions
from engine.cache.asking import Asking
from engine.cache.bearers import BearerTable, LookedAt
from engine.cache.beside import against_customs, compared, over_runs
from engine.cache.bulk import Bulk
from engine.cache.comparison_records import Comparison, NaturalAgainstCustom, PairInRun
from engine.cache.custom import CustomFile, CustomPair
from engine.cache.duplicates import Duplicate
from engine.cache.feature import check_feature, feature_detail, with_pins
from engine.cache.feature_records import FeatureDetail
from engine.cache.keys import keys_of
from engine.cache.layout import IndexPaths
from engine.cache.likelihood import MeasuredBy
from engine.cache.lists import Lists
from engine.cache.looking import Looking
from engine.cache.marks import Marks
from engine.cache.one_pair import OnePair
from engine.cache.pair_records import Cell, Found, PairDetail, PairRow, Undone
from engine.cache.pair_row import guarded
from engine.cache.pairs import PairStore
from engine.cache.records import Overview, Query, SoFar
from engine.cache.sealed import (
    SealedRun,
    Standing,
    no_run,
    sealed_run,
    sealed_runs,
    standing_margins,
)
from engine.cache.suspects import Suspects
from engine.cache.training import Training
from engine.cache.triage import user_name
from engine.cache.triage_line import Pins, Triage
from engine.cache.triage_report import Known, TriageReport, triage_report
from engine.cache.words import vocabulary
from engine.errors import UserError
from engine.filters import Vocabulary
from engine.heuristics import Heuristic
from engine.heuristics.write import append_heuristic
from engine.verdict import Verdict


class IndexReader:
    """One index as the screens see it (`engine.cache.reading.Reader` says each question).

    Safe to share by threads: each question has its cursor of the one connection.
    """

    def __init__(
        self,
        paths: IndexPaths,
        store: PairStore,
        run: SealedRun | None,
        looked_at: Sequence[LookedAt],
        labels: Mapping[int, str] | None = None,
        training: Training | None = None,
        likelihood: MeasuredBy | None = None,
        kept_in: Path | None = None,
        so_far: SoFar | None = None,
    ) -> None:
        """Put together who answers; nothing is asked yet.

        Args:
            paths: the index.
            store: its pairs, with the run's views made on the same connection.
            run: the finished run; None: there is none.
            looked_at: the heuristics that the table `borne` is of.
            labels: what features are called.
            training: what the PM was trained on; None: nobody told.
            likelihood: which language model the responses were shown; None: none.
            kept_in: the file that heuristics are kept in; None: one of the index.
            so_far: the run that was begun whose parts are shown.
        """
        self.paths = paths
        self.kept_in = kept_in or paths.kept_heuristics
        self.store = store
        self.run = run
        self.training = training
        self.likelihood = likelihood
        self.labels = dict(labels or {})
        self.ask = Asking(store, paths.folder)
        self.bulk = Bulk(self.ask, self.labels)
        """Figures of many pairs at once, which no screen asks for."""
        self._suspects = Suspects(paths, store)
        self._marks = Marks(store, paths.triage)
        self.one_pair = OnePair(
            self.ask, store, run, self._suspects, self.labels, training, likelihood
        )
        noise_floor = run.figures.noise_floor if run else 0.0
        self._lists = Lists(self.ask, store, self._suspects, self._marks, noise_floor)
        self._looking = Looking(paths, self.ask, store, run, looked_at, so_far)

    # The first screen, and what is looked at.

    def overview(self) -> Overview:
        return self._looking.overview()

    @property
    def heuristics(self) -> tuple[Heuristic, ...]:
        """Those that are looked at."""
        return self._looking.heuristics

    @property
    def looked_at(self) -> tuple[LookedAt, ...]:
        """The same, with how many bear them."""
        return self._looking.looked_at

    def look_at(self, heuristic: Heuristic, unwanted: threading.Event | None = None) -> Overview:
        return self._looking.look_at(heuristic, unwanted)

    def bearers(self) -> tuple[BearerTable, ...]:
        """Who bears each heuristic that is looked at, all of them at once."""
        return self._looking.bearers()

    def vocabulary(self) -> Vocabulary:
        return vocabulary(self.store, self.overview().heuristics, self.marks().values())

    def keep_heuristic(self, heuristic: Heuristic) -> Path:
        append_heuristic(self.kept_in, heuristic)
        return self.kept_in

    # Lists.

    def ids(self, query: Query) -> npt.NDArray[np.int64]:
        return self._lists.ids(query)

    def found(self, query: Query) -> Iterator[Found]:
        return self._lists.found(query)

    def cells(self, query: Query) -> tuple[Cell, ...]:
        return self._lists.cells(query)

    def rows(self, ids: npt.NDArray[np.int64], query: Query) -> tuple[PairRow, ...]:
        return self._lists.rows(ids, query)

    # One pair, one feature.

    def read_ahead(self, identifier: int | None = None) -> None:
        if identifier is not None:
            self.one_pair.stored(identifier, self.heuristics)
            return
        with self.ask.cursor() as cursor:
            self._suspects.elsewhere(cursor, "")

    def pair(self, identifier: int) -> PairDetail:
        stored = self.one_pair.stored(identifier, self.heuristics)
        pair = stored.pair
        said = guarded(self._marks.of([pair.name]).get(pair.name), pair.content_hash)
        return replace(
            stored,
            mark=said.mark if said else None,
            note=said.note if said else None,
            others=self._marks.others(pair),
        )

    def feature(self, feature: int) -> FeatureDetail:
        if self.run is None:
            raise no_run(self.paths)
        with self.ask.cursor() as cursor:
            detail = feature_detail(
                cursor, self.store, self.run, self.paths.name, self.labels, feature
            )
        sae = self.run.manifest.config.sae_hash
        return with_pins(detail, self._marks.pins(sae), self._marks.pins_of_others(sae))

    @property
    def duplicates_looked_for(self) -> bool:
        """Whether near-duplicates of the index as it is now were looked for."""
        return self._suspects.looked_for

    def near_duplicates(self, identifier: int) -> tuple[Duplicate, ...]:
        """What a pair nearly says again, or contradicts, as far as that was looked for."""
        return self._suspects.near(identifier)

    def pins(self) -> Mapping[str, tuple[int, ...]]:
        return self._marks.pins(self.run.manifest.config.sae_hash).by_key if self.run else {}

    def pin(self, heuristic: Heuristic, feature: int, *, pinned: bool) -> tuple[int, ...]:
        if self.run is None:
            raise no_run(self.paths)
        check_feature(self.run, feature)
        if heuristic.feature is not None:
            raise UserError(f"{heuristic.name} is a feature itself, and stands for itself alone")
        self._marks.pin(heuristic, self.run.manifest.config.sae_hash, feature, pinned=pinned)
        return self.pins().get(heuristic.key, ())

    # The run beside others.

    def standing(self) -> Standing | None:
        if self.run is None:
            return None
        with self.ask.cursor() as cursor:
            return standing_margins(cursor, self.store.count())

    def other_runs(self) -> tuple[str, ...]:
        mine = self.run.run if self.run else None
        return tuple(run for run in sealed_runs(self.paths) if run != mine)

    def compare(self, other: str) -> Comparison:
        from engine.cache.opening import open_reader  # which makes readers, this class's

        if self.run is None:
            raise no_run(self.paths)
        sae, there = self.run.manifest.config.sae_hash, sealed_run(self.paths, other)
        theirs_of = {made: there.counterpart(made, sae) for made in self.heuristics}
        known = [made for made in theirs_of.values() if made is not None]
        theirs = open_reader(self.paths, run=other, heuristics=known)
        try:
            return compared(self, theirs, theirs_of)
        finally:
            theirs.close()

    def over_runs(self, identifier: int) -> tuple[PairInRun, ...]:
        return over_runs(self, identifier)

    def customs(self) -> tuple[NaturalAgainstCustom, ...]:
        return against_customs(self)

    def keep(self, customs: Sequence[CustomPair]) -> Path:
        file = CustomFile(self.paths.custom, user_name())
        file.append(customs)
        return file.path

    # What users say.

    def mark(self, identifier: int, mark: str | None, *, hidden: bool = False) -> None:
        (pair,) = self.store.pairs([identifier])
        self._marks.mark(pair, mark, hidden=hidden)

    def note(self, identifier: int, note: str | None) -> None:
        (pair,) = self.store.pairs([identifier])
        self._marks.note(pair, note)

    def undo(self) -> Undone | None:
        return self._marks.undo()

    def marks(self) -> dict[int, str]:
        return self._marks.by_id()

    def words(self) -> dict[str, list[Triage]]:
        """All that every user said, also of pairs that are not in the index any more."""
        return self._marks.words()

    def all_pins(self) -> dict[str, list[Pins]]:
        """All that every user has pinned by now, also of SAEs that no run here has."""
        return self._marks.all_pins()

    def triage(self, heuristic: str | None) -> TriageReport:
        said = self._marks.everyones()
        ids = sorted({identifier for words in said.values() for identifier in words})
        margins = self.ask.fetch(questions.MARGINS, [ids])
        verdicts = self.ask.fetch(questions.VERDICTS, [heuristic]) if heuristic else []
        known = Known(
            labels={at: str(self.store.name_of(at)) for at in ids},
            contexts={at: key.context_hash for at, key in keys_of(self.store, ids).items()},
            margins={at: margin for at, margin in margins if margin is not None},
            threshold=self.run.figures.margin_threshold if self.run else 0.0,
            verdicts={at: Verdict(code) for at, code in verdicts},
        )
        return triage_report(heuristic, said, known)

    def leave(self) -> None:
        self.store.leaving.set()

    def close(self) -> None:
        self.store.close()
