"""Editing a response before it is measured."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import TextArea

from engine.hh import Pair, Side
from engine.live.edit import Edit
from engine.plain import plain
from tui.keys import bindings, hints
from tui.widgets.lines import Lines


def apply_change(original: str, shown: str, edited: str) -> str:
    """The original with the change that was made to its harmless copy.

    Outside the changed part the original's own characters stay, control characters included;
    `shown` has the original's length, character by character.
    """
    start = 0
    shortest = min(len(shown), len(edited))
    while start < shortest and shown[start] == edited[start]:
        start += 1
    end = 0
    while end < shortest - start and shown[-1 - end] == edited[-1 - end]:
        end += 1
    return original[:start] + edited[start : len(edited) - end] + original[len(original) - end :]


class EditScreen(ModalScreen[Edit | None]):
    """A text area on one response; tab turns to the other. None where it was left with esc."""

    AUTO_FOCUS = "TextArea"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("edit")]

    def __init__(self, stored: Pair, current: Pair, side: Side) -> None:
        super().__init__()
        self._stored = stored
        self._side: Side = side
        self._texts: dict[Side, str] = {"chosen": current.chosen, "rejected": current.rejected}

    def compose(self) -> ComposeResult:
        with Vertical(id="edit"):
            yield Lines(id="title")
            area = TextArea(soft_wrap=True, compact=True, highlight_cursor_line=False)
            area.cursor_blink = False  # a blinking cursor repaints an unchanged screen
            yield area
            yield Lines(hints("edit"), id="hints")

    def on_mount(self) -> None:
        self._fill()

    def _fill(self) -> None:
        self.query_one("#title", Lines).show(f"Edit the {self._side} response")
        self.query_one(TextArea).text = plain(self._texts[self._side])

    def _take(self) -> None:
        original = self._texts[self._side]
        edited = self.query_one(TextArea).text
        self._texts[self._side] = apply_change(original, plain(original), edited)

    def action_switch(self) -> None:
        self._take()
        self._side = "rejected" if self._side == "chosen" else "chosen"
        self._fill()

    def action_measure(self) -> None:
        self._take()
        chosen, rejected = self._texts["chosen"], self._texts["rejected"]
        self.dismiss(
            Edit(
                response_chosen=None if chosen == self._stored.chosen else chosen,
                response_rejected=None if rejected == self._stored.rejected else rejected,
            )
        )

    def action_back(self) -> None:
        self.dismiss(None)
