"""Everybody's marks side by side, and the pairs on which users differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from engine.cache.records import Query
from engine.cache.triage_report import Differing, TriageReport
from engine.errors import UserError
from tui.keys import Place, bindings
from tui.screens.desk import Desk
from tui.screens.exporting import Writes
from tui.screens.marks_page import marks_page
from tui.screens.scrolling import Scrolls
from tui.session import Session
from tui.widgets.document import Document
from tui.widgets.lines import Lines


class MarksScreen(Scrolls, Writes):
    """Counts, agreement, and the pairs marked differently: a list that a pair can be opened from.

    In blind mode it tells nothing of pairs that the user has still to mark.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("marks")]
    place: ClassVar[Place] = "marks"
    title_height = 1

    def __init__(self, desk: Desk, heuristic: str | None, noise_floor: float | None) -> None:
        super().__init__(desk)
        self.asked = Query(heuristic=heuristic, kind=None)
        self._noise_floor = noise_floor
        self._differing: tuple[Differing, ...] = ()

    def body(self) -> Iterable[Widget]:
        yield Document(id="body")

    def on_mount(self) -> None:
        self.query_one("#title", Lines).show("Marks · everybody's, side by side")
        self.say("reading the marks …", passing=True)

    def on_screen_resume(self) -> None:
        self.run_worker(self._read(), exclusive=True, group="marks")

    async def _read(self) -> None:
        try:
            report = await self.desk.ask(lambda reader: reader.triage(self.asked.heuristic))
        except UserError as error:
            self.complain(error)
            return
        if not self.document().page.lines:  # later the line says what else was done
            self.say("")
        self.show(report)

    def show(self, report: TriageReport) -> None:
        """Draw the report."""
        self._differing = tuple(
            made
            for made in report.differing
            if not self.desk.blind or report.own in dict(made.marks)
        )
        differing = self._differing
        self.document().show(lambda width: marks_page(report, differing, width), keep_place=True)

    def document(self) -> Document:
        return self.query_one(Document)

    def on_document_moved(self) -> None:
        self.show_place(self.document().place, self.position)

    def remember(self, session: Session) -> Session:
        return session

    def action_open(self) -> None:
        if not self._differing:
            self.say("No pair was marked differently by two users.")
            return
        from tui.screens.pair import PairScreen

        identifier = self._differing[self.document().cursor].id
        self.app.push_screen(PairScreen(self.desk, self, identifier, "chosen", self._noise_floor))

    def action_write(self) -> None:
        self.ask_where("the marks", "outvoted-marks.jsonl", None)

    # What the pair screen asks of its list.

    @property
    def position(self) -> str:
        cursor, total = self.document().cursor, len(self._differing)
        return f"{cursor + 1:,}/{total:,}" if total else ""

    def beside(self, steps: int) -> int | None:
        target = self.document().cursor + steps
        return self._differing[target].id if 0 <= target < len(self._differing) else None

    def step(self, steps: int) -> int | None:
        identifier = self.beside(steps)
        if identifier is not None:
            self.document().cursor += steps
        return identifier

    def stand_on(self, identifier: int) -> bool:
        ids = [made.id for made in self._differing]
        if identifier in ids:
            self.document().cursor = ids.index(identifier)
        return identifier in ids

    def show_mark(self, identifier: int, mark: str | None) -> None:
        """The page is read anew when it is next seen."""
