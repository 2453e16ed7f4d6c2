"""Where the parts of a run are: a folder, or any URL that fsspec knows (an object store).

In a folder a part is written beside its name and renamed. An object store has no rename: there a
part is put under its final name at once, and that name ends in a hash of its bytes, so what was
not put whole counts for nothing and is measured again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import UserError
from engine.files import replacing, write_text
from engine.remote import file_system, is_url

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

COMPRESSION = "zstd"
TOLD = "parts.url"
"""The file in a run's folder that says where else its parts are."""
_DIGITS = 8


class PartPlace(Protocol):
    """Parts by stage and name; a name begins with what its part is."""

    def names(self, stage: str) -> list[str]:
        """The names of a stage's parts, in order."""
        ...

    def where(self, stage: str, name: str) -> str:
        """How a part is named to the user."""
        ...

    def opened(self, stage: str, name: str) -> pq.ParquetFile | None:
        """A part to read from; None where it was not written whole."""
        ...

    def write(self, stage: str, name: str, table: pa.Table) -> None:
        """Write a part whole, or nothing of it."""
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that everyone who measures sees."""

    path: Path

    def names(self, stage: str) -> list[str]:
        return sorted(path.name for path in (self.path / stage).glob("*.parquet"))

    def where(self, stage: str, name: str) -> str:
        return str(self.path / stage / name)

    def opened(self, stage: str, name: str) -> pq.ParquetFile | None:
        return pq.ParquetFile(self.path / stage / name)

    def write(self, stage: str, name: str, table: pa.Table) -> None:
        with replacing(self.path / stage / name) as beside:
            pq.write_table(table, beside, compression=COMPRESSION)


class Remote:
    """A URL of fsspec's. The file system is found when it is first needed, in any process."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def names(self, stage: str) -> list[str]:
        files, root = self._found()
        files.invalidate_cache()  # others write there too
        try:
            listed: list[str] = files.ls(f"{root}/{stage}", detail=False)
        except FileNotFoundError:
            return []
        return sorted(path.rpartition("/")[2] for path in listed if path.endswith(".parquet"))

    def where(self, stage: str, name: str) -> str:
        return f"{self._url}/{stage}/{name}"

    def opened(self, stage: str, name: str) -> pq.ParquetFile | None:
        files, root = self._found()
        content: bytes = files.cat_file(f"{root}/{stage}/{name}")
        whole = name.endswith(f"-{_hash(content)}.parquet")
        return pq.ParquetFile(pa.BufferReader(content)) if whole else None

    def write(self, stage: str, name: str, table: pa.Table) -> None:
        files, root = self._found()
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression=COMPRESSION)
        content = sink.getvalue().to_pybytes()
        folder = f"{root}/{stage}"
        target = f"{folder}/{name.removesuffix('.parquet')}-{_hash(content)}.parquet"
        try:
            files.pipe_file(target, content)
        except FileNotFoundError:  # this one has folders that must be made first
            files.makedirs(folder, exist_ok=True)
            files.pipe_file(target, content)

    def _found(self) -> tuple[AbstractFileSystem, str]:
        return file_system(self._url)


def place_of(named: str) -> PartPlace:
    """The place that a path or URL names; local ones are folders, however they are spelled."""
    if not is_url(named):
        return Folder(Path(named).expanduser().absolute())
    if named.startswith("file://"):
        return Folder(Path(file_system(named)[1]))
    return Remote(named)


def part_place(folder: Path, asked: str | None = None) -> PartPlace:
    """Where a run's parts are: in its own folder, or where its first sitting was told.

    Args:
        folder: the run's.
        asked: where to put a run's parts, in a folder of the run's name; kept for later sittings.

    Raises:
        UserError: its parts are elsewhere already.
    """
    file = folder / TOLD
    told = file.read_text(encoding="utf-8").strip() if file.exists() else None
    if asked is not None:
        wanted = f"{asked if is_url(asked) else Path(asked).expanduser().absolute()}"
        wanted = f"{wanted.rstrip('/')}/{folder.name}"
        if told is None and not any(_own(folder)):
            place_of(wanted).names("base")  # a place that cannot be asked is told now
            write_text(file, f"{wanted}\n")
            told = wanted
        elif told != wanted:
            raise UserError(
                f"the parts of run {folder.name} are in {told or folder / 'parts'}",
                where="--parts",
                todo="Leave the option out, and the run goes on with them where they are.",
            )
    return Folder(folder / "parts") if told is None else place_of(told)


def _own(folder: Path) -> Iterator[Path]:
    return (folder / "parts").rglob("*.parquet")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
