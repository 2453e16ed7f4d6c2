"""The keys of one screen, from the registry."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from tui.keys import Place, bindings, help_lines
from tui.screens.scrolling import Scrolls, titled
from tui.widgets.document import Document, Page
from tui.widgets.figures import BOLD
from tui.widgets.lines import Lines


class HelpScreen(Scrolls, ModalScreen[None]):
    """Lists keys and what they do."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("help")]
    AUTO_FOCUS = ""

    def __init__(self, about: Place) -> None:
        super().__init__()
        self._heading = f"Keys · {about}   esc back"
        self._about = about

    def compose(self) -> ComposeResult:
        yield Lines(self._heading, id="title")
        yield Document(id="body")

    def on_mount(self) -> None:
        lines = [
            Text.assemble((f"  {keys:<20}", BOLD), what) for keys, what in help_lines(self._about)
        ]
        self.query_one(Document).show(lambda _width: Page(lines))

    def on_document_moved(self) -> None:
        self.query_one("#title", Lines).show(titled(self._heading, self.document()))

    def action_back(self) -> None:
        self.dismiss()

    def document(self) -> Document:
        return self.query_one(Document)
