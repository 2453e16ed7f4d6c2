"""The first screen: heuristics by verdict, and margins by tranche."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from engine.cache.records import HeuristicCard, Overview, Query
from engine.errors import UserError
from engine.heuristics import Heuristic
from tui.keys import Place, bindings
from tui.screens.base import MainScreen
from tui.screens.desk import Desk
from tui.screens.overview_page import overview_page, title_lines
from tui.screens.scrolling import Scrolls
from tui.session import Session
from tui.widgets.document import Document
from tui.widgets.lines import Lines

if TYPE_CHECKING:  # the first frame asks nothing yet
    from engine.cache.reading import Reader


class OverviewScreen(Scrolls, MainScreen):
    """Drawn from the snapshot; the index is opened only after that frame stands."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("overview")]
    place: ClassVar[Place] = "overview"
    title_height = 3

    def __init__(
        self, desk: Desk, snapshot: Overview | None, recall: Callable[[str], Session], said: str
    ) -> None:
        """`said`: once the index is open."""
        super().__init__(desk)
        self._said = said
        self.overview = snapshot
        self._recall: Callable[[str], Session] | None = recall
        self._marks: Counter[str] = Counter()
        self._patterns: tuple[Heuristic, ...] = ()
        self._unwanted: threading.Event | None = None
        """Set to give up the pattern that is being counted; None: none is."""

    def body(self) -> Iterable[Widget]:
        yield Document(id="body")

    def on_mount(self) -> None:
        self._show(keep_place=False)
        if self.overview is not None and self._recall is not None:
            session = self._recall(self.overview.index)
            self.desk.blind = session.blind
            self._select(session.heuristic)
        self.say("opening the index …", passing=True)

    def _show(self, *, keep_place: bool) -> None:
        overview, marks = self.overview, self._marks
        self.query_one("#title", Lines).show(*title_lines(overview))
        self.query_one(Document).show(
            lambda width: overview_page(overview, width, marks), keep_place=keep_place
        )

    def drawn(self) -> None:
        """Open the index, which no frame needs to wait for."""
        self.run_worker(self._refresh(), exclusive=True, group="overview")

    def on_screen_resume(self) -> None:
        if self._recall is None:  # once the index is open, and after every screen above
            self.run_worker(self._count_marks(), exclusive=True, group="marks")

    async def _count_marks(self) -> None:
        try:
            marks = await self.desk.ask(lambda reader: reader.marks())
        except UserError as error:
            self.complain(error)
            return
        counted = Counter(marks.values())
        if counted != self._marks:
            self._marks = counted
            self._show(keep_place=True)

    async def _refresh(self) -> None:
        try:
            fresh = await self.desk.open()
        except UserError as error:
            self.complain(error)
            return
        self.say(self._said)
        if fresh != self.overview:
            self.overview = fresh
            self._show(keep_place=True)
        await self._resume(fresh)

    async def _resume(self, overview: Overview) -> None:
        """Go where the index was left, once; the patterns that were typed come back first."""
        recall, self._recall = self._recall, None
        session = Session() if recall is None else recall(overview.index)
        self.desk.blind = self.desk.blind or session.blind
        for pattern in session.patterns:
            with suppress(UserError):  # it was kept: the index knows it by itself now
                await self._look_at(pattern)
        if session.patterns:
            self._select(session.heuristic)
        if session.screen != "overview" and self.is_current:
            self._push(session)
        else:
            self.on_screen_resume()
            self.run_worker(self._read_ahead(), group="ahead")

    async def _read_ahead(self) -> None:
        """Read and import what the next screens wait for, while the user looks at this one."""

        def ahead(reader: Reader) -> None:
            reader.read_ahead()
            for name in ("pairs", "pair"):
                import_module(f"tui.screens.{name}")

        with suppress(UserError):  # whoever needs it asks again, and is told
            await self.desk.ask(ahead)

    def _select(self, heuristic: str | None) -> None:
        names = self._names()
        if heuristic in names:
            self.query_one(Document).cursor = names.index(heuristic)

    def _push(self, session: Session) -> None:
        from tui.screens.pairs import PairsScreen

        self.app.push_screen(PairsScreen(self.desk, session, self.overview))

    @property
    def selected(self) -> str | None:
        """The selected heuristic's name; None on the line of all pairs."""
        cards = self.overview.heuristics if self.overview else ()
        cursor = self.query_one(Document).cursor
        return cards[cursor].heuristic.name if cursor < len(cards) else None

    def remember(self, session: Session) -> Session:
        return replace(
            session, heuristic=self.selected, blind=self.desk.blind, patterns=self._patterns
        )

    def on_document_moved(self) -> None:
        self.show_place(self.document().place)

    def action_open(self) -> None:
        if self.overview is None or self.overview.pairs == 0:
            self.say("There is no pair to open yet.")
            return
        name = self.selected
        query = Query(kind=None) if name is None else Query(heuristic=name)
        self._push(Session(screen="pairs", query=query))

    def action_marks(self) -> None:
        from tui.screens.marks import MarksScreen

        run = self.overview.run if self.overview else None
        floor = run.noise_floor if run else None
        self.app.push_screen(MarksScreen(self.desk, self.selected, floor))

    def action_features(self) -> None:
        name = self.selected
        cards = self.overview.heuristics if self.overview else ()
        card = next((card for card in cards if card.heuristic.name == name), None)
        if card is None:
            self.say("Put the cursor on a heuristic: its features are shown.")
        else:
            self.run_worker(self._open_features(card), exclusive=True, group="features")

    async def _open_features(self, card: HeuristicCard) -> None:
        """Those that judged it, and those that the user pinned since."""
        try:
            pins = await self.desk.ask(lambda reader: reader.pins())
        except UserError as error:
            self.complain(error)
            return
        pinned = pins.get(card.heuristic.key, ())
        among = (*card.features, *(each for each in pinned if each not in card.features))
        if among:
            self.open_feature(among[0], among)
        else:
            self.say(f"No feature stands for {card.heuristic.name}.")

    def action_compare(self) -> None:
        from tui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen(self.desk))

    def action_plots(self) -> None:
        from tui.screens.plots import PlotsScreen

        self.app.push_screen(PlotsScreen(self.desk))

    def action_discover(self) -> None:
        from tui.screens.discovery import DiscoveryScreen

        if self.overview is None or self.overview.run is None:
            self.say("No run yet: no margin tells what the PM holds.")
            return
        self.app.push_screen(DiscoveryScreen(self.desk, self._names(), self._take))

    def _names(self) -> list[str]:
        return [card.heuristic.name for card in self.overview.heuristics] if self.overview else []

    def _take(self, made: Heuristic) -> None:
        self.run_worker(self._count(made), group="patterns")

    def action_new_pattern(self) -> None:
        from tui.screens.new_pattern import NewPattern

        if self.overview is None or self.overview.pairs == 0:
            self.say("There is no pair to count yet.")
            return

        def count(made: Heuristic | None) -> None:
            if made is not None:
                self._take(made)

        self.app.push_screen(NewPattern(self._names()), count)

    async def _count(self, pattern: Heuristic) -> None:
        """Count who carries the pattern; it is a heuristic of this session from then on."""
        self.say(f"counting “{pattern.shown}” … esc stops it", passing=True)
        self._unwanted = unwanted = threading.Event()
        try:
            card = await self._look_at(pattern, unwanted)
        except UserError as error:
            if unwanted.is_set():
                self.say(f"“{pattern.shown}” is not counted.")
            else:
                self.complain(error)
            return
        finally:
            if self._unwanted is unwanted:
                self._unwanted = None
        self._select(pattern.name)
        self.say(
            f"“{pattern.shown}”: chosen only {card.chosen_only:,}, rejected only"
            f" {card.rejected_only:,}, both {card.both:,}. enter lists them, w keeps it."
        )

    async def _look_at(
        self, pattern: Heuristic, unwanted: threading.Event | None = None
    ) -> HeuristicCard:
        self.overview = await self.desk.ask(lambda reader: reader.look_at(pattern, unwanted))
        self._patterns = (*self._patterns, pattern)
        self._show(keep_place=True)
        return self.overview.heuristics[-1]

    async def action_back(self) -> None:
        """Stop counting a pattern: there is no screen to go back to."""
        if self._unwanted is not None:
            self._unwanted.set()

    def action_keep(self) -> None:
        pattern = next((made for made in self._patterns if made.name == self.selected), None)
        if pattern is None:
            self.say("Only a pattern typed with n is to be kept; the others are in a file already.")
        else:
            self.run_worker(self._keep(pattern), group="patterns")

    async def _keep(self, pattern: Heuristic) -> None:
        try:
            path = await self.desk.ask(lambda reader: reader.keep_heuristic(pattern))
        except UserError as error:
            self.complain(error)
            return
        self.say(f"“{pattern.name}” is kept in {path}. Score again to measure it.")

    def document(self) -> Document:
        return self.query_one(Document)
