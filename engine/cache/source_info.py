"""What a source file on disk says of itself, read as it is attached."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

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

    @property
    def made_of(self) -> str:
        """16 hex digits: of its files, and of the options that decide what is stored of them."""
        return short_hash([self.hash, self.settings])


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
        UserError: it is no such file, it is damaged, or another version of Outvoted wrote it.
    """
    try:
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS {alias} (READ_ONLY)")
        meta: dict[str, str] = dict(connection.table(f"{alias}.main.meta").fetchall())
        version = meta.pop("schema_version")
        if version != str(SCHEMA_VERSION):
            raise UserError(
                f"it has schema version {version}, this Outvoted reads version {SCHEMA_VERSION}",
                where=str(path),
                todo="Delete the file and index its source again, or use another --name.",
            )
        fields = {key: json.loads(value) for key, value in meta.items()}
        return SourceInfo(**(fields | {"bad_records": tuple(fields["bad_records"])}))
    except (duckdb.Error, KeyError, TypeError, ValueError):
        raise UserError(
            "it is damaged, or no source file of an index",
            where=str(path),
            todo="Delete it and index its source again.",
        ) from None
