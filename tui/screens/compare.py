"""Two runs of one index: where their verdicts differ; and natural text against custom text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.widget import Widget

from engine.cache.reading import Reader
from engine.errors import UserError
from tui.keys import Place, bindings
from tui.screens.base import MainScreen
from tui.screens.compare_page import Compared, compare_head, compare_page
from tui.screens.desk import Desk
from tui.screens.listing import FixedList
from tui.screens.scrolling import ReadsSections
from tui.session import Session
from tui.widgets import plots
from tui.widgets.document import Document
from tui.widgets.figures import BOLD
from tui.widgets.lines import Lines


class CompareScreen(ReadsSections, MainScreen):
    """The open run against another; `[` and `]` go through the others."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("compare")]
    place: ClassVar[Place] = "compare"
    title_height = 3

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._others: tuple[str, ...] = ()
        self._other = 0
        self._noise_floor: float | None = None
        self._pairs = FixedList(())
        self.compared: Compared | None = None

    def body(self) -> Iterable[Widget]:
        yield Document(id="body")

    def document(self) -> Document:
        return self.query_one(Document)

    def on_mount(self) -> None:
        self._load()

    def on_screen_resume(self) -> None:
        """The pair screen may have stepped on, or a pair may have been marked there."""
        self.document().stand_on(self._pairs.place)
        if self.compared is not None and (self.desk.blind or self.compared.marked is not None):
            self._load()

    def remember(self, session: Session) -> Session:
        return session

    def _load(self) -> None:
        self.query_one("#title", Lines).show(Text("Compare", BOLD), "", "")
        self.say("comparing …", passing=True)
        self.run_worker(self._read(self._other), exclusive=True, group="compare")

    async def _read(self, other: int) -> None:
        blind = self.desk.blind

        def question(reader: Reader) -> tuple[tuple[str, ...], Compared, float | None]:
            plots.load()
            runs, card = reader.other_runs(), reader.overview().run
            comparison = reader.compare(runs[other % len(runs)]) if runs else None
            floor = card.noise_floor if card else None
            marked = frozenset(reader.marks()) if blind else None
            return runs, Compared(comparison, reader.customs(), marked), floor

        try:
            self._others, compared, self._noise_floor = await self.desk.ask(question)
        except UserError as error:
            self.complain(error)
            return
        self.say("")
        self.compared = compared
        self._pairs = FixedList([pair.id for pair in compared.listed()])
        of = len(self._others)
        place = f" ({other % of + 1} of {of})" if of > 1 else ""
        self.query_one("#title", Lines).show(*compare_head(compared, place))
        self.document().show(lambda width: compare_page(compared, width))

    def on_document_moved(self) -> None:
        self._pairs.start(self.document().cursor)
        self.show_place(self.document().place)

    # Keys.

    def action_open(self) -> None:
        standing = self.document().standing
        identifier = None if standing is None else self._pairs.start(standing)
        if identifier is None:
            self.say("enter opens the pair that the cursor is on.")
            return
        from tui.screens.pair import PairScreen

        self.app.push_screen(
            PairScreen(self.desk, self._pairs, identifier, "chosen", self._noise_floor)
        )

    def _turn(self, steps: int) -> None:
        if len(self._others) < 2:
            self.say("There is no further run to compare with.")
            return
        self._other = (self._other + steps) % len(self._others)
        self._load()

    def action_next_run(self) -> None:
        self._turn(1)

    def action_previous_run(self) -> None:
        self._turn(-1)
