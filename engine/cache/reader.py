"""Every question a screen asks of one index and one run, answered over read-only files."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from engine.cache import by_token, questions
from engine.cache.bearers import BearerTable, Borne, LookedAt, bearer_rows, bearers, stand_bearers
from engine.cache.borne import add_borne
from engine.cache.comparing import (
    by_layer,
    compared_heuristic,
    compared_margins,
    margins_of,
    natural_against_custom,
    pair_in_run,
    set_apart,
)
from engine.cache.comparison_records import Comparison, NaturalAgainstCustom, PairInRun
from engine.cache.custom import CustomFile, CustomPair, read_customs
from engine.cache.discoverable import Floats, IndexedPairs, firing, indexed_pairs
from engine.cache.duplicates import Duplicate
from engine.cache.feature import feature_detail, mean_pushes
from engine.cache.feature_records import FeatureDetail
from engine.cache.fired import stand_firing
from engine.cache.judged import JudgedRow, judged_row
from engine.cache.keys import keys_of
from engine.cache.layout import IndexPaths
from engine.cache.likelihood import MeasuredBy, SideSums, all_likelihoods
from engine.cache.list_question import searches
from engine.cache.listing import Listing, Ordered, without_search
from engine.cache.marks import Marks
from engine.cache.on_pair import context_cut, measured, suspicions, unmeasured
from engine.cache.overview import heuristic_card, run_card, tranche_cards
from engine.cache.pair_records import (
    Cell,
    FeatureOnPair,
    Found,
    HeuristicOnPair,
    Likelihood,
    PairDetail,
    PairRow,
    Undone,
)
from engine.cache.pair_row import FoundRow, Place, guarded, pair_row
from engine.cache.pairs import PairStore
from engine.cache.records import Overview, Query, Sample, SoFar
from engine.cache.run_file import TOLD_FEATURES
from engine.cache.sealed import (
    SealedRun,
    Standing,
    margins_by_tranche,
    no_run,
    sealed_runs,
    standing_margins,
)
from engine.cache.suspects import Suspects
from engine.cache.training import Training
from engine.cache.triage import user_name
from engine.cache.triage_line import Triage
from engine.cache.triage_report import Known, TriageReport, triage_report
from engine.cache.words import vocabulary
from engine.canonical import text_hash
from engine.errors import UserError
from engine.filters import Vocabulary
from engine.heuristics import Heuristic, compile_heuristic
from engine.heuristics.write import append_heuristic
from engine.hh import Pair
from engine.memory import give_back
from engine.verdict import Verdict
from engine.verdict.intervals import forget_draws

# A damaged block is noticed when it is read, not when the file is attached.
_DAMAGE = (
    duckdb.IOException,
    duckdb.InternalException,
    duckdb.FatalException,
    duckdb.SerializationException,
)
_PAIRS_KEPT = 8
"""Pairs that are at hand once they were read: one that was read ahead, and those just left."""


class IndexReader:
    """One index as the screens see it. Safe to share by threads: each call has its cursor."""

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
        self.paths = paths
        self.kept_in = kept_in or paths.kept_heuristics
        self.store = store
        self.run = run
        self.so_far = so_far
        """The run that was begun whose parts are shown; None: the run is finished, or there is
        none."""
        self.looked_at = tuple(looked_at)
        """The heuristics that the table `borne` is of."""
        self.training = training
        """What the PM was trained on; None: nobody told."""
        self.likelihood = likelihood
        """Which language model the responses were shown; None: none."""
        self.labels = dict(labels or {})
        """What features are called."""
        self._overview: Overview | None = None
        self._suspects = Suspects(paths, store)
        self._listing = Listing(store, run.figures.noise_floor if run else 0.0, self._suspects)
        self._marks = Marks(store, paths.triage)
        self._stored = lru_cache(_PAIRS_KEPT)(self._read_pair)

    def overview(self) -> Overview:
        """The first screen's figures; worked out once, since the files never change."""
        if self._overview is None:
            self._overview = self._worked_out()
        return self._overview

    def _worked_out(self) -> Overview:
        pairs = self.store.tranches()
        with self._asking() as cursor:
            margins = margins_by_tranche(cursor, pairs) if self.run else {}
            cards = tuple(heuristic_card(cursor, each, self.run) for each in self.looked_at)
        forget_draws()
        return Overview(
            index=self.paths.name,
            pairs=self.store.count(),
            run=run_card(self.run) if self.run else None,
            heuristics=cards,
            tranches=tranche_cards(pairs, margins),
            so_far=self.so_far,
        )

    @property
    def heuristics(self) -> tuple[Heuristic, ...]:
        """Those that are looked at."""
        return tuple(each.heuristic for each in self.looked_at)

    def bearers(self) -> tuple[BearerTable, ...]:
        """Who bears each heuristic that is looked at, all of them at once."""
        found: list[BearerTable] = []
        with self._asking() as cursor:
            for each in self.heuristics:
                if each.feature is None:
                    found += bearers(self.paths, self.store, [each])
                else:
                    looked_at = stand_firing(cursor, each, self.run, self.store.count())
                    found.append(bearer_rows(cursor, looked_at))
        return tuple(found)

    def standing(self) -> Standing | None:
        """The margins that stand for the index; None without a run."""
        if self.run is None:
            return None
        with self._asking() as cursor:
            return standing_margins(cursor, self.store.count())

    def judged(self) -> list[JudgedRow]:
        """The run's verdicts that stand, on the heuristics that are looked at, all at once."""
        return list(map(judged_row, self._fetch(questions.JUDGED_ROWS, [])))

    def judged_of(self, heuristic: Heuristic) -> list[JudgedRow]:
        """Those on one of the heuristics, in the order of their ids."""
        return list(map(judged_row, self._fetch(questions.JUDGED_OF, [heuristic.name])))

    def ids(self, query: Query) -> npt.NDArray[np.int64]:
        """The ids of all pairs that match, in order."""
        marks = self.marks()
        with self._asking() as cursor:
            ids = self._listing.ids(cursor, query, marks)
        return ids if query.sample is None else self._sampled(ids, query.sample)

    def _sampled(self, ids: npt.NDArray[np.int64], sample: Sample) -> npt.NDArray[np.int64]:
        found = self._fetch(questions.SAMPLE, [ids.tolist(), str(sample.seed), sample.size])
        return np.array([identifier for (identifier,) in found], dtype=np.int64)

    def found(self, query: Query) -> Iterator[Found]:
        """The same, as it is found: the last one is complete. Each step is a short question."""
        if query.sample is not None or not searches(query):
            yield Found(self.ids(query), self.store.count(), complete=True)
            give_back()
            return
        marks = self.marks()
        ordered = Ordered(self.ids(without_search(query)))
        searched, ids = 0, ordered.found
        for extent in ordered.pieces():
            with self._asking() as cursor:
                ids = ordered.add(self._listing.piece(cursor, query, marks, extent))
            searched += extent.pairs
            yield Found(ids, searched, complete=False)
        yield Found(ids, searched, complete=True)
        give_back()

    def cells(self, query: Query) -> tuple[Cell, ...]:
        """The pairs that a query's heuristic, filter and text leave, counted for its facets."""
        marks = self.marks()
        with self._asking() as cursor:
            return self._listing.cells(cursor, query, marks)

    def vocabulary(self) -> Vocabulary:
        """The words that a filter of this index may hold."""
        return vocabulary(self.store, self.overview().heuristics, self.marks().values())

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
        if any(made.name == heuristic.name for made in self.heuristics):
            raise UserError(f'there is a heuristic "{heuristic.name}" already')
        known, matcher = self.overview(), compile_heuristic(heuristic)
        with self._asking() as cursor:
            looked_at = stand_bearers(self.paths, self.store, cursor, matcher, unwanted)
            judged = self._judged_by_margins(cursor, looked_at)
            add_borne(cursor, heuristic, was_judged=judged)
            card = heuristic_card(cursor, looked_at, self.run)
        give_back()
        self.looked_at = (*self.looked_at, looked_at)
        self._overview = replace(known, heuristics=(*known.heuristics, card))
        self._stored.cache_clear()  # a pair may bear it
        return self._overview

    def _judged_by_margins(self, cursor: duckdb.DuckDBPyConnection, looked_at: LookedAt) -> bool:
        """Judge one more heuristic where imported rewards say all that is known; whether it is."""
        if self.run is None or not self.run.manifest.imported:
            return False
        from engine.cache.imported import stand_imported  # Arrow, which few indexes need

        bearing = [bearer_rows(cursor, looked_at)]
        stand_imported(cursor, bearing, self.run.figures.margin_threshold)
        return True

    def rows(self, ids: npt.NDArray[np.int64], query: Query) -> tuple[PairRow, ...]:
        """One record for each id, in the order given."""
        with self._asking():
            return self._rows(ids.tolist(), query)

    def _rows(self, ids: list[int], query: Query) -> tuple[PairRow, ...]:
        condition, values = self.store.among(ids)
        asked = " ".join((questions.ROWS, condition))
        rows = self._fetch(asked, [query.heuristic, *values])
        found = {row[0]: FoundRow(*row) for row in rows}
        texts: dict[tuple[int, Place], str] = {}
        for place, question in questions.TEXTS.items():
            wanted = [row.id for row in found.values() if place in row.texts]
            if wanted:
                condition, values = self.store.among(wanted)
                read = self._fetch(" ".join((question, condition)), values)
                texts |= {(identifier, place): text for identifier, text in read}
        said = self._marks.of(map(self.store.name_of, ids))
        return tuple(
            pair_row(row, [texts[row.id, place] for place in row.texts], self.store, said)
            for row in map(found.__getitem__, ids)
        )

    def read_ahead(self, identifier: int | None = None) -> None:
        """Read what the first pair that is opened would wait for; or a pair, and keep it at hand.

        Raises:
            UserError: the index has no such pair.
        """
        if identifier is not None:
            self._stored(identifier)
            return
        with self._asking() as cursor:
            self._suspects.elsewhere(cursor, "")

    def pair(self, identifier: int) -> PairDetail:
        """All that is known of one pair. Marks and notes are as they are now.

        Raises:
            UserError: the index has no such pair.
        """
        stored = self._stored(identifier)
        pair = stored.pair
        said = guarded(self._marks.of([pair.name]).get(pair.name), pair.content_hash)
        return replace(
            stored,
            mark=said.mark if said else None,
            note=said.note if said else None,
            others=self._marks.others(pair),
        )

    def _read_pair(self, identifier: int) -> PairDetail:
        """All that is known of one pair but what anybody said of it: this never changes."""
        with self._asking() as cursor:  # one question: what it read is given back at the end
            return self._figures_of(cursor, identifier)

    def _figures_of(self, cursor: duckdb.DuckDBPyConnection, identifier: int) -> PairDetail:
        (pair,) = self.store.pairs([identifier])
        rewards = self._fetch(questions.REWARDS, [identifier])
        features = self._fetch(questions.FEATURES, [identifier])
        tokens = self._fetch(by_token.TOKENS, [identifier])
        entries = self._fetch(by_token.ENTRIES, [identifier]) if tokens else []
        swapped = text_hash(*reversed(pair.transcripts))
        elsewhere = self._suspects.elsewhere(cursor, swapped)
        chosen, rejected, margin, margin_sae, cut = rewards[0] if rewards else (None,) * 5
        on_pair = self._heuristics(pair)
        ours = {feature for made in on_pair for feature in made.features}
        noise_floor = self.run.figures.noise_floor if self.run else 0.0
        near = self._suspects.near(identifier)
        return PairDetail(
            pair=pair,
            run=self.run.run if self.run else None,
            reward_chosen=chosen,
            reward_rejected=rejected,
            margin=margin,
            margin_sae=margin_sae,
            heuristics=on_pair,
            features=tuple(
                FeatureOnPair(row[0], self.labels.get(row[0]), *row[1:])
                for place, row in enumerate(features)
                if place < TOLD_FEATURES or row[0] in ours or row[4] is not None
            ),
            mark=None,
            note=None,
            flags=context_cut(cut or 0)
            + suspicions(
                pair,
                margin,
                noise_floor,
                elsewhere,
                [(each, str(self.store.name_of(each.other))) for each in near],
                called_wrong=identifier in self._suspects.called_wrong(),
            ),
            seen=self.training.of(identifier) if self.training else "unknown",
            tokens=by_token.token_effects(tokens, entries),
            likelihood=self._likelihood(identifier),
        )

    def _likelihood(self, identifier: int) -> Likelihood | None:
        rows = self._fetch(questions.LIKELIHOOD, [identifier]) if self.likelihood else []
        return Likelihood(self.likelihood.lm, *rows[0]) if self.likelihood and rows else None

    def likelihoods(self) -> dict[int, SideSums]:
        """Every pair's log-likelihoods, by id; empty where no language model was asked."""
        with self._asking() as cursor:
            return all_likelihoods(cursor)

    def truncated(self) -> tuple[int, int]:
        """How many pairs' contexts lost tokens before they were measured, and the most of one."""
        ((pairs, most),) = self._fetch(questions.TRUNCATED, [])
        return pairs, most

    def checked_effects(self) -> tuple[tuple[float, float], ...]:
        """Attribution and exact effect over P of every single feature that was checked."""
        return tuple((row[0], row[1]) for row in self._fetch(questions.CHECKED, []))

    def _heuristics(self, pair: Pair) -> tuple[HeuristicOnPair, ...]:
        borne = self._borne_by(pair.id)
        found = []
        for heuristic in self.heuristics:
            stands, row = borne.get(heuristic.name, (False, None))
            if row is not None and stands:
                found.append(measured(heuristic, row))
            elif row is not None:
                found.append(unmeasured(heuristic, Borne(pair.id, row.bearer, row.spans), 0))
        return tuple(found)

    def _borne_by(self, identifier: int) -> dict[str, tuple[bool, JudgedRow]]:
        """Whether a pair with a bearer has a verdict, and what is known of it, by heuristic."""
        found = self._fetch(questions.BORNE_BY, [identifier])
        rows = [(stands, judged_row(tuple(values))) for stands, *values in found]
        return {row.heuristic: (stands, row) for stands, row in rows}

    def feature(self, feature: int) -> FeatureDetail:
        """One SAE feature over all pairs of the run.

        Raises:
            UserError: the index has no run, or its SAE no such feature.
        """
        if self.run is None:
            raise no_run(self.paths)
        with self._asking() as cursor:
            return feature_detail(cursor, self.store, self.run, self.labels, feature)

    def pushes_on(self, heuristic: Heuristic, features: Sequence[int]) -> dict[int, float]:
        """What each feature does to the rewards of a heuristic's bearers, to first order."""
        with self._asking() as cursor:
            return mean_pushes(cursor, heuristic.name, features)

    def rewards(
        self, ids: Sequence[int]
    ) -> dict[int, tuple[float | None, float | None, float | None, float | None]]:
        """Rewards of chosen and rejected, margin and reconstructed margin, where measured."""
        rows = self._fetch(questions.REWARDS_OF, [list(ids)])
        return {identifier: (row[0], row[1], row[2], row[3]) for identifier, *row in rows}

    def features(self, ids: Sequence[int]) -> list[tuple[int, FeatureOnPair]]:
        """All that is stored of some pairs' features, with the pair's id, in the order of both."""
        rows = self._fetch(questions.FEATURES_OF, [list(ids)])
        return [
            (identifier, FeatureOnPair(feature, self.labels.get(feature), *figures))
            for identifier, feature, *figures in rows
        ]

    def indexed_pairs(self) -> IndexedPairs:
        """Every pair's id, tranche and margin."""
        with self._asking() as cursor:
            return indexed_pairs(cursor)

    def firing(
        self, ids: npt.NDArray[np.int64], margin: Floats, residual: Floats, agreed: Floats
    ) -> tuple[npt.NDArray[np.int64], dict[str, Floats]]:
        """On which sides each feature fires; see `engine.cache.discoverable`."""
        with self._asking() as cursor:
            return firing(cursor, ids, margin, residual, agreed)

    @property
    def duplicates_looked_for(self) -> bool:
        """Whether near-duplicates of the index as it is now were looked for."""
        return self._suspects.looked_for

    def near_duplicates(self, identifier: int) -> tuple[Duplicate, ...]:
        """What a pair nearly says again, or contradicts, as far as that was looked for."""
        return self._suspects.near(identifier)

    def words(self) -> dict[str, list[Triage]]:
        """All that every user said, also of pairs that are not in the index any more."""
        return self._marks.words()

    def other_runs(self) -> tuple[str, ...]:
        """The ids of the index's other sealed runs, the newest first."""
        mine = self.run.run if self.run else None
        return tuple(run for run in sealed_runs(self.paths) if run != mine)

    def compare(self, other: str) -> Comparison:
        """The run beside another one of the index, on the heuristics that are looked at.

        Raises:
            UserError: there is no run, or the other one cannot be read.
        """
        from engine.cache.opening import open_reader  # which makes readers, this class's

        theirs = open_reader(self.paths, run=other, heuristics=self.heuristics)
        try:
            if self.run is None or theirs.run is None:
                raise no_run(self.paths)
            with self._asking() as cursor, theirs._asking() as their_cursor:
                margins = compared_margins(margins_of(cursor), margins_of(their_cursor))
            return Comparison(
                run=run_card(self.run),
                other=run_card(theirs.run),
                apart=set_apart(self.run.manifest, theirs.run.manifest),
                margins=margins,
                heuristics=tuple(
                    compared_heuristic(
                        heuristic,
                        self.judged_of(heuristic),
                        theirs.judged_of(heuristic),
                        self.store.name_of,
                    )
                    for heuristic in self.heuristics
                ),
            )
        finally:
            theirs.close()

    def over_runs(self, identifier: int) -> tuple[PairInRun, ...]:
        """One pair in every sealed run, in the order of their hook points.

        Raises:
            UserError: there is no such pair, or a run cannot be read.
        """
        self.store.pairs([identifier])
        borne = self._borne_by(identifier)

        def stands_now(row: JudgedRow) -> bool:
            now = borne.get(row.heuristic)
            return now is not None and row.judged_on == now[1].judged_on

        found = (
            pair_in_run(self.paths, run, identifier, self.heuristics, stands_now)
            for run in sealed_runs(self.paths)
        )
        return tuple(sorted(found, key=lambda made: by_layer(made.run)))

    def customs(self) -> tuple[NaturalAgainstCustom, ...]:
        """Each heuristic's bearers against the custom pairs kept of this run.

        Raises:
            UserError: the custom pairs cannot be read.
        """
        if self.run is None:
            return ()
        by_user = read_customs(self.paths.custom, self.run.run)
        kept = [pair for pairs in by_user.values() for pair in pairs]
        return tuple(
            natural_against_custom(heuristic, self.judged_of(heuristic), kept)
            for heuristic in self.heuristics
        )

    def mark(self, identifier: int, mark: str | None, *, hidden: bool = False) -> None:
        """Append a triage mark; None takes it back. `hidden`: verdict and figures were."""
        (pair,) = self.store.pairs([identifier])
        self._marks.mark(pair, mark, hidden=hidden)

    def note(self, identifier: int, note: str | None) -> None:
        """Append a note; None removes it."""
        (pair,) = self.store.pairs([identifier])
        self._marks.note(pair, note)

    def undo(self) -> Undone | None:
        """Take back the user's last mark or note; None where there is none left."""
        return self._marks.undo()

    def marks(self) -> dict[int, str]:
        """The user's own marks by pair id."""
        return self._marks.by_id()

    def keep(self, customs: Sequence[CustomPair]) -> Path:
        """Keep measured edits as the user's custom pairs; the file that holds them."""
        file = CustomFile(self.paths.custom, user_name())
        file.append(customs)
        return file.path

    def triage(self, heuristic: str | None) -> TriageReport:
        """Everybody's marks side by side; blind ones by the heuristic's verdicts too."""
        said = self._marks.everyones()
        ids = sorted({identifier for words in said.values() for identifier in words})
        margins = self._fetch(questions.MARGINS, [ids])
        verdicts = self._fetch(questions.VERDICTS, [heuristic]) if heuristic else []
        known = Known(
            labels={at: str(self.store.name_of(at)) for at in ids},
            contexts={at: key.context_hash for at, key in keys_of(self.store, ids).items()},
            margins={at: margin for at, margin in margins if margin is not None},
            threshold=self.run.figures.margin_threshold if self.run else 0.0,
            verdicts={at: Verdict(code) for at, code in verdicts},
        )
        return triage_report(heuristic, said, known)

    def keep_heuristic(self, heuristic: Heuristic) -> Path:
        """Append a heuristic to the file that it is kept in; which one that is.

        Raises:
            UserError: the file cannot be written, or has a heuristic of that name.
        """
        append_heuristic(self.kept_in, heuristic)
        return self.kept_in

    def _fetch(self, query: str, values: list[object]) -> list[tuple[Any, ...]]:
        with self._asking() as cursor:
            return cursor.execute(query, values).fetchall()

    @contextmanager
    def _asking(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor; a block that turns out to be damaged when it is read is the user's to mend."""
        try:
            with self.store.cursor() as cursor:
                yield cursor
        except _DAMAGE as error:
            raise UserError(
                f"a file of this index is damaged ({str(error).splitlines()[0]})",
                where=str(self.paths.folder),
                todo="Run `outvoted score` again to seal its run anew, or index the sources anew.",
            ) from None

    def leave(self) -> None:
        self.store.leaving.set()

    def close(self) -> None:
        self.store.close()
