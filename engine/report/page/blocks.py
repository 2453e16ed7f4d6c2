"""What a page is made of. Texts may hold anything: who writes them out makes them harmless."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from engine.report.plots.plot import Plot


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Some sentences."""

    text: str
    of: str = ""
    """What they speak of, to stand before them; empty: what the heading says."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns; a row's first cell names it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: bool = False
    """Whether its cells are words and not figures."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot, its title, and what is to be seen in it, for who cannot see it."""

    title: str
    description: str
    plot: Plot


@dataclass(frozen=True, slots=True)
class Example:
    """A pair, cut to the pattern's surroundings."""

    pair: str
    tranche: str
    verdict: str
    figures: str
    before: str
    match: str
    after: str


@dataclass(frozen=True, slots=True)
class Examples:
    """Some pairs of one kind, by verdict."""

    caption: str
    pairs: tuple[Example, ...]


Block: TypeAlias = Paragraph | Table | Figure | Examples


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The whole page."""

    title: str
    summary: str
    sections: tuple[Section, ...]
