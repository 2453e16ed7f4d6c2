"""One pair: its texts and figures, triage, and fresh inference on it or on an edit of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from engine.cache.pair_records import PairDetail
from engine.errors import UserError
from engine.hh import Side
from tui.keys import Place, bindings
from tui.screens.desk import Desk
from tui.screens.listing import Listing
from tui.screens.pair_head import head_lines, on_pair
from tui.screens.pair_measuring import MeasuresPair
from tui.screens.pair_page import Shown, pair_page
from tui.screens.pair_reading import ReadsPair
from tui.screens.reading_ahead import ReadsAhead
from tui.screens.yank import line_to_yank
from tui.screens.yanking import Yanks
from tui.session import Session
from tui.widgets.document import Document
from tui.widgets.figures import signed
from tui.widgets.lines import Lines
from tui.widgets.pair_line import verdict_code

SOON = 0.1
"""Seconds in which a pair may come without a word that it is being read."""


class PairScreen(ReadsPair, MeasuresPair, ReadsAhead, Yanks):
    """A fixed head with the figures and a page that scrolls under it."""

    class FeatureWanted(Message):
        """A feature of the table is to be opened."""

        def __init__(self, feature: int) -> None:
            super().__init__()
            self.feature = feature

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("pair")]
    place: ClassVar[Place] = "pair"
    title_height = 5

    def __init__(
        self, desk: Desk, listing: Listing, identifier: int, side: Side, noise_floor: float | None
    ) -> None:
        super().__init__(desk)
        self._listing = listing
        self._identifier = identifier
        self._noise_floor = noise_floor
        self._side = side
        self._way = 1
        """The last step through the list: the next one is likely to go the same way."""
        # Read while the screen is put together: both take some 20 ms.
        self._first = asyncio.ensure_future(self._detail(identifier))

    def body(self) -> Iterable[Widget]:
        yield Document(id="body")

    def document(self) -> Document:
        return self.query_one(Document)

    def on_mount(self) -> None:
        self._turn_to(self._identifier, self._first)

    def on_resize(self) -> None:
        self._head()

    def remember(self, session: Session) -> Session:
        return replace(session, screen="pair", pair=self._identifier, side=self._side)

    def _turn_to(self, identifier: int, begun: asyncio.Future[PairDetail] | None = None) -> None:
        """`begun`: the pair, where it is being read already."""
        self._identifier = identifier
        self.run_worker(self._read_pair(identifier, begun), exclusive=True, group="pair")

    async def _detail(self, identifier: int) -> PairDetail:
        return await self.desk.ask(lambda reader: reader.pair(identifier))

    async def _read_pair(self, identifier: int, begun: asyncio.Future[PairDetail] | None) -> None:
        reading = begun or asyncio.ensure_future(self._detail(identifier))
        try:
            await asyncio.wait({reading}, timeout=SOON)
            if not reading.done():
                self.say("reading …", passing=True)
            detail = self.desk.covered(await reading)
        except UserError as error:
            self.complain(error)
            return
        finally:
            reading.cancel()  # another pair was turned to
        asked = self._listing.asked
        self.say("")
        self.show(
            Shown(
                detail,
                asked.heuristic,
                self._side,
                search=asked.text,
                noise_floor=self._noise_floor,
                sort=self._sort,
                shade=self._shade,
                breakdown=None if detail.hidden else self.desk.breakdown(detail.pair),
            ),
            keep_place=False,
        )
        self.read_ahead(self._listing.beside(self._way))

    def show(self, shown: Shown, *, keep_place: bool = True) -> None:
        """Draw head and page."""
        self.shown = shown
        self._head()
        self.document().show(lambda width: pair_page(shown, width), keep_place=keep_place)

    def _head(self) -> None:
        shown = self.shown
        if shown is not None:
            edited = shown.rescored is not None and not shown.rescored.edit.is_none
            # Before the first layout: the head's height is known to it then.
            width = self.size.width or self.app.size.width
            lines = head_lines(shown.detail, shown.heuristic, width, edited)
            self.query_one("#title", Lines).show(*lines)

    def on_document_moved(self) -> None:
        self.show_place(self.document().place, self._listing.position)

    # Moves.

    def _step(self, steps: int) -> None:
        self._way = steps
        identifier = self._listing.step(steps)
        if identifier is None:
            self.say("That was the last pair of the list." if steps > 0 else "This is the first.")
            return
        self.stop_rescoring()
        self._turn_to(identifier)

    def action_next_pair(self) -> None:
        self._step(1)

    def action_previous_pair(self) -> None:
        self._step(-1)

    def action_open(self) -> None:
        """Open the feature that the cursor is seen on."""
        standing = self.document().standing
        if self.shown is None or standing is None:
            self.say("tab goes to the features; enter opens the one the cursor is on.")
            return
        row = self.shown.features[standing]
        self.post_message(self.FeatureWanted(row.feature))

    def on_pair_screen_feature_wanted(self, message: FeatureWanted) -> None:
        """Its `[` and `]` go through the pair's features, in the table's order."""
        among = self.shown.features if self.shown is not None else ()
        self.open_feature(message.feature, tuple(row.feature for row in among))

    def action_compare(self) -> None:
        """Open the pair over all runs."""
        if self.shown is not None and not self.say_hidden():
            from tui.screens.runs import RunsScreen

            pair = self.shown.detail.pair
            self.app.push_screen(RunsScreen(self.desk, pair.id, str(pair.name)))

    # Triage. The page does not say mark and note, and is not sent again.

    def triaged(self) -> int | None:
        return None if self.shown is None else self.shown.detail.pair.id

    def take_mark(self, identifier: int, mark: str | None) -> None:
        self._listing.show_mark(identifier, mark)
        if self.shown is not None and self.triaged() == identifier:
            self.shown = replace(self.shown, detail=replace(self.shown.detail, mark=mark))
            self._head()

    def take_note(self, identifier: int, note: str | None) -> None:
        if self.shown is not None and self.triaged() == identifier:
            self.shown = replace(self.shown, detail=replace(self.shown.detail, note=note))
            self._head()

    def is_hidden(self) -> bool:
        return self.shown is not None and self.shown.detail.hidden

    def cover(self) -> None:
        shown = self.shown
        if shown is None:
            return
        if shown.detail.hidden != (self.desk.blind and shown.detail.mark is None):
            self._turn_to(self._identifier)

    def move_on(self) -> None:
        self._step(1)

    def go_to(self, identifier: int) -> None:
        if identifier != self.triaged() and self._listing.stand_on(identifier):
            self.stop_rescoring()
            self._turn_to(identifier)

    async def action_back(self) -> None:
        """Stop a measurement; else close its result; else go back to the list."""
        shown = self.shown
        if await self.cancel_rescoring():
            return
        if shown is not None and shown.rescored is not None:
            stored = shown.rescored.before
            marked = replace(stored, mark=shown.detail.mark, note=shown.detail.note)
            known = self.desk.breakdown(stored.pair)
            self.show(replace(shown, detail=marked, rescored=None, breakdown=known))
            self.say("")
            return
        self.leave()

    # What is yanked.

    def row_to_yank(self) -> str | None:
        if self.shown is None:
            return None
        detail = self.shown.detail
        on = on_pair(detail, self.shown.heuristic)
        verdict = "" if on is None else verdict_code(on.judgement.verdict, on.judgement.by)
        figures = (detail.margin, detail.margin_sae, on.effect if on else None)
        return line_to_yank(
            str(detail.pair.name), detail.pair.tranche, verdict, *map(signed, figures)
        )

    async def pair_to_yank(self) -> PairDetail | None:
        return self.shown.detail if self.shown is not None else None
