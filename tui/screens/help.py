"""The keys of one screen, from the registry."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from tui.keys import Place, bindings, help_lines
from tui.screens.scrolling import Scrolls
from tui.widgets.document import Document, Page
from tui.widgets.figures import BOLD
from tui.widgets.lines import Lines


class HelpScreen(Scrolls, ModalScreen[None]):
    """Lists keys and what they do."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("help")]
    AUTO_FOCUS = ""

    def __init__(self, about: Place) -> None:
        super().__init__()
        self._about = about

    def compose(self) -> ComposeResult:
        yield Lines(f"Keys · {self._about}   esc back", id="title")
        yield Document(id="body")

    def on_mount(self) -> None:
        lines = [
            Text.assemble((f"  {keys:<20}", BOLD), what) for keys, what in help_lines(self._about)
        ]
        self.query_one(Document).show(lambda _width: Page(lines))

    def action_back(self) -> None:
        self.dismiss()

    def document(self) -> Document:
        return self.query_one(Document)
