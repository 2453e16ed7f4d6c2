"""The page as Markdown, for a README or an issue: its sentences and tables, without the plots."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.report.page.blocks import Block, Document, Paragraph, Section, Table
from engine.report.wording import bare

_OBEYED = re.compile(r"([\\`*_{}\[\]<>&#|~$!@^=]|(?<=:)/|(?<=www)\.)")


def as_markdown(document: Document) -> str:
    """The page."""
    lines = [f"# {escaped(document.title)}", "", escaped(document.summary), ""]
    for section in document.sections:
        lines += _section(section, 2)
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Text on one line in which Markdown finds nothing to obey, within a sentence or a cell."""
    return _OBEYED.sub(r"\\\1", bare(text))


def _section(section: Section, level: int) -> Iterator[str]:
    yield f"{'#' * level} {escaped(section.title)}"
    yield ""
    for block in section.blocks:
        yield from _block(block)
    for inner in section.sections:
        yield from _section(inner, level + 1)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        before = f"**{escaped(block.of)}**: " if block.of else ""
        yield f"{before}{escaped(block.text)}"
        yield ""
    elif isinstance(block, Table):
        yield f"{escaped(block.caption)}:"
        yield ""
        yield _row(block.columns)
        figures = "---" if block.words else "---:"
        yield f"| --- |{f' {figures} |' * (len(block.columns) - 1)}"
        for row in block.rows:
            yield _row(row)
        yield ""


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"
