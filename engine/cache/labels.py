"""What people call the features of an SAE: a JSON object, CSV, or Neuronpedia's explanations.

Labels are somebody's text: they are kept as they are and shown only through `engine.plain`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.cache.explanations import (
    Explanation,
    explanations,
    files_of,
    from_lines,
    has_lines,
    read_text,
)
from engine.errors import UserError
from engine.files import write_text

_FORMS = (
    'Write {"123": "a URL\'s slash"} as JSON, or CSV with the columns feature,label; or take the'
    " explanations that Neuronpedia exports."
)
_KEPT = "labels.json"
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


@dataclass(frozen=True, slots=True)
class Labels:
    """What a file calls features."""

    named: Mapping[int, str]
    sae: str | None
    """The SAE that it says they are of; None: it does not say."""


def read_labels(path: Path) -> dict[int, str]:
    """Labels by feature, as `labels_in` has them."""
    return dict(labels_in(path).named)


def labels_in(path: Path) -> Labels:
    """Labels by feature. Empty labels are no labels.

    A file that ends in .csv has the columns feature and label; one that ends in .jsonl or
    .jsonl.gz, or a folder of such, has an explanation of Neuronpedia's in each line; any other is
    JSON: an object of labels by feature, or explanations. Of several explanations the first
    stands.

    Raises:
        UserError: it cannot be read, is too large, is of no such form, names a feature twice, or
            is of several SAEs.
    """
    named: dict[int, str] = {}
    saes: dict[str, str] = {}
    for file in files_of(path):
        for row in _rows(file):
            number, explained = _number(row.feature, row.where), isinstance(row, Explanation)
            if isinstance(row, Explanation):
                saes.setdefault(row.sae, row.where)
            if number in named and not explained:
                raise UserError(
                    f"feature {number} has two labels", where=row.where, todo="Keep one."
                )
            if row.label.strip():
                named.setdefault(number, row.label.strip())
    if len(saes) > 1:
        raise UserError(
            f"these are labels of several SAEs: {', '.join(sorted(saes))}",
            where=list(saes.values())[1],
            todo="Keep those of one.",
        )
    return Labels(named, next(iter(saes), None) or None)


def check_labels(labels: Mapping[int, str], d_sae: int, sae: str) -> None:
    """Refuse labels of features that an SAE does not have: they are another's.

    Raises:
        UserError: there are some.
    """
    beyond = [feature for feature in labels if feature >= d_sae]
    if beyond:
        raise UserError(
            f"{len(beyond):,} of {len(labels):,} labels are of features that {sae} does not have"
            f" (feature {max(beyond):,}; it has {d_sae:,}): they are of another SAE",
            where="--labels",
            todo="Name the labels of the run's SAE, or another --run.",
        )


@dataclass(frozen=True, slots=True)
class _Row:
    where: str
    feature: str
    label: str


def _rows(path: Path) -> Iterator[_Row | Explanation]:
    text = read_text(path)
    if has_lines(path):
        return from_lines(text, path)
    return _from_csv(text, path) if path.suffix.lower() == ".csv" else _from_json(text, path)


def _number(feature: str, where: str) -> int:
    if not (feature.isascii() and feature.isdecimal() and len(feature) <= 9):
        raise UserError(f'"{feature}" is no number of a feature', where=where, todo=_FORMS)
    return int(feature)


def _from_json(text: str, path: Path) -> Iterator[_Row | Explanation]:
    try:
        values = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise UserError(f"labels are no JSON ({error})", where=str(path), todo=_FORMS) from None
    if isinstance(values, list) and not isinstance(values, _Pairs):
        for each in values:
            yield from explanations(_plain(each), str(path))
    elif not isinstance(values, _Pairs):
        raise UserError("labels are no JSON object", where=str(path), todo=_FORMS)
    elif {"index", "explanations"} <= dict(values).keys():
        yield from explanations(_plain(values), str(path))
    else:
        for feature, label in values:
            if not isinstance(label, str):
                what = f'the label of "{feature}" is no text'
                raise UserError(what, where=str(path), todo=_FORMS)
            yield _Row(str(path), feature, label)


def _plain(value: object) -> object:
    """Objects as dicts again; of a key that is said twice the last one stands."""
    if isinstance(value, _Pairs):
        return {name: _plain(held) for name, held in value}
    return [_plain(held) for held in value] if isinstance(value, list) else value


class _Pairs(list[tuple[str, object]]):
    """A JSON object with the keys that it says twice."""


def _from_csv(text: str, path: Path) -> Iterator[_Row]:
    try:
        yield from _csv_rows(csv.reader(io.StringIO(text, newline=""), strict=True), path)
    except csv.Error as error:
        raise UserError(f"labels are no CSV ({error})", where=str(path), todo=_FORMS) from None


def _csv_rows(reader: Iterable[list[str]], path: Path) -> Iterator[_Row]:
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
            yield _Row(where, row[places[0]].strip(), row[places[1]])
