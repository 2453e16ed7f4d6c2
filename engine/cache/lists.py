"""The lists of an index: the ids that a query leaves, in its order, and a line for each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from engine.cache import questions
from engine.cache.asking import Asking
from engine.cache.list_question import searches
from engine.cache.listing import Listing, Ordered, without_search
from engine.cache.marks import Marks
from engine.cache.pair_records import Cell, Found, PairRow
from engine.cache.pair_row import FoundRow, Place, pair_row
from engine.cache.pairs import PairStore
from engine.cache.records import Query, Sample
from engine.cache.suspects import Suspects
from engine.memory import give_back

Ids = npt.NDArray[np.int64]


class Lists:
    """Lists over the tables of one index, each with the user's marks as they are by then."""

    def __init__(
        self, ask: Asking, store: PairStore, suspects: Suspects, marks: Marks, noise_floor: float
    ) -> None:
        self._ask = ask
        self._store = store
        self._marks = marks
        self._listing = Listing(store, noise_floor, suspects)

    def ids(self, query: Query) -> Ids:
        """The ids of all pairs that match, in order."""
        marks = self._marks.by_id()
        with self._ask.cursor() as cursor:
            ids = self._listing.ids(cursor, query, marks)
        return ids if query.sample is None else self._sampled(ids, query.sample)

    def _sampled(self, ids: Ids, sample: Sample) -> Ids:
        found = self._ask.fetch(questions.SAMPLE, [ids.tolist(), str(sample.seed), sample.size])
        return np.array([identifier for (identifier,) in found], dtype=np.int64)

    def found(self, query: Query) -> Iterator[Found]:
        """The same, as it is found: the last one is complete. Each step is a short question."""
        if query.sample is not None or not searches(query):
            yield Found(self.ids(query), self._store.count(), complete=True)
            give_back()
            return
        marks = self._marks.by_id()
        ordered = Ordered(self.ids(without_search(query)))
        searched, ids = 0, ordered.found
        for extent in ordered.pieces():
            with self._ask.cursor() as cursor:
                ids = ordered.add(self._listing.piece(cursor, query, marks, extent))
            searched += extent.pairs
            yield Found(ids, searched, complete=False)
        yield Found(ids, searched, complete=True)
        give_back()

    def cells(self, query: Query) -> tuple[Cell, ...]:
        """The pairs that a query's heuristic, filter and text leave, counted for its facets."""
        marks = self._marks.by_id()
        with self._ask.cursor() as cursor:
            return self._listing.cells(cursor, query, marks)

    def rows(self, ids: Ids, query: Query) -> tuple[PairRow, ...]:
        """One record for each id, in the order given."""
        with self._ask.cursor():  # one question: what it read is given back at the end
            return self._rows(ids.tolist(), query)

    def _rows(self, ids: list[int], query: Query) -> tuple[PairRow, ...]:
        condition, values = self._store.among(ids)
        asked = " ".join((questions.ROWS, condition))
        rows = self._ask.fetch(asked, [query.heuristic, *values])
        found = {row[0]: FoundRow(*row) for row in rows}
        texts: dict[tuple[int, Place], str] = {}
        for place, question in questions.TEXTS.items():
            wanted = [row.id for row in found.values() if place in row.texts]
            if wanted:
                condition, values = self._store.among(wanted)
                read = self._ask.fetch(" ".join((question, condition)), values)
                texts |= {(identifier, place): text for identifier, text in read}
        said = self._marks.of(map(self._store.name_of, ids))
        return tuple(
            pair_row(row, [texts[row.id, place] for place in row.texts], self._store, said)
            for row in map(found.__getitem__, ids)
        )
