"""Triage marks and notes: one append-only file a user, keyed by what names a pair for good."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.hh import Pair, PairName


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

    def append(self, pair: Pair, mark: str | None, note: str | None) -> None:
        """Add one line, whole and on disk before this returns, whoever else appends."""
        line = Triage(
            source=pair.name.source,
            split=pair.name.split,
            row=pair.name.row,
            content_hash=pair.content_hash,
            mark=mark,
            note=note,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def read(self) -> dict[PairName, Triage]:
        """The last word on each pair. A line that a crash cut short is passed over."""
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return {}
        return {made.name: made for made in _parsed(lines)}


def _parsed(lines: Iterable[str]) -> Iterable[Triage]:
    for line in lines:
        try:
            yield Triage(**json.loads(line))
        except (ValueError, TypeError):
            continue
