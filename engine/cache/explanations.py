"""Feature labels as Neuronpedia has them: explanations, one JSON object for each.

Its export holds them line by line (`explanations/batch-0.jsonl.gz`), its API as one array, or
inside the one feature that was asked for. Each names the SAE it is of.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UserError
from engine.files import read_bounded

LARGEST = 64 << 20
"""Bytes of one file, unpacked; a label for each of a million features is no more."""

_LINES = (".jsonl", ".jsonl.gz")
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one of them says."""

    where: str
    feature: str
    label: str
    sae: str
    """`model/source`, as far as it is told."""


def files_of(path: Path) -> list[Path]:
    """The file itself; of a folder its files of lines, in the order of their numbers.

    Raises:
        UserError: a folder has none.
    """
    if not path.is_dir():
        return [path]
    found = [file for file in path.iterdir() if file.name.endswith(_LINES)]
    if not found:
        raise UserError(
            "no file in the folder ends in .jsonl or .jsonl.gz",
            where=str(path),
            todo="Name the folder `explanations` of an export, or one file.",
        )
    return sorted(found, key=lambda file: [int(part) for part in _NUMBER.findall(file.name)])


def read_text(path: Path) -> str:
    """A file's text, unpacked where its name ends in .gz.

    Raises:
        UserError: it cannot be read, is too large, or is no text.
    """
    try:
        data = _unpacked(path) if path.suffix == ".gz" else read_bounded(path, LARGEST)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError("labels are no UTF-8 text", where=str(path)) from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"labels cannot be read: {reason}", where=str(path)) from None


def _unpacked(path: Path) -> bytes:
    with gzip.open(path) as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UserError(
            f"unpacked it is larger than {LARGEST >> 20} MiB", where=str(path), todo="Cut it."
        )
    return data


def has_lines(path: Path) -> bool:
    """Whether each line of the file is an object of its own."""
    return path.name.endswith(_LINES)


def from_lines(text: str, path: Path) -> Iterator[Explanation]:
    """Explanations line by line.

    Raises:
        UserError: a line is no explanation.
    """
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            where = f"{path}, line {number}"
            try:
                values = json.loads(line)
            except (ValueError, RecursionError):
                raise UserError("it is no JSON", where=where) from None
            yield from explanations(values, where)


def explanations(values: object, where: str) -> Iterator[Explanation]:
    """Those that an object holds: itself, or the ones of a feature.

    Raises:
        UserError: it is no explanation.
    """
    if not isinstance(values, Mapping) or "index" not in values:
        raise _none(where)
    index, sae = values["index"], "/".join(_texts(values, "modelId", "layer"))
    feature = str(index) if isinstance(index, int | str) and not isinstance(index, bool) else ""
    told = values.get("explanations", [values])
    if not isinstance(told, list):
        raise _none(where)
    for each in told:
        label = each.get("description") if isinstance(each, Mapping) else None
        if not isinstance(label, str):
            raise _none(where)
        yield Explanation(where, feature, label, sae)


def _texts(values: Mapping[object, object], *names: str) -> Iterator[str]:
    for name in names:
        value = values.get(name)
        if isinstance(value, str) and value:
            yield value


def _none(where: str) -> UserError:
    return UserError(
        "it is no explanation of a feature: index and description are missing",
        where=where,
        todo="Take the explanations of an export, or write feature,label as CSV.",
    )
