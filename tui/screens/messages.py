"""What the state line said: every message, called back after the next one took its place."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from tui.keys import bindings
from tui.messages import Messages
from tui.screens.scrolling import Scrolls
from tui.widgets.document import Document, Page
from tui.widgets.figures import FAINT
from tui.widgets.lines import Lines
from tui.widgets.wrapping import wrap


class MessagesScreen(Scrolls, ModalScreen[None]):
    """Lists the messages, the newest first, each in full."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("messages")]
    AUTO_FOCUS = ""

    def __init__(self, messages: Messages) -> None:
        super().__init__()
        self._messages = messages

    def compose(self) -> ComposeResult:
        yield Lines("Messages, the newest first   esc back", id="title")
        yield Document(id="body")

    def on_mount(self) -> None:
        self.document().show(self._page)

    def _page(self, width: int) -> Page:
        lines: list[Text] = []
        for message in self._messages.newest_first():
            first, *rest = wrap(Text(message.text), max(width - 10, 1))
            lines.append(Text.assemble((f"{message.time}  ", FAINT), first))
            lines += [Text(" " * 10).append_text(line) for line in rest]
        nothing = "Nothing was said yet. What the line above the keys says is kept here."
        return Page(lines or [Text(nothing)])

    def action_back(self) -> None:
        self.dismiss()

    def document(self) -> Document:
        return self.query_one(Document)
