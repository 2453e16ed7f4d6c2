"""What `outvoted index` takes: a source is one split of one file, folder or hub data set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.canonical import file_hash
from engine.errors import UserError
from engine.hh.arrow import read_arrow, read_parquet
from engine.hh.hub import PREFIX, hub_splits
from engine.hh.json_lines import read_json_lines
from engine.hh.record import HH_COLUMNS, BadRecord, Columns, Record
from engine.hh.saved import saved_splits
from engine.hh.tranches import HH_REPO, guess_split, guess_tranche, hh_ranges
from engine.remote import is_url, url_hash

_KINDS = (
    "hub:OWNER/NAME, a .jsonl, .jsonl.gz or .parquet file, a URL of a .parquet file, or a folder"
    " saved by datasets"
)
_SPLIT = re.compile(r"\w[\w.-]*")
_REPO = re.compile(r"[\w.-]+(/[\w.-]+)?")


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What the user says about a source; None is guessed."""

    split: str | None = None
    tranche: str | None = None
    columns: Columns = HH_COLUMNS
    in_place: bool = False
    """Whether texts stay in the source's file."""


@dataclass(frozen=True, slots=True)
class Source:
    """One split, not read yet."""

    name: str
    """`hub:REPO`, or the name of the file or folder."""
    split: str
    location: str
    """Where it was found: tells a changed file from another one of the same name."""
    files: tuple[Path, ...]
    """Empty where it is one file at a URL: `location`."""
    tranche: str
    ranges: dict[str, range] | None
    """The rows of each tranche, where the source holds several."""
    columns: Columns
    in_place: bool = False

    def hash(self) -> str:
        """16 hex digits over the bytes of its files."""
        return file_hash(*self.files) if self.files else url_hash(self.location)

    def records(self) -> Iterator[Record | BadRecord]:
        """Every record in order, rows without gaps from 0."""
        if not self.files:
            return read_parquet(self.location, self.columns)
        if self.files[0].suffix == ".parquet":
            return read_parquet(self.files[0], self.columns)
        if self.files[0].suffix == ".arrow":
            return read_arrow(self.files, self.columns)
        return read_json_lines(self.files[0], self.columns)

    def tranche_of(self, row: int) -> str | None:
        """The row's tranche; None: the row is of a tranche that was not asked for."""
        if self.ranges is None:
            return self.tranche
        return next((name for name, rows in self.ranges.items() if row in rows), None)


def open_sources(spec: str, options: SourceOptions) -> tuple[Source, ...]:
    """The splits that SOURCE names: one for a file, all (or `options.split`) for the others.

    Raises:
        UserError: it does not exist, is of an unknown kind, or cannot be reached.
    """
    if options.split is not None and not _SPLIT.fullmatch(options.split):
        raise UserError(
            f'"{options.split}" is no name for a split',
            todo="Use letters, digits, dots, dashes and underscores.",
        )
    if options.in_place and not spec.endswith(".parquet"):
        raise UserError(
            "only a Parquet file can be left where it is",
            where=spec,
            todo="Write the pairs as .parquet, or index them without --in-place.",
        )
    if is_url(spec):
        return (_at_url(spec, options),)
    if spec.startswith(PREFIX):
        return _from_hub(spec.removeprefix(PREFIX), options)
    path = Path(spec)
    if not path.exists():
        raise UserError("there is no such file", where=spec, todo=f"SOURCE is {_KINDS}.")
    if path.is_dir():
        return tuple(
            _local(path, split, files, options)
            for split, files in saved_splits(path, options.split).items()
        )
    if not path.name.endswith((".jsonl", ".jsonl.gz", ".parquet")):
        raise UserError("this kind of file is unknown", where=spec, todo=f"SOURCE is {_KINDS}.")
    return (_local(path, options.split or guess_split(path.name), (path,), options),)


def _local(path: Path, split: str, files: Sequence[Path], options: SourceOptions) -> Source:
    location = path.resolve()
    return Source(
        name=location.name,
        split=split,
        location=str(location),
        files=tuple(files),
        tranche=options.tranche or guess_tranche(location),
        ranges=None,
        columns=options.columns,
        in_place=options.in_place,
    )


def _at_url(url: str, options: SourceOptions) -> Source:
    name = url.rpartition("/")[2]
    if not name.endswith(".parquet"):
        raise UserError("only a .parquet file is read at a URL", where=url)
    return Source(
        name=name,
        split=options.split or guess_split(name),
        location=url,
        files=(),
        tranche=options.tranche or guess_tranche(Path(name)),
        ranges=None,
        columns=options.columns,
        in_place=options.in_place,
    )


def _from_hub(repo: str, options: SourceOptions) -> tuple[Source, ...]:
    if not _REPO.fullmatch(repo):
        raise UserError(f"{PREFIX}{repo} names no data set", todo=f"Write {PREFIX}{HH_REPO}.")
    return tuple(
        Source(
            name=f"{PREFIX}{repo}",
            split=split,
            location=f"{PREFIX}{repo}",
            files=fetched.files,
            tranche=options.tranche or repo.rpartition("/")[2],
            ranges=_ranges(repo, split, fetched.rows, options.tranche),
            columns=options.columns,
        )
        for split, fetched in hub_splits(repo, options.split).items()
    )


def _ranges(repo: str, split: str, rows: int, tranche: str | None) -> dict[str, range] | None:
    """HH's tranches, or the one asked for: rows keep their number either way."""
    ranges = hh_ranges(split, rows) if repo == HH_REPO else None
    if ranges is None or tranche is None:
        return ranges
    if tranche not in ranges:
        raise UserError(
            f'there is no tranche "{tranche}"; there are {", ".join(ranges)}',
            where=f"{PREFIX}{repo}",
        )
    return {tranche: ranges[tranche]}
