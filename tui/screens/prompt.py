"""One line of input at the bottom of the screen: a search, a note, a file's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from engine.errors import UserError
from engine.plain import plain
from tui.keys import bindings, hints
from tui.widgets.lines import Lines, Wrapped

_COMPLAINT = 4
"""Lines at most of what is said of a line at fault."""


class Prompt(ModalScreen[str | None]):
    """Asks for one line; None where it was left with esc."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("prompt")]

    def __init__(
        self, title: str, value: str = "", check: Callable[[str], object] | None = None
    ) -> None:
        """`check` raises a UserError where the line is at fault; it stays then, and is told."""
        super().__init__()
        self._title = title
        self._check = check
        self.shown = plain(value, keep_newlines=False)
        """What is there to be edited: of the value's length, control characters made visible."""

    def compose(self) -> ComposeResult:
        with Vertical(id="prompt"):
            yield Lines(f"{self._title}   {hints('prompt')}", id="asked")
            field = Input(self.shown, compact=True, select_on_focus=False)
            field.cursor_blink = False  # a blinking cursor repaints an unchanged screen
            yield field
            complaint = Wrapped(_COMPLAINT, id="complaint")
            complaint.display = False
            yield complaint

    def on_input_changed(self) -> None:
        self.query_one("#complaint").display = False

    def action_accept(self) -> None:
        typed = self.query_one(Input).value
        try:
            if self._check is not None:
                self._check(typed)
        except UserError as error:
            said = f"! {error.what}. {error.todo or ''}"
            complaint = self.query_one("#complaint", Wrapped)
            complaint.display = True
            complaint.tell(plain(said, keep_newlines=False))
            return
        self.dismiss(typed)

    def action_back(self) -> None:
        self.dismiss(None)
