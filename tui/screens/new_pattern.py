"""A new pattern, typed on the overview: the text, and how it is to be looked for."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from engine.errors import UserError
from engine.heuristics import DIRECTIONS, SCOPES, Heuristic, compile_heuristic
from engine.heuristics.heuristic import Direction, Scope
from engine.heuristics.typed import typed_heuristic
from engine.plain import plain
from tui.keys import bindings, hints
from tui.widgets.lines import Lines

Value = TypeVar("Value")


class NewPattern(ModalScreen[Heuristic | None]):
    """Asks for one pattern; None where it was left with esc."""

    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("pattern")]

    def __init__(self, taken: Collection[str]) -> None:
        super().__init__()
        self._taken = taken
        self._regex = False
        self._fold = True
        self._scope: Scope = "response"
        self._direction: Direction = "lowers"

    def compose(self) -> ComposeResult:
        with Vertical(id="pattern"):
            yield Lines(f"new pattern   {hints('pattern')}")
            yield Lines(id="how")
            field = Input(compact=True, select_on_focus=False)
            field.cursor_blink = False  # a blinking cursor repaints an unchanged screen
            yield field
            yield Lines(id="complaint")

    def on_mount(self) -> None:
        self._show()

    def on_input_changed(self) -> None:
        self.query_one("#complaint", Lines).show("")

    def _show(self) -> None:
        how = (
            f"F2 {'regular expression' if self._regex else 'text as it is'}",
            f"F3 ’ as ' {'too' if self._fold else 'not'}",
            f"F4 {self._scope}",
            f"F5 {self._direction} reward",
        )
        self.query_one("#how", Lines).show("   ".join(how))

    def action_toggle_regex(self) -> None:
        self._regex = not self._regex
        self._show()

    def action_toggle_fold(self) -> None:
        self._fold = not self._fold
        self._show()

    def action_next_scope(self) -> None:
        self._scope = _next(SCOPES, self._scope)
        self._show()

    def action_next_direction(self) -> None:
        self._direction = _next(DIRECTIONS, self._direction)
        self._show()

    def action_count(self) -> None:
        made = typed_heuristic(
            self.query_one(Input).value,
            self._taken,
            regex=self._regex,
            scope=self._scope,
            fold=self._fold,
            direction=self._direction,
        )
        try:
            compile_heuristic(made)
        except UserError as error:
            said = f"! {error.what}. {error.todo or ''}"
            self.query_one("#complaint", Lines).show(plain(said, keep_newlines=False))
            return
        self.dismiss(made)

    def action_back(self) -> None:
        self.dismiss(None)


def _next(values: tuple[Value, ...], value: Value) -> Value:
    return values[(values.index(value) + 1) % len(values)]
