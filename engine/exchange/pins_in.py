"""Pins that come in: checked row by row, and appended once all of them are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.cache.triage_line import Pins, is_ascending
from engine.errors import UserError
from engine.exchange.read import Row
from engine.exchange.said_in import Taken, append_said, text_of, time_of, user_of

_HASH = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class ImportedPins:
    """What a file of pins came to."""

    taken: tuple[Taken, ...]
    unknown: tuple[str, ...]
    """Hashes of SAEs that the index has no run of yet: what is pinned in them waits for one."""


def import_pins(
    folder: Path, rows: Iterable[Row], user: str | None, saes: Mapping[str, int]
) -> ImportedPins:
    """Append the pins of a file: each row is all that a user pinned for a heuristic in one SAE.

    Neither the heuristic nor the SAE need be known here yet: both are named by what they hold.

    Args:
        folder: where triage files are.
        rows: with heuristic, key, sae_hash and features; user and time where known.
        user: whose they are; None: as the rows say.
        saes: how many features those have that are known, by hash.

    Raises:
        UserError: a row is at fault; nothing was written then.
    """
    said: dict[str, list[Pins]] = {}
    for row in rows:
        said.setdefault(user_of(row, user, "pins"), []).append(pins_of(row, saes))
    unknown = {made.sae_hash for pins in said.values() for made in pins} - saes.keys()
    return ImportedPins(append_said(folder, said), tuple(sorted(unknown)))


def is_pins(row: Row) -> bool:
    """Whether a row is of pins, and of no pair: a triage file has lines of both."""
    return "features" in row.values and "row" not in row.values


def pins_of(row: Row, saes: Mapping[str, int]) -> Pins:
    """What a row pins; checked, since the file is anybody's.

    Raises:
        UserError: it is at fault.
    """
    heuristic = text_of(row, "heuristic")
    if heuristic is None:
        raise UserError(
            "it names no heuristic",
            where=row.where,
            todo="`outvoted export pins` writes what is taken in here; `outvoted import triage`"
            " takes marks, and a triage file as it is.",
        )
    key, sae_hash, features = _hash(row, "key"), _hash(row, "sae_hash"), _features(row)
    if features and (width := saes.get(sae_hash)) is not None and features[-1] >= width:
        raise UserError(
            f"the SAE has no feature {features[-1]}: it has {width} (0 to {width - 1})",
            where=row.where,
        )
    return Pins(heuristic, key, sae_hash, features, time_of(row))


def _hash(row: Row, column: str) -> str:
    text = text_of(row, column)
    if text is None or not _HASH.fullmatch(text):
        raise UserError(f'its "{column}" is not 16 hex digits', where=row.where)
    return text


def _features(row: Row) -> tuple[int, ...]:
    """A cell of a CSV file holds them as JSON. None at all: they were taken back."""
    value = row.values.get("features")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    listed = value if isinstance(value, list) else [None]
    features = [one for one in listed if isinstance(one, int) and not isinstance(one, bool)]
    if len(features) < len(listed) or not is_ascending(features):
        raise UserError(
            'its "features" are not the numbers of features, ascending and each once',
            where=row.where,
        )
    return tuple(features)
