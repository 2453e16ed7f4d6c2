"""Every question a screen asks of one index and one run, answered over read-only files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.cache import questions
from engine.cache.bearers import BearerTable, bearers
from engine.cache.judged import JUDGED, JudgedRow
from engine.cache.keys import keys_of
from engine.cache.layout import IndexPaths
from engine.cache.on_pair import measured, suspicions, unmeasured
from engine.cache.overview import heuristic_card, run_card, tranche_cards
from engine.cache.pairs import PairStore, open_pairs
from engine.cache.records import (
    FeatureOnPair,
    HeuristicOnPair,
    Overview,
    PairDetail,
    PairRow,
    Query,
)
from engine.cache.sealed import (
    SealedRun,
    read_judged,
    read_sealed,
    run_path,
    sealed_runs,
    standing_margins,
)
from engine.cache.snippet import snippet
from engine.cache.triage import Triage, TriageFile, user_name
from engine.canonical import text_hash
from engine.errors import UserError
from engine.heuristics import Heuristic, kind_of
from engine.heuristics.file import default_heuristics
from engine.hh import Pair, PairName, pair_id
from engine.verdict import Verdict

MOST_FEATURES = 64
"""How many features of a pair are told, by |attribution|, beside the heuristics' own."""

_NOTHING_MEASURED = """
CREATE VIEW rewards AS SELECT NULL::BIGINT AS id, NULL::FLOAT AS reward_chosen,
    NULL::FLOAT AS reward_rejected, NULL::FLOAT AS margin, NULL::FLOAT AS margin_sae LIMIT 0;
CREATE VIEW features AS SELECT NULL::BIGINT AS id, NULL::INTEGER AS feature,
    NULL::FLOAT AS activation_chosen, NULL::FLOAT AS activation_rejected,
    NULL::FLOAT AS attribution, NULL::FLOAT AS effect LIMIT 0;
"""
_MEASURED = """
CREATE VIEW rewards AS SELECT * FROM run.rewards;
CREATE VIEW features AS SELECT * FROM run.features;
"""


class IndexReader:
    """One index as the screens see it. Safe to share by threads: each call has its cursor."""

    def __init__(
        self,
        paths: IndexPaths,
        store: PairStore,
        run: SealedRun | None,
        judged: Sequence[JudgedRow],
        tables: Sequence[BearerTable],
    ) -> None:
        self.paths = paths
        self.store = store
        self.run = run
        self.judged = judged
        self.tables = tables
        self._judged = {(row.heuristic, row.id): row for row in judged}
        self._triage = TriageFile(paths.triage, user_name())
        self._triaged: dict[PairName, Triage] = self._triage.read()

    def overview(self) -> Overview:
        """The first screen's figures."""
        count = self.store.count()
        margins: dict[str, list[float]] = {}
        if self.run is not None:
            with self.store.cursor() as cursor:
                standing, _ = standing_margins(cursor, count)
                tranches = dict(cursor.execute("SELECT id, tranche FROM pairs").fetchall())
            for identifier, margin in standing.items():
                margins.setdefault(tranches[identifier], []).append(margin)
        return Overview(
            index=self.paths.name,
            pairs=count,
            run=run_card(self.run) if self.run else None,
            heuristics=tuple(
                heuristic_card(
                    table,
                    self.run,
                    [row for row in self.judged if row.heuristic == table.heuristic.name],
                )
                for table in self.tables
            ),
            tranches=tranche_cards(self.store.tranches(), margins),
        )

    def ids(self, query: Query) -> npt.NDArray[np.int64]:
        """The ids of all pairs that match, in order."""
        marked = [identifier for identifier, mark in self.marks().items() if mark in query.marks]
        question = questions.ids_question(query, marked)
        with self.store.cursor() as cursor:
            found = cursor.execute(question.sql, question.values).fetchnumpy()
        return np.asarray(found["id"], dtype=np.int64)

    def rows(self, ids: npt.NDArray[np.int64], query: Query) -> tuple[PairRow, ...]:
        """One record for each id, in the order given."""
        with self.store.cursor() as cursor:
            values = [query.heuristic, ids.tolist()]
            found = {row[0]: row for row in cursor.execute(questions.ROWS, values).fetchall()}
        return tuple(self._row(found[identifier]) for identifier in ids.tolist())

    def _row(self, values: tuple[Any, ...]) -> PairRow:
        identifier, tranche, context, chosen, rejected, margin, margin_sae = values[:7]
        kind, bearer, starts, ends, verdict, by, effect, opposer = values[7:]
        name = self.store.name_of(identifier)
        response = rejected if bearer == "rejected" else chosen
        span = (starts[0], ends[0]) if bearer else (0, 0)
        before, match, after = snippet(context, response, span)
        triaged = self._triaged.get(name)
        return PairRow(
            id=identifier,
            label=f"{name.split}:{name.row}",
            tranche=tranche,
            kind=kind,
            verdict=Verdict(verdict) if verdict else Verdict.UNMEASURED,
            by=by,
            margin=margin,
            margin_sae=margin_sae,
            effect=effect,
            opposer=opposer,
            before=before,
            match=match,
            after=after,
            mark=triaged.mark if triaged else None,
        )

    def pair(self, identifier: int) -> PairDetail:
        """All that is known of one pair."""
        (pair,) = self.store.pairs([identifier])
        with self.store.cursor() as cursor:
            rewards = cursor.execute(questions.REWARDS, [identifier]).fetchall()
            features = cursor.execute(questions.FEATURES, [identifier]).fetchall()
            swapped = text_hash(*reversed(pair.transcripts))
            ((elsewhere,),) = cursor.execute(questions.SAME_TEXTS, [swapped]).fetchall()
        chosen, rejected, margin, margin_sae = rewards[0] if rewards else (None,) * 4
        on_pair = self._heuristics(pair)
        ours = {feature for made in on_pair for feature in made.features}
        triaged = self._triaged.get(pair.name)
        return PairDetail(
            pair=pair,
            run=self.run.run if self.run else None,
            reward_chosen=chosen,
            reward_rejected=rejected,
            margin=margin,
            margin_sae=margin_sae,
            heuristics=on_pair,
            features=tuple(
                FeatureOnPair(row[0], None, *row[1:])
                for place, row in enumerate(features)
                if place < MOST_FEATURES or row[0] in ours or row[4] is not None
            ),
            mark=triaged.mark if triaged else None,
            note=triaged.note if triaged else None,
            flags=suspicions(pair, margin, elsewhere),
        )

    def _heuristics(self, pair: Pair) -> tuple[HeuristicOnPair, ...]:
        found = []
        for table in self.tables:
            heuristic = table.heuristic
            if (row := self._judged.get((heuristic.name, pair.id))) is not None:
                found.append(measured(heuristic, row))
            elif borne := next((made for made in table.bearers if made.id == pair.id), None):
                found.append(unmeasured(heuristic, borne, len(pair.context)))
        return tuple(found)

    def mark(self, identifier: int, mark: str | None, note: str | None) -> None:
        """Append a triage mark; None takes it back."""
        (pair,) = self.store.pairs([identifier])
        self._triage.append(pair, mark, note)
        self._triaged = self._triage.read()

    def marks(self) -> dict[int, str]:
        """The user's own marks by pair id."""
        numbers = {(info.source, info.split): info.number for info in self.store.sources.values()}
        found = {}
        for name, triaged in self._triaged.items():
            number = numbers.get((name.source, name.split))
            if number is not None and triaged.mark is not None:
                found[pair_id(number, name.row)] = triaged.mark
        return found

    def close(self) -> None:
        self.store.close()


