"""What the list of pairs says of itself: its title, its marks, why it is empty, a row to copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.cache.pair_records import PairRow
from engine.cache.records import Query, Suspect
from engine.counted import counted
from tui.keys import MARKS
from tui.screens.yank import line_to_yank
from tui.widgets.figures import signed
from tui.widgets.pair_line import row_code

if TYPE_CHECKING:  # loaded by whoever finds the ids, after the first frame
    import numpy as np
    import numpy.typing as npt

SUSPECT_WORDS: dict[Suspect, str] = {
    "yes": "label suspect",
    "identical": "identical sides",
    "tied": "tied sides",
    "contradicted": "contradicted elsewhere",
    "near-duplicate": "near-duplicate",
    "called-wrong": "called wrong by several PMs",
    "no": "label not suspect",
}
_KINDS = {"counterexample": "counterexamples", "conforming": "conforming pairs", None: "all"}


def titled(query: Query, length: int | None, marks: Mapping[int, str]) -> str:
    """`url · counterexamples · 12 pairs · 3 marked: 1:2 3:1`; a length of None is not known yet."""
    parts = ["every pair"] if query.heuristic is None else [query.heuristic, _KINDS[query.kind]]
    if length is not None:
        parts.append(counted(length, "pair"))
        if marks:
            parts.append(marked(marks))
    return " · ".join(parts)


def marked(marks: Mapping[int, str]) -> str:
    """`3 marked: 1:2 3:1`, by the marks' digits; `+` counts those of other names."""
    digits = {name: digit for digit, name in MARKS.items()}
    counted = Counter(digits.get(mark, "+") for mark in marks.values())
    told = " ".join(f"{digit}:{counted[digit]}" for digit in sorted(counted))
    return f"{len(marks):,} marked: {told}"


def marked_among(ids: npt.NDArray[np.int64], marks: Mapping[int, str]) -> list[int]:
    """The ids of a list that are marked, in its order. The list stays an array: it may hold every
    pair of the index."""
    import numpy as np

    of_marks = np.fromiter(marks, np.int64, len(marks))
    listed: list[int] = ids[np.isin(ids, of_marks)].tolist()
    return listed


def nothing(query: Query) -> tuple[str, ...]:
    """What an empty list says: why, and what to do next."""
    of = "tranche and marks" if query.heuristic is None else "kind, verdicts, tranche and marks"
    todo = ["No pair matches.", "", f"F  changes {of}"]
    if query.filter is not None:
        todo.append("f  and an empty line end the filter")
    if query.text:
        todo.append("/  and an empty line end the search")
    if query.sample is not None:
        todo.append("z  and an empty line end the reading sample")
    return (*todo, "esc  goes back to the overview; its last line lists every pair")


def row_text(row: PairRow) -> str:
    """The row's figures, parted by tabs."""
    figures = (signed(figure) for figure in (row.margin, row.margin_sae, row.effect))
    return line_to_yank(row.label, row.tranche, row_code(row), *figures)
