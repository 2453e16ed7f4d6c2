"""Triage marks and notes: one append-only file a user, keyed by what names a pair for good."""

from __future__ import annotations

import getpass
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.cache.lines import append_line, read_lines
from engine.errors import UserError
from engine.hh import Pair, PairName
from engine.shapes import build

MOST_ROWS = 1 << 40
"""A row above this fits no pair's id."""


@dataclass(frozen=True, slots=True)
class Triage:
    """The last word of one user on one pair."""

    source: str
    split: str
    row: int
    content_hash: str
    mark: str | None
    note: str | None
    time: str
    """ISO 8601, UTC."""

    @property
    def name(self) -> PairName:
        return PairName(self.source, self.split, self.row)


def user_name() -> str:
    """The user's name, made fit for a file's."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        name = f"uid-{os.getuid()}"
    return re.sub(r"[^A-Za-z0-9_-]", "_", name) or "user"


class TriageFile:
    """One user's file. Lines are only ever appended; the last one of a pair counts."""

    def __init__(self, folder: Path, user: str) -> None:
        self.path = folder / f"{user}.jsonl"

    def append(self, pair: Pair, mark: str | None, note: str | None) -> Triage:
        """Add one line, whole and on disk before this returns, whoever else appends.

        Raises:
            UserError: the file cannot be written.
        """
        made = Triage(
            source=pair.name.source,
            split=pair.name.split,
            row=pair.name.row,
            content_hash=pair.content_hash,
            mark=mark,
            note=None if note is None else note.encode("utf-8", "replace").decode(),
            time=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        try:
            append_line(self.path, asdict(made))
        except OSError as error:
            raise UserError(
                f"the mark was not kept: {error.strerror}",
                where=str(self.path),
                todo="Make the folder writable, or name another one with --cache.",
            ) from None
        return made

    def read(self) -> dict[PairName, Triage]:
        """The last word on each pair. A line that a crash cut short is passed over.

        Raises:
            UserError: the file is there and cannot be read.
        """
        try:
            lines = read_lines(self.path)
        except OSError as error:
            raise UserError(
                f"triage marks cannot be read: {error.strerror}",
                where=str(self.path),
                todo="Make the file readable, or move it away.",
            ) from None
        return {made.name: made for made in _parsed(lines)}


def _parsed(lines: Iterable[str]) -> Iterator[Triage]:
    for line in lines:
        try:
            made = build(Triage, json.loads(line))
        except (ValueError, RecursionError):
            continue
        if 0 <= made.row < MOST_ROWS:
            yield made
