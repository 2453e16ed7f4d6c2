"""Every figure a list can be sorted by, and what it means: one is picked."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from engine.cache.records import SORT_KEYS, SortKey
from engine.filters import FIGURES
from tui.keys import bindings, hints
from tui.screens.scrolling import Scrolls
from tui.widgets.document import Document, Page
from tui.widgets.lines import Lines


class SortScreen(Scrolls, ModalScreen[SortKey | None]):
    """One line a figure, the cursor on the one in use; None where it was left with esc."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("sorting")]
    AUTO_FOCUS = ""

    def __init__(self, sort: SortKey) -> None:
        super().__init__()
        self._sort = sort

    def compose(self) -> ComposeResult:
        with Vertical(id="sorting"):
            yield Lines(f"Sort by   {hints('sorting')}", id="title")
            yield Document(id="body")

    def on_mount(self) -> None:
        document = self.document()
        document.show(lambda _width: Page(_LINES, tuple(range(len(_LINES)))))
        document.cursor = SORT_KEYS.index(self._sort)

    def action_pick(self) -> None:
        self.dismiss(SORT_KEYS[self.document().cursor])

    def action_back(self) -> None:
        self.dismiss(None)

    def document(self) -> Document:
        return self.query_one(Document)


_LINES = [Text(f"{name:<16} {FIGURES[name].meaning}") for name in SORT_KEYS]
