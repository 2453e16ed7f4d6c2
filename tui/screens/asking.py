"""What a list asks for: its filter, facets, search and order, and the ids that answer them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.cache.pair_records import Found
from engine.cache.records import SORT_KEYS, Query, SortKey
from engine.errors import UserError
from engine.filters import show
from tui.screens.base import MainScreen
from tui.screens.pairs_words import SUSPECT_WORDS
from tui.widgets.covered import covered_query

if TYPE_CHECKING:
    from tui.screens.facets import FacetScreen


class Asks(MainScreen):
    """A list of pairs and the query behind it. A newer question ends an older one's answers."""

    asked: Query
    tranches: tuple[str, ...]

    @abstractmethod
    def standing_on(self) -> int | None:
        """The id under the cursor: it stays there when the list changes."""

    @abstractmethod
    def take_found(self, found: Found, keep: int | None, marks: Mapping[int, str]) -> None:
        """Show the ids found so far; the cursor goes to the pair `keep` if it is among them."""

    @abstractmethod
    def show_query(self) -> None:
        """Say what is asked now."""

    def find(self, keep: int | None) -> None:
        """Ask for the query's ids."""
        self.show_query()
        self.say("looking …", passing=True)
        self.run_worker(self._find(self.asked, keep), exclusive=True, group="ids")

    async def _find(self, query: Query, keep: int | None) -> None:
        """Take the answer piece by piece; keys and rows have their turn between two of them."""
        try:
            pieces, marks = await self.desk.ask(
                lambda reader: (reader.found(query), reader.marks())
            )
            while (found := await self.desk.ask(lambda _: _next(pieces))) is not None:
                self.take_found(found, keep, marks)
                if not found.complete:
                    self.say(f"searching … {found.searched:,} pairs looked at", passing=True)
        except UserError as error:
            self.complain(error)

    def ask_again(self, query: Query | None) -> None:
        """Ask something else, the cursor on the same pair; None and the same query: do nothing."""
        if query is None:
            return
        allowed = covered_query(query) if self.desk.blind else query
        if allowed != self.asked:
            keep = self.standing_on()
            self.asked = allowed
            self.find(keep)
        if allowed != query:
            self.say("Blind: no order, facet or filter tells what was measured. b ends that.")

    def action_filter(self) -> None:
        self.run_worker(self._filter(), exclusive=True, group="filter")

    async def _filter(self) -> None:
        from tui.screens.filter_line import FilterLine, Typed

        try:
            vocabulary = await self.desk.ask(lambda reader: reader.vocabulary())
        except UserError as error:
            self.complain(error)
            return

        def typed(made: Typed | None) -> None:
            self.ask_again(None if made is None else replace(self.asked, filter=made.tree))

        self.app.push_screen(FilterLine(self.asked.filter, vocabulary), typed)

    def action_facets(self) -> None:
        from tui.screens.facets import FacetScreen

        panel = FacetScreen(self.asked, self.tranches, blind=self.desk.blind)
        self.app.push_screen(panel, self.ask_again)
        self.run_worker(self._count(panel), exclusive=True, group="facets")

    async def _count(self, panel: FacetScreen) -> None:
        try:
            cells = await self.desk.ask(lambda reader: reader.cells(self.asked))
        except UserError as error:
            self.complain(error)
            return
        if panel.is_current:  # it may have been left already
            panel.put(cells)

    def action_search(self) -> None:
        from tui.screens.prompt import Prompt

        def search(text: str | None) -> None:
            self.ask_again(None if text is None else replace(self.asked, text=text))

        self.app.push_screen(Prompt("search both texts (empty: all)", self.asked.text), search)

    def _has_own_order(self) -> bool:
        if self.asked.sample is not None:
            self.say("A reading sample has its own order. z and an empty line end it.")
        return self.asked.sample is not None

    def action_sort(self) -> None:
        if self._has_own_order():
            return
        following = SORT_KEYS[(SORT_KEYS.index(self.asked.sort) + 1) % len(SORT_KEYS)]
        self.ask_again(replace(self.asked, sort=following))

    def action_sort_by(self) -> None:
        from tui.screens.sorting import SortScreen

        if self._has_own_order():
            return

        def sort(key: SortKey | None) -> None:
            self.ask_again(None if key is None else replace(self.asked, sort=key))

        self.app.push_screen(SortScreen(self.asked.sort), sort)

    def action_reverse(self) -> None:
        if self._has_own_order():
            return
        self.ask_again(replace(self.asked, descending=not self.asked.descending))


def _next(pieces: Iterator[Found]) -> Found | None:
    """The next piece, found in the reader's thread."""
    return next(pieces, None)


def told(query: Query, *, blind: bool) -> str:
    """A query's order, facets, search and filter, in one line."""
    parts = [f"sort {query.sort} {'↓' if query.descending else '↑'}"]
    if query.sample is not None:
        parts = [f"sample of {query.sample.size:,}, seed {query.sample.seed}"]
    if blind:
        parts.append("blind")
    if query.verdicts:
        parts.append(", ".join(sorted(query.verdicts)))
    if query.tranche:
        parts.append(query.tranche)
    if query.suspect is not None:
        parts.append(SUSPECT_WORDS[query.suspect])
    if query.seen is not None:
        parts.append(f"{query.seen} by the PM" if query.seen != "unknown" else "seen unknown")
    if query.text:
        parts.append(f"/{query.text}")
    if query.marks:
        parts.append("marked " + ", ".join(sorted(query.marks)))
    if query.filter is not None:
        parts.append(show(query.filter))
    return " · ".join(parts)
