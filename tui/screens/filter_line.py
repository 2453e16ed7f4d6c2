"""The filter line: typed, completed, and read while it is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from engine.filters import Completion, Filter, FilterError, Vocabulary, complete, parse, show
from engine.plain import plain
from tui.keys import bindings, hints
from tui.widgets.figures import CURSOR
from tui.widgets.lines import Lines

SHOWN = 6
"""Candidates that are shown at once."""
_WORD = 20


@dataclass(frozen=True, slots=True)
class Typed:
    """What the line was left with; None: no filter."""

    tree: Filter | None


class FilterLine(ModalScreen[Typed | None]):
    """One line of the filter language; None where it was left with esc."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("filter")]

    def __init__(self, tree: Filter | None, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._text = show(tree)
        self._vocabulary = vocabulary
        self._completion = Completion(0, 0, ())
        self._picked = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="filter"):
            yield Lines(id="candidates", height=SHOWN)
            yield Lines(f"filter   {hints('filter')}", id="caption")
            field = Input(self._text, compact=True, select_on_focus=False)
            field.cursor_blink = False  # a blinking cursor repaints an unchanged screen
            yield field
            yield Lines(id="complaint")

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.cursor_position = len(self._text)
        self.watch(field, "selection", self._look)  # moves and what is typed alike

    def _look(self) -> None:
        """Complete and read the line as it is now."""
        field = self.query_one(Input)
        self._completion = complete(field.value, field.cursor_position, self._vocabulary)
        self._picked = 0
        self._show_candidates()
        error = self._error()
        self._complain(None if error is not None and self._unfinished(error) else error)

    def _unfinished(self, error: FilterError) -> bool:
        """Whether it merely ends too early, or in a word that can still become one of several."""
        made = self._completion
        begun = bool(made.candidates) and error.column == made.start + 1
        return begun or error.column > len(self.query_one(Input).value.rstrip())

    def _error(self) -> FilterError | None:
        try:
            parse(self.query_one(Input).value, self._vocabulary)
        except FilterError as error:
            return error
        return None

    def _show_candidates(self) -> None:
        candidates = self._completion.candidates
        first = min(max(self._picked - SHOWN // 2, 0), max(len(candidates) - SHOWN, 0))
        lines = [
            Text(
                plain(f"{each.text:<{_WORD}} {each.meaning}", keep_newlines=False),
                CURSOR if place == self._picked else "",
            )
            for place, each in enumerate(candidates[first : first + SHOWN], start=first)
        ]
        if not lines and self._completion.hint:
            lines = [Text(self._completion.hint)]
        # As many lines as ever, at the bottom: the line that is typed on stays where it is.
        self.query_one("#candidates", Lines).show(*[Text()] * (SHOWN - len(lines)), *lines)

    def _complain(self, error: FilterError | None) -> None:
        text = "" if error is None else self._pointed(error)
        self.query_one("#complaint", Lines).show(text)

    def _pointed(self, error: FilterError) -> str:
        """`    ^ column 5: …`, the sign below the column it speaks of."""
        field = self.query_one(Input)
        said = f"column {error.column}: {error.what}. {error.todo or ''}"
        said = plain(said, keep_newlines=False)
        before = cell_len(field.value[: error.column - 1]) - field.scroll_offset.x
        if before + 2 + cell_len(said) <= self.size.width or before < self.size.width // 2:
            return f"{' ' * before}^ {said}"
        return f"{said[: before - 1].rjust(before - 1)} ^"

    def action_choose_down(self) -> None:
        self._choose(1)

    def action_choose_up(self) -> None:
        self._choose(-1)

    def _choose(self, steps: int) -> None:
        if candidates := self._completion.candidates:
            self._picked = (self._picked + steps) % len(candidates)
            self._show_candidates()

    def action_take(self) -> None:
        """Put the candidate in."""
        if not self._completion.candidates:
            return
        field = self.query_one(Input)
        candidate = self._completion.candidates[self._picked]
        field.value, field.cursor_position = self._completion.applied(field.value, candidate)

    def action_apply(self) -> None:
        error = self._error()
        if error is None:
            self.dismiss(Typed(parse(self.query_one(Input).value, self._vocabulary)))
            return
        field = self.query_one(Input)
        field.cursor_position = min(error.column - 1, len(field.value))
        self._complain(error)

    def action_back(self) -> None:
        self.dismiss(None)
