"""The first screen: heuristics by verdict, and margins by tranche."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from engine.cache.records import Overview, Query
from engine.errors import UserError
from tui.keys import Place, bindings
from tui.screens.base import MainScreen
from tui.screens.desk import Desk
from tui.screens.overview_page import overview_page, title_lines
from tui.screens.scrolling import Scrolls
from tui.session import Session
from tui.widgets.document import Document
from tui.widgets.lines import Lines


class OverviewScreen(Scrolls, MainScreen):
    """Drawn from the snapshot; the index is opened only after that frame stands."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("overview")]
    place: ClassVar[Place] = "overview"
    title_height = 3

    def __init__(
        self, desk: Desk, snapshot: Overview | None, recall: Callable[[str], Session]
    ) -> None:
        super().__init__(desk)
        self.overview = snapshot
        self._recall: Callable[[str], Session] | None = recall
        self._marks: Counter[str] = Counter()

    def body(self) -> Iterable[Widget]:
        yield Document(id="body")

    def on_mount(self) -> None:
        self._show(keep_place=False)
        if self.overview is not None and self._recall is not None:
            session = self._recall(self.overview.index)
            self.desk.blind = session.blind
            self._select(session.heuristic)
        self.call_after_refresh(self._open)

    def _show(self, *, keep_place: bool) -> None:
        overview, marks = self.overview, self._marks
        self.query_one("#title", Lines).show(*title_lines(overview))
        self.query_one(Document).show(
            lambda width: overview_page(overview, width, marks), keep_place=keep_place
        )

    def _open(self) -> None:
        self.say("opening the index …", passing=True)
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
        self.say("")
        if fresh != self.overview:
            self.overview = fresh
            self._show(keep_place=True)
        self._resume(fresh)

    def _resume(self, overview: Overview) -> None:
        """Go where the index was left, once."""
        recall, self._recall = self._recall, None
        session = Session() if recall is None else recall(overview.index)
        self.desk.blind = self.desk.blind or session.blind
        if session.screen != "overview" and self.is_current:
            self._push(session)
        else:
            self.on_screen_resume()

    def _select(self, heuristic: str | None) -> None:
        names = [card.heuristic.name for card in self.overview.heuristics] if self.overview else []
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
        return Session(heuristic=self.selected, blind=self.desk.blind)

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
        elif not card.features:
            self.say(f"No feature stands for {card.heuristic.name}.")
        else:
            self.open_feature(card.features[0], card.features)

    def action_compare(self) -> None:
        from tui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen(self.desk))

    def action_plots(self) -> None:
        from tui.screens.plots import PlotsScreen

        self.app.push_screen(PlotsScreen(self.desk))

    def document(self) -> Document:
        return self.query_one(Document)
