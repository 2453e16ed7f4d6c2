"""Where things are: the cache folder, and the files of one index inside it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UserError
from engine.files import at_home

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_CHECKOUT = Path(__file__).resolve().parents[2]


def cache_dir(option: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The cache folder: the option, $OUTVOTED_CACHE, the checkout's `cache/`, or the user's."""
    if named := option or environment.get("OUTVOTED_CACHE"):
        return at_home(named)
    if (_CHECKOUT / "pyproject.toml").is_file():
        return _CHECKOUT / "cache"
    from platformdirs import user_cache_path  # a checkout does without

    return user_cache_path("outvoted")


@dataclass(frozen=True, slots=True)
class IndexPaths:
    """The files of one index (docs/schema.md: its tables). Its name never leaves the cache.

    Raises:
        UserError: the name could lead out of the cache folder, or is no plain file name.
    """

    cache: Path
    name: str = "default"

    def __post_init__(self) -> None:
        _checked(self.name, "an index")

    @property
    def folder(self) -> Path:
        return self.cache / self.name

    @property
    def sources(self) -> Path:
        return self.folder / "sources"

    @property
    def heuristics(self) -> Path:
        return self.folder / "heuristics"

    @property
    def kept_heuristics(self) -> Path:
        """The patterns that were kept while the index was browsed, to be read and edited."""
        return self.folder / "heuristics.toml"

    @property
    def duplicates(self) -> Path:
        return self.folder / "duplicates"

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def triage(self) -> Path:
        return self.folder / "triage"

    @property
    def custom(self) -> Path:
        return self.folder / "custom"

    def source(self, number: int) -> Path:
        return self.sources / f"{number}.duckdb"

    def source_numbers(self) -> tuple[int, ...]:
        """The numbers of the sources that are there, in order."""
        names = (path.stem for path in self.sources.glob("*.duckdb"))
        return tuple(sorted(int(name) for name in names if name.isdecimal() and name.isascii()))

    def run(self, run: str) -> Path:
        return self.runs / _checked(run, "a run")


def _checked(name: str, what: str) -> str:
    if not _NAME.fullmatch(name):
        raise UserError(
            f'"{name}" cannot name {what}',
            todo="Use letters, digits, dots, dashes and underscores, and no dot first.",
        )
    return name
