"""The filter: which kinds, verdicts, tranches and marks the list keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from engine.cache.records import Query
from engine.heuristics import Kind
from engine.plain import plain
from engine.verdict import Verdict
from tui.keys import MARKS, bindings, hints
from tui.screens.scrolling import Scrolls
from tui.widgets.document import Document, Page
from tui.widgets.figures import BOLD, LETTERS
from tui.widgets.lines import Lines

_KINDS: tuple[tuple[str, Kind | None], ...] = (
    ("≠ counterexamples", "counterexample"),
    ("= conforming", "conforming"),
    ("both", None),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the filter: whether it is set, and the query with it toggled."""

    text: str
    one_of: bool
    is_set: Callable[[Query], bool]
    toggled: Callable[[Query], Query]


def choices(tranches: tuple[str, ...]) -> list[tuple[str, list[Choice]]]:
    """The filter's groups of lines, by heading."""
    return [
        ("kind", [_kind(text, kind) for text, kind in _KINDS]),
        ("verdicts (none set: all)", [_verdict(verdict) for verdict in LETTERS]),
        ("tranche", [_tranche(tranche) for tranche in (None, *tranches)]),
        ("marks (none set: all)", [_mark(mark) for mark in MARKS.values()]),
    ]


def _kind(text: str, kind: Kind | None) -> Choice:
    return Choice(text, True, lambda q: q.kind == kind, lambda q: replace(q, kind=kind))


def _verdict(verdict: Verdict) -> Choice:
    return Choice(
        f"{LETTERS[verdict]} {verdict.value}",
        False,
        lambda q: verdict in q.verdicts,
        lambda q: replace(q, verdicts=q.verdicts ^ {verdict}),
    )


def _tranche(tranche: str | None) -> Choice:
    return Choice(
        "all" if tranche is None else plain(tranche, keep_newlines=False),
        True,
        lambda q: q.tranche == tranche,
        lambda q: replace(q, tranche=tranche),
    )


def _mark(mark: str) -> Choice:
    return Choice(
        mark, False, lambda q: mark in q.marks, lambda q: replace(q, marks=q.marks ^ {mark})
    )


class FilterScreen(Scrolls, ModalScreen[Query | None]):
    """Toggles over a copy of the query; None where it was left with esc."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("filter")]
    AUTO_FOCUS = ""

    def __init__(self, query: Query, tranches: tuple[str, ...]) -> None:
        super().__init__()
        self._query = query
        self._groups = choices(tranches)

    def compose(self) -> ComposeResult:
        with Vertical(id="filter"):
            yield Lines(f"Filter   {hints('filter')}", id="title")
            yield Document(id="body")

    def on_mount(self) -> None:
        self.query_one(Document).show(self._page)

    def _page(self, _width: int) -> Page:
        lines: list[Text] = []
        anchors: list[int] = []
        for heading, group in self._groups:
            lines.append(Text(heading, BOLD))
            for choice in group:
                anchors.append(len(lines))
                sign = "x" if choice.is_set(self._query) else " "
                box = f"({sign})" if choice.one_of else f"[{sign}]"
                lines.append(Text(f"  {box} {choice.text}"))
        return Page(lines, tuple(anchors))

    def action_flip(self) -> None:
        document = self.query_one(Document)
        flat = [choice for _, group in self._groups for choice in group]
        self._query = flat[document.cursor].toggled(self._query)
        document.show(self._page, keep_place=True)

    def action_apply(self) -> None:
        self.dismiss(self._query)

    def action_back(self) -> None:
        self.dismiss(None)

    def document(self) -> Document:
        return self.query_one(Document)
