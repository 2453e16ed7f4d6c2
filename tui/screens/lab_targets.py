"""What a change in the lab is measured over: the pair it was opened on, a list, a mark's pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from engine.cache.pair_records import PairDetail
from engine.cache.reading import Reader
from engine.cache.records import Query
from engine.heuristics import Heuristic
from engine.hh import Side
from tui.keys import MARKS


@dataclass(frozen=True, slots=True)
class LabStart:
    """Where the lab was opened."""

    pair: int
    listing: Query
    """The list's filter; nothing of its order matters."""
    side: Side
    noise_floor: float | None


@dataclass(frozen=True, slots=True)
class Target:
    """Some pairs, by name."""

    name: str
    pairs: tuple[int, ...]

    @property
    def words(self) -> str:
        return self.name if len(self.pairs) == 1 else f"{self.name} ({len(self.pairs):,})"


@dataclass(frozen=True, slots=True)
class Setting:
    """All that the lab asks the index before the first change."""

    detail: PairDetail
    heuristics: tuple[Heuristic, ...]
    """Whose patterns are deleted and inserted: the list's, or all of them."""
    targets: tuple[Target, ...]
    marked: frozenset[int]
    """The pairs that the user has marked: blind mode measures no other."""


def over_words(targets: Sequence[Target], chosen: int, width: int) -> str:
    """The targets in a line, the chosen one in brackets: without room, those about it."""
    words = [
        f"[{target.words}]" if place == chosen else f" {target.words} "
        for place, target in enumerate(targets)
    ]
    first, last = 0, len(words)
    while cell_len(_row(words, first, last)) > width and last - first > 1:
        if last - 1 > chosen and last - chosen >= chosen - first:
            last -= 1
        else:
            first += 1
    return _row(words, first, last)


def _row(words: Sequence[str], first: int, last: int) -> str:
    shown = ["…"] * (first > 0) + list(words[first:last]) + ["…"] * (last < len(words))
    return "  ".join(shown)


def read_setting(reader: Reader, start: LabStart) -> Setting:
    """Ask for the pair, the heuristics and the targets. It blocks: call it in a thread.

    Raises:
        UserError: the index cannot answer.
    """
    known = tuple(card.heuristic for card in reader.overview().heuristics)
    named = tuple(made for made in known if made.name == start.listing.heuristic)
    marked = (
        (mark, reader.ids(Query(heuristic=None, kind=None, marks=frozenset({mark}))))
        for mark in MARKS.values()
    )
    return Setting(
        detail=reader.pair(start.pair),
        heuristics=named or known,
        targets=(
            Target("this pair", (start.pair,)),
            Target("the list", tuple(reader.ids(start.listing).tolist())),
            *(Target(f"marked {mark}", tuple(ids.tolist())) for mark, ids in marked if len(ids)),
        ),
        marked=frozenset(reader.marks()),
    )
