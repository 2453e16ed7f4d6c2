"""What people call the features of an SAE: a JSON object or a CSV file, feature by feature.

Labels are somebody's text: they are kept as they are and shown only through `engine.plain`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from engine.errors import UserError
from engine.files import read_bounded, write_text

_FORMS = 'Write {"123": "a URL\'s slash"} as JSON, or CSV with the columns feature,label.'
_KEPT = "labels.json"
LARGEST = 64 << 20
"""Bytes; a label for each of a million features is no more."""
_COLUMNS = ("feature", "label")


def keep_labels(run: Path, labels: Mapping[int, str]) -> None:
    """Keep what the features of a run's SAE are called in the run's folder."""
    named = {str(feature): label for feature, label in sorted(labels.items())}
    write_text(run / _KEPT, json.dumps(named, indent=2) + "\n")


def kept_labels(run: Path | None) -> dict[int, str]:
    """What a run's features are called; empty where nothing was kept.

    Raises:
        UserError: the file was edited, and is at fault.
    """
    if run is None or not (run / _KEPT).exists():
        return {}
    return read_labels(run / _KEPT)


def read_labels(path: Path) -> dict[int, str]:
    """Labels by feature, from a file whose name ends in .json or .csv. Empty labels are no labels.

    Raises:
        UserError: it cannot be read, is too large, of neither form, or names a feature twice.
    """
    try:
        text = read_bounded(path, LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"labels cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise UserError("labels are no UTF-8 text", where=str(path), todo=_FORMS) from None
    rows = _from_csv(text, path) if path.suffix.lower() == ".csv" else _from_json(text, path)
    labels: dict[int, str] = {}
    for where, feature, label in rows:
        number = _number(feature, where)
        if number in labels:
            raise UserError(f"feature {number} has two labels", where=where, todo="Keep one.")
        if label.strip():
            labels[number] = label.strip()
    return labels


def _number(feature: str, where: str) -> int:
    if not (feature.isascii() and feature.isdecimal() and len(feature) <= 9):
        raise UserError(f'"{feature}" is no number of a feature', where=where, todo=_FORMS)
    return int(feature)


def _from_json(text: str, path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise UserError(f"labels are no JSON ({error})", where=str(path), todo=_FORMS) from None
    if not isinstance(pairs, _Pairs):
        raise UserError("labels are no JSON object", where=str(path), todo=_FORMS)
    for feature, label in pairs:
        if not isinstance(label, str):
            raise UserError(f'the label of "{feature}" is no text', where=str(path), todo=_FORMS)
        yield str(path), feature, label


class _Pairs(list[tuple[str, object]]):
    """A JSON object with the keys that it says twice."""


def _from_csv(text: str, path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        yield from _csv_rows(csv.reader(io.StringIO(text, newline=""), strict=True), path)
    except csv.Error as error:
        raise UserError(f"labels are no CSV ({error})", where=str(path), todo=_FORMS) from None


def _csv_rows(reader: Iterable[list[str]], path: Path) -> Iterator[tuple[str, str, str]]:
    places: tuple[int, int] | None = None
    for line, row in enumerate(reader, start=1):
        where = f"{path}, row {line}"
        if places is None:
            names = [name.strip().lower() for name in row]
            if not set(_COLUMNS) <= set(names):
                raise UserError(
                    "the columns feature and label are missing", where=where, todo=_FORMS
                )
            places = names.index("feature"), names.index("label")
        elif row:
            if len(row) <= max(places):
                raise UserError("the row is too short", where=where, todo=_FORMS)
            yield where, row[places[0]].strip(), row[places[1]]
