"""One pair over all runs of its index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.widget import Widget

from engine.errors import UserError
from engine.plain import plain
from tui.keys import Place, bindings
from tui.screens.base import MainScreen
from tui.screens.desk import Desk
from tui.screens.runs_page import runs_page
from tui.screens.scrolling import Scrolls
from tui.session import Session
from tui.widgets.document import Document
from tui.widgets.figures import BOLD
from tui.widgets.lines import Lines


class RunsScreen(Scrolls, MainScreen):
    """A pair's margin and verdicts in every sealed run, ordered by where they were measured."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("runs")]
    place: ClassVar[Place] = "runs"
    title_height = 1

    def __init__(self, desk: Desk, identifier: int, name: str) -> None:
        super().__init__(desk)
        self._identifier = identifier
        self._name = plain(name, keep_newlines=False)

    def body(self) -> Iterable[Widget]:
        yield Document(id="body")

    def document(self) -> Document:
        return self.query_one(Document)

    def on_mount(self) -> None:
        self.query_one("#title", Lines).show(Text(f"{self._name} · over all runs", BOLD))
        self.say("reading …", passing=True)
        self.run_worker(self._read(), exclusive=True, group="runs")

    def remember(self, session: Session) -> Session:
        return session

    async def _read(self) -> None:
        try:
            runs = await self.desk.ask(lambda reader: reader.over_runs(self._identifier))
        except UserError as error:
            self.complain(error)
            return
        self.say("" if runs else "No run has measured this index yet.")
        self.document().show(lambda width: runs_page(runs, width))

    def on_document_moved(self) -> None:
        self.show_place(self.document().place)
