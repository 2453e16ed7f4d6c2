"""One record of a source: its two texts, or why it is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from engine.hh.transcript import HUMAN


class Columns(NamedTuple):
    """Under which names a source keeps its two transcripts."""

    chosen: str = "chosen"
    rejected: str = "rejected"


HH_COLUMNS = Columns()
LONGEST_TEXT = 16 << 20
"""Characters of a transcript."""


@dataclass(frozen=True, slots=True)
class Record:
    """Two transcripts at their 0-based place in the split."""

    row: int
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that is no pair; it keeps its row, so that skipping it renumbers nothing."""

    where: str
    row: int
    what: str


def check(value: object, columns: Columns, *, where: str, row: int) -> Record | BadRecord:
    """The record that a decoded value holds, or what is wrong with it."""
    if not isinstance(value, Mapping):
        return BadRecord(where, row, f"it is {_kind(value)}, not an object with two texts")
    for column in columns:
        if column not in value:
            return BadRecord(where, row, f'the text "{column}" is missing')
    flaw = flaw_of(value[columns.chosen], columns.chosen)
    flaw = flaw or flaw_of(value[columns.rejected], columns.rejected)
    if flaw is not None:
        return BadRecord(where, row, flaw)
    return Record(row, value[columns.chosen], value[columns.rejected])


def flaw_of(text: object, column: str) -> str | None:
    """Why what stands in a column is no transcript; None where it is one."""
    if not isinstance(text, str):
        return f'"{column}" is {_kind(text)}, not a text'
    flaw = _flaw(text)
    return flaw and f'"{column}" {flaw}'


def _flaw(text: str) -> str | None:
    if len(text) > LONGEST_TEXT:
        return f"is longer than {LONGEST_TEXT >> 20} Mi characters"
    if HUMAN not in text:
        return 'has no "Human:" marker (two newlines, then Human:)'
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a surrogate pair, which is no text"
    return None


def _kind(value: object) -> str:
    """What a decoded value is called, for someone who looks at the file."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "an object" if isinstance(value, Mapping) else "no text"
