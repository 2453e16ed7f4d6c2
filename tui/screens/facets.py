"""The facets of a list: kinds, verdicts, tranches, marks, labels, training; each with its count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from engine.cache.pair_records import Cell
from engine.cache.records import SEEN, Query, Seen, Suspect
from engine.heuristics import Kind
from engine.plain import plain
from engine.verdict import Verdict
from tui.keys import MARKS, bindings, hints
from tui.screens.pairs_words import SUSPECT_WORDS
from tui.screens.scrolling import Scrolls, titled
from tui.widgets.document import Document, Page
from tui.widgets.figures import BOLD, LETTERS
from tui.widgets.lines import Lines
from tui.widgets.wrapping import fit

_TITLE = f"Facets   {hints('facets')}"
_KINDS: tuple[tuple[str, Kind | None], ...] = (
    ("≠ counterexamples", "counterexample"),
    ("= conforming", "conforming"),
    ("both", None),
)
_SUSPECTS: tuple[tuple[str, Suspect | None], ...] = (
    *((words, suspect) for suspect, words in SUSPECT_WORDS.items()),
    ("all", None),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One line: whether it is set, the query with it toggled, and the pairs it stands for."""

    text: str
    is_set: Callable[[Query], bool]
    toggled: Callable[[Query], Query]
    holds: Callable[[Cell], bool]


@dataclass(frozen=True, slots=True)
class Facet:
    """A heading, its choices, and whether the query's choice among them keeps a pair."""

    heading: str
    one_of: bool
    choices: tuple[Choice, ...]
    keeps: Callable[[Query, Cell], bool]
    measured: bool = False
    """Whether its counts tell what was measured: blind mode leaves it out."""
    of_heuristic: bool = False
    """Whether it is about a heuristic's bearers: a list of every pair leaves it out."""


def facets(tranches: Sequence[str], marks: Sequence[str]) -> tuple[Facet, ...]:
    """All facets of an index with these tranches and marks."""
    return (
        Facet(
            "kind",
            True,
            tuple(_kind(text, kind) for text, kind in _KINDS),
            lambda query, cell: query.kind in (None, cell.kind),
            of_heuristic=True,
        ),
        Facet(
            "verdicts (none set: all)",
            False,
            tuple(map(_verdict, LETTERS)),
            lambda query, cell: not query.verdicts or cell.verdict in query.verdicts,
            measured=True,
            of_heuristic=True,
        ),
        Facet(
            "tranche",
            True,
            tuple(map(_tranche, (None, *tranches))),
            lambda query, cell: query.tranche in (None, cell.tranche),
        ),
        Facet(
            "marks (none set: all)",
            False,
            tuple(map(_mark, (*marks, "none"))),
            lambda query, cell: not query.marks or (cell.mark or "none") in query.marks,
        ),
        Facet(
            "label",
            True,
            tuple(_suspect(text, suspect) for text, suspect in _SUSPECTS),
            lambda query, cell: _is_suspect(query.suspect, cell),
            measured=True,
        ),
        Facet(
            "the PM's training",
            True,
            tuple(map(_seen, (*SEEN, None))),
            lambda query, cell: query.seen in (None, cell.seen),
        ),
    )


def count(choice: Choice, facet: Facet, all_facets: Sequence[Facet], query: Query,
          cells: Sequence[Cell]) -> int:  # fmt: skip
    """How many pairs the choice stands for, as the other facets are set."""
    others = [other for other in all_facets if other is not facet]
    return sum(
        cell.pairs
        for cell in cells
        if choice.holds(cell) and all(other.keeps(query, cell) for other in others)
    )


def _kind(text: str, kind: Kind | None) -> Choice:
    return Choice(
        text,
        lambda q: q.kind == kind,
        lambda q: replace(q, kind=kind),
        lambda cell: kind in (None, cell.kind),
    )


def _verdict(verdict: Verdict) -> Choice:
    return Choice(
        f"{LETTERS[verdict]} {verdict.value}",
        lambda q: verdict in q.verdicts,
        lambda q: replace(q, verdicts=q.verdicts ^ {verdict}),
        lambda cell: cell.verdict == verdict,
    )


