"""What a source file on disk says of itself, read as it is attached."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import duckdb

from engine.cache.texts import TextsAt
from engine.canonical import short_hash
from engine.errors import UserError

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What the `meta` table says of a source file."""

    number: int
    source: str
    split: str
    location: str
    hash: str
    """Of the files it was made from."""
    settings: str
    """Hash of the options that decide what is stored of them."""
    pairs: int
    skipped: int
    bad_records: tuple[str, ...]
    """The first of the records that were skipped, as `where: what`."""
    texts: TextsAt | None = None
    """Where they were left; None: they are in the source file."""

    @property
    def made_of(self) -> str:
        """16 hex digits: of its files, and of the options that decide what is stored of them."""
        return short_hash([self.hash, self.settings])


class OlderError(UserError):
    """An earlier version of Outvoted wrote the file: `index` writes it anew under its number."""

    def __init__(self, path: Path, version: int, info: SourceInfo) -> None:
        self.info = info
        """What it is of; nothing is known of its bytes."""
        split = "" if info.location.startswith("hub:") else f" --split {quote(info.split)}"
        super().__init__(
            f"it has schema version {version}, this Outvoted reads version {SCHEMA_VERSION}",
            where=str(path),
            todo=f"Upgrade it with `outvoted index {quote(info.location)}{split}` and the options"
            " it was made with: it keeps its number, and with it its marks and runs.",
        )


def stamp(path: Path) -> tuple[int, int]:
    """What tells a file from the one that replaced it; zeros: it is not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_ino, status.st_mtime_ns


def read_info(path: Path) -> SourceInfo | None:
    """What a source file holds; None: there is none.

    Raises:
        UserError: as `attach` does.
    """
    with duckdb.connect(":memory:") as connection:
        return attach(connection, path, "source") if path.exists() else None


def attach(connection: duckdb.DuckDBPyConnection, path: Path, alias: str) -> SourceInfo:
    """Attach a source file for reading, as `alias`, and say what it holds.

    Raises:
        OlderError: an earlier version of Outvoted wrote it.
        UserError: it is no such file, it is damaged, or a later version wrote it.
    """
    try:
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS {alias} (READ_ONLY)")
        meta: dict[str, str] = dict(connection.table(f"{alias}.main.meta").fetchall())
        version = int(meta.pop("schema_version"))
        fields = {key: json.loads(value) for key, value in meta.items()}
        if version < SCHEMA_VERSION:
            raise OlderError(path, version, _of_old(path, fields))
        if version > SCHEMA_VERSION:
            raise UserError(
                f"it has schema version {version}, this Outvoted reads version {SCHEMA_VERSION}",
                where=str(path),
                todo="A later Outvoted wrote it: update this one, or use another --name.",
            )
        texts = fields.get("texts")  # the first of these files lack it
        fields["texts"] = texts and TextsAt(**texts)
        return SourceInfo(**(fields | {"bad_records": tuple(fields["bad_records"])}))
    except (duckdb.Error, KeyError, TypeError, ValueError):
        raise UserError(
            "it is damaged, or no source file of an index",
            where=str(path),
            todo="Delete it and index its source again.",
        ) from None


def _of_old(path: Path, fields: Mapping[str, Any]) -> SourceInfo:
    """What any version says of a source: what it is called, and where it was found."""
    name, split, location = (str(fields[key]) for key in ("source", "split", "location"))
    return SourceInfo(int(path.stem), name, split, location, "", "", 0, 0, ())
