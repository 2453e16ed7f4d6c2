"""Triage that comes in: checked row by row against the index, and appended once all of it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.cache.keys import keys_of
from engine.cache.pairs import PairStore
from engine.cache.triage_line import MOST_ROWS, Pins, Triage
from engine.errors import UserError
from engine.exchange.pins_in import is_pins, pins_of
from engine.exchange.read import Row
from engine.exchange.said_in import Taken, append_said, text_of, time_of, user_of
from engine.hh import pair_id

LISTED = 10
_ROW = re.compile(r"[0-9]{1,13}")


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file of triage came to."""

    taken: tuple[Taken, ...]
    unknown: tuple[str, ...]
    """Rows that were left out, and why."""


def import_triage(
    store: PairStore,
    folder: Path,
    rows: Iterable[Row],
    user: str | None,
    saes: Mapping[str, int],
    *,
    skip_unknown: bool,
) -> Imported:
    """Append the marks and notes of a file, and its pins: a triage file has them all.

    Args:
        store: the pairs of the index; a row's content hash must be that of its pair.
        folder: where triage files are.
        rows: with source, split, row, and what was said; content_hash, user, time where known.
            Or of pins, as `import_pins` takes them.
        user: whose they are; None: as the rows say.
        saes: as `import_pins` takes them.
        skip_unknown: leave out the rows of pairs that this index does not have.

    Raises:
        UserError: a row is at fault, or its pair unknown; nothing was written then.
    """
    given: list[tuple[str, str, Triage]] = []
    known: dict[str, list[Triage | Pins]] = {}
    for row in rows:
        name = user_of(row, user, "marks")
        if is_pins(row):
            known.setdefault(name, []).append(pins_of(row, saes))
        else:
            given.append((row.where, name, _state(row)))
    placed = _placed(store, [state for _, _, state in given])
    unknown: list[str] = []
    for (where, name, state), found in zip(given, placed, strict=True):
        if isinstance(found, str):
            unknown.append(f"{where}: {state.name}: {found}")
        else:
            known.setdefault(name, []).append(found)
    if unknown and not skip_unknown:
        raise UserError(
            f"{len(unknown):,} rows are not of this index's pairs: {listed(unknown)}",
            todo="Index their sources first, or pass --skip-unknown to leave such rows out.",
        )
    return Imported(append_said(folder, known), tuple(unknown))


def listed(unknown: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(unknown) - LISTED
    return "; ".join(unknown[:LISTED]) + (f"; and {more:,} more" if more > 0 else "")


def _state(row: Row) -> Triage:
    """What is said of a pair; checked, since the file is anybody's."""
    source, split = text_of(row, "source"), text_of(row, "split")
    number = row.values.get("row")
    text = str(number) if isinstance(number, int | str) and not isinstance(number, bool) else ""
    if source is None or split is None or not (_ROW.fullmatch(text) and int(text) < MOST_ROWS):
        raise UserError("source, split and row must name a pair", where=row.where)
    return Triage(
        source,
        split,
        int(text),
        text_of(row, "content_hash") or "",
        text_of(row, "mark"),
        text_of(row, "note"),
        time_of(row),
        text_of(row, "blind"),
    )


def _placed(store: PairStore, states: Sequence[Triage]) -> list[Triage | str]:
    """Each state with its pair's hash, or why it has no pair here."""
    numbers = {(info.source, info.split): info.number for info in store.sources.values()}
    ids = [
        pair_id(numbers[state.name[:2]], state.row) if state.name[:2] in numbers else None
        for state in states
    ]
    keys = keys_of(store, [identifier for identifier in ids if identifier is not None])
    found: list[Triage | str] = []
    for state, identifier in zip(states, ids, strict=True):
        key = None if identifier is None else keys.get(identifier)
        if key is None:
            found.append("this index has no such pair")
        elif state.content_hash not in ("", key.content_hash):
            found.append("its text is another one here")
        else:
            found.append(replace(state, content_hash=key.content_hash))
    return found
