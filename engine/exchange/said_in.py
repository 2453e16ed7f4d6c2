"""What people said, coming in: who says it and when, and the file of theirs that it goes into."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path

from engine.cache.marks import IMPORTED
from engine.cache.triage import TriageFile, now, user_name
from engine.cache.triage_line import Pins, Triage
from engine.errors import UserError
from engine.exchange.read import Row
from engine.hh import PairName

_USER = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one user's rows came to."""

    user: str
    rows: int
    added: int
    """The others stood already, or are older than what stands or what the file says later."""
    file: Path


def user_of(row: Row, user: str | None, what: str) -> str:
    """Who says it.

    Args:
        row: with `user`, where it is known.
        user: who says all of the file; None: as the rows say.
        what: is said, in one word.

    Raises:
        UserError: nobody, or nobody who can have a file.
    """
    name = user or text_of(row, "user")
    if name is None:
        raise UserError(
            f"it does not say whose {what} these are", where=row.where, todo="Pass --user."
        )
    name = name.removesuffix(IMPORTED)
    if not _USER.fullmatch(name):
        raise UserError(
            f'"{name}" cannot name a user', where=row.where, todo="Use letters, digits, - and _."
        )
    return name


def text_of(row: Row, column: str) -> str | None:
    """A text that can be encoded; None where there is none.

    Raises:
        UserError: it is something else.
    """
    value = row.values.get(column)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise UserError(f'"{column}" is no text', where=row.where)
    return value.encode("utf-8", "replace").decode()


def time_of(row: Row) -> str:
    """As a triage file writes it; a time without a zone is UTC, none is now.

    Raises:
        UserError: it is no time.
    """
    text = text_of(row, "time")
    if text is None:
        return now()
    try:
        time = datetime.fromisoformat(text)
        aware = time if time.tzinfo else time.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        raise UserError(f'"{text}" is no ISO 8601 time', where=row.where) from None


def append_said(folder: Path, said: Mapping[str, Sequence[Triage | Pins]]) -> tuple[Taken, ...]:
    """Append the last that each user said of each pair and heuristic, as far as it is news.

    One's own goes into one's own file. Another user's goes into a file beside theirs, since nobody
    writes into that one.

    Raises:
        UserError: a file cannot be written.
    """
    return tuple(_append(folder, user, lines) for user, lines in said.items())


def _append(folder: Path, user: str, lines: Sequence[Triage | Pins]) -> Taken:
    file = TriageFile(folder, user if user == user_name() else f"{user}{IMPORTED}")
    return Taken(user, len(lines), file.add(_last(lines)), file.path)


def _last(lines: Sequence[Triage | Pins]) -> list[Triage | Pins]:
    """Of what was said within one second, too: times are no finer, the order of lines is."""
    last: dict[tuple[str, ...] | PairName, Triage | Pins] = {}
    for line in sorted(lines, key=attrgetter("time")):
        last[line.pinned_for if isinstance(line, Pins) else line.name] = line
    return list(last.values())