def _tranche(tranche: str | None) -> Choice:
    return Choice(
        "all" if tranche is None else plain(tranche, keep_newlines=False),
        lambda q: q.tranche == tranche,
        lambda q: replace(q, tranche=tranche),
        lambda cell: tranche in (None, cell.tranche),
    )


def _mark(mark: str) -> Choice:
    return Choice(
        plain(mark, keep_newlines=False),
        lambda q: mark in q.marks,
        lambda q: replace(q, marks=q.marks ^ {mark}),
        lambda cell: (cell.mark or "none") == mark,
    )


def _suspect(text: str, suspect: Suspect | None) -> Choice:
    return Choice(
        text,
        lambda q: q.suspect == suspect,
        lambda q: replace(q, suspect=suspect),
        lambda cell: _is_suspect(suspect, cell),
    )


def _is_suspect(asked: Suspect | None, cell: Cell) -> bool:
    if asked in ("yes", "no"):
        return bool(cell.suspicions) == (asked == "yes")
    return asked is None or asked in cell.suspicions


def _seen(seen: Seen | None) -> Choice:
    return Choice(
        "all" if seen is None else seen,
        lambda q: q.seen == seen,
        lambda q: replace(q, seen=seen),
        lambda cell: seen in (None, cell.seen),
    )


class FacetScreen(Scrolls, ModalScreen[Query | None]):
    """Toggles over a copy of the query; None where it was left with esc."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("facets")]
    AUTO_FOCUS = ""

    def __init__(self, query: Query, tranches: tuple[str, ...], *, blind: bool) -> None:
        super().__init__()
        self._blind = blind
        self._query = query
        self._tranches = tranches
        self._cells: tuple[Cell, ...] | None = None
        self._facets = self._shown(tuple(MARKS.values()))

    def _shown(self, marks: Sequence[str]) -> tuple[Facet, ...]:
        every = self._query.heuristic is None
        return tuple(
            facet
            for facet in facets(self._tranches, marks)
            if not (self._blind and facet.measured) and not (every and facet.of_heuristic)
        )

    def compose(self) -> ComposeResult:
        with Vertical(id="facets"):
            yield Lines(_TITLE, id="title")
            yield Document(id="body")

    def on_mount(self) -> None:
        self.query_one(Document).show(self._page)

    def on_document_moved(self) -> None:
        self.query_one("#title", Lines).show(titled(_TITLE, self.document()))

    def put(self, cells: tuple[Cell, ...]) -> None:
        """Show how many pairs each choice stands for."""
        self._cells = cells
        known = [*MARKS.values()]
        known += sorted({cell.mark for cell in cells if cell.mark is not None} - set(known))
        self._facets = self._shown(known)
        self.query_one(Document).show(self._page, keep_place=True)

    def _page(self, width: int) -> Page:
        lines: list[Text] = []
        anchors: list[int] = []
        for facet in self._facets:
            lines.append(Text(facet.heading, BOLD))
            for choice in facet.choices:
                anchors.append(len(lines))
                sign = "x" if choice.is_set(self._query) else " "
                box = f"({sign})" if facet.one_of else f"[{sign}]"
                line = Text(f"  {box} ").append_text(fit(Text(choice.text), 28))
                lines.append(line.append(f"{self._count(choice, facet):>9}"))
        return Page(lines, tuple(anchors))

    def _count(self, choice: Choice, facet: Facet) -> str:
        if self._cells is None:
            return "…"
        return f"{count(choice, facet, self._facets, self._query, self._cells):,}"

    def action_flip(self) -> None:
        document = self.query_one(Document)
        flat = [choice for facet in self._facets for choice in facet.choices]
        self._query = flat[document.cursor].toggled(self._query)
        document.show(self._page, keep_place=True)

    def action_apply(self) -> None:
        self.dismiss(self._query)

    def action_back(self) -> None:
        self.dismiss(None)

    def document(self) -> Document:
        return self.query_one(Document)
