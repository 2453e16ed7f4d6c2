"""Plots of the whole index: verdicts by heuristic, margins and reliability by tranche."""

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
from tui.screens.plots_page import Plotted, plots_page
from tui.screens.scrolling import ReadsSections
from tui.session import Session
from tui.widgets import plots
from tui.widgets.document import Document
from tui.widgets.figures import BOLD
from tui.widgets.lines import Lines


class PlotsScreen(ReadsSections, MainScreen):
    """One page of plots; `tab` goes from one to the next."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("plots")]
    place: ClassVar[Place] = "plots"
    title_height = 1

    def body(self) -> Iterable[Widget]:
        yield Document(id="body")

    def document(self) -> Document:
        return self.query_one(Document)

    def on_mount(self) -> None:
        self.query_one("#title", Lines).show(Text("Plots", BOLD))
        self.say("drawing …", passing=True)
        self.run_worker(self._read(), exclusive=True, group="plots")

    def remember(self, session: Session) -> Session:
        return session

    async def _read(self) -> None:
        def question(reader: Reader) -> Plotted:
            from engine.verdict.calibration import reliability

            plots.load()
            standing = reader.standing()
            margins = standing.by_tranche() if standing else {}
            bins = {tranche: reliability(found) for tranche, found in margins.items()}
            complete = standing is not None and standing.complete
            return Plotted(reader.overview(), complete, margins, bins)

        try:
            plotted = await self.desk.ask(question)
        except UserError as error:
            self.complain(error)
            return
        self.say("")
        title = f"Plots · {plotted.overview.index} · {plotted.overview.pairs:,} pairs"
        self.query_one("#title", Lines).show(Text(title, BOLD))
        self.document().show(lambda width: plots_page(plotted, width))

    def on_document_moved(self) -> None:
        self.show_place(self.document().place)