def open_reader(
    paths: IndexPaths,
    *,
    run: str | None = None,
    heuristics: Sequence[Heuristic] | None = None,
) -> IndexReader:
    """Open an index with its newest run, or the one named; without any, nothing is measured.

    Args:
        paths: the index.
        run: a run's whole id.
        heuristics: what to look at; None: the run's own, or else the ones that ship.

    Raises:
        UserError: there is no such index, or a file of it is damaged.
    """
    store = open_pairs(paths)
    try:
        chosen = run or next(iter(sealed_runs(paths)), None)
        sealed, judged = _attach(store, run_path(paths, chosen)) if chosen else (None, [])
        own = [measured.heuristic for measured in sealed.heuristics] if sealed else []
        wanted = heuristics or own or default_heuristics()
        known = {heuristic.name for heuristic in own if heuristic in wanted}
        judged = [row for row in judged if row.heuristic in known]
        tables = bearers(paths, store, wanted)
        with store.cursor() as cursor:
            cursor.execute(_MEASURED if sealed else _NOTHING_MEASURED)
            rows = [asdict(row) for row in judged]
            for table in tables:
                if table.heuristic.name not in known:
                    rows += _unjudged(table, store)
            cursor.register("rows", pa.Table.from_pylist(rows, schema=JUDGED))
            cursor.execute("CREATE TABLE borne AS SELECT * FROM rows")
            cursor.unregister("rows")
    except UserError:
        store.close()
        raise
    return IndexReader(paths, store, sealed, judged, tables)


def _unjudged(table: BearerTable, store: PairStore) -> list[dict[str, object]]:
    """The bearers of a heuristic that the run does not know, as rows without figures."""
    keys = keys_of(store, [borne.id for borne in table.bearers])
    pairs = {pair.id: pair for pair in store.pairs(keys)}
    rows: list[dict[str, object]] = []
    for borne in table.bearers:
        context = len(pairs[borne.id].context)
        rows.append(
            {
                "heuristic": table.heuristic.name,
                "id": borne.id,
                "tranche": keys[borne.id].tranche,
                "kind": kind_of(borne.bearer, table.heuristic.direction),
                "bearer": borne.bearer,
                "span_start": [start - context for start, _ in borne.spans],
                "span_end": [end - context for _, end in borne.spans],
                "features": [],
                "verdict": str(Verdict.UNMEASURED),
            }
        )
    return rows


def _attach(store: PairStore, path: Path) -> tuple[SealedRun, list[JudgedRow]]:
    try:
        store.attach(path, "run")
    except duckdb.Error as error:
        raise UserError(
            f"this run cannot be opened ({str(error).splitlines()[0]})",
            where=str(path),
            todo="Delete the file and run the same `outvoted score` again: it seals it anew.",
        ) from None
    with store.cursor() as cursor:
        return read_sealed(cursor, path), read_judged(cursor)
