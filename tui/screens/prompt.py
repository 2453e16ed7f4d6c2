"""One line of input at the bottom of the screen: a search or a note."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from engine.plain import plain
from tui.keys import bindings, hints
from tui.widgets.lines import Lines


class Prompt(ModalScreen[str | None]):
    """Asks for one line; None where it was left with esc."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("prompt")]

    def __init__(self, title: str, value: str = "") -> None:
        super().__init__()
        self._title = title
        self.shown = plain(value, keep_newlines=False)
        """What is there to be edited: of the value's length, control characters made visible."""

    def compose(self) -> ComposeResult:
        with Vertical(id="prompt"):
            yield Lines(f"{self._title}   {hints('prompt')}")
            field = Input(self.shown, compact=True, select_on_focus=False)
            field.cursor_blink = False  # a blinking cursor repaints an unchanged screen
            yield field

    def action_accept(self) -> None:
        self.dismiss(self.query_one(Input).value)

    def action_back(self) -> None:
        self.dismiss(None)
