"""`--trained-rows`: ranges of rows, typed or in a file, and the pairs they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.cache.pair_spec import PairSpec
from engine.cache.pairs import PairStore
from engine.errors import UserError
from engine.files import at_home, is_there
from engine.hh import split_pair_id

_WHERE = "--trained-rows"
_FORMS = "Write `296-2311`, `test:296-2311` or `source:test:296-2311`, several with commas."
_RANGE = re.compile(r"([0-9]{1,12})(?:-([0-9]{1,12}))?")
_IDS = "SELECT id FROM pairs"


@dataclass(frozen=True, slots=True)
class RowRange:
    """Rows first to last, both of them too; None: any source, any split."""

    source: str | None
    split: str | None
    first: int
    last: int

    def __str__(self) -> str:
        names = [name for name in (self.source, self.split) if name is not None]
        return ":".join([*names, f"{self.first}-{self.last}"])


@dataclass(frozen=True, slots=True)
class Rows:
    """The pairs of the sources that ranges name."""

    inside: set[int]
    outside: set[int]
    """In the same source, in none of its ranges."""


def parse_rows(spec: str) -> list[RowRange]:
    """Ranges parted by commas, or a file of them, one a line; after `#` a line says nothing.

    Raises:
        UserError: a range is malformed; the file cannot be read.
    """
    path = at_home(spec)
    if not (is_there(path) and path.is_file()):
        return [_range(part.strip(), _WHERE) for part in spec.split(",")]
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"it cannot be read ({error})", where=str(path)) from None
    stated = [(number, line.partition("#")[0].strip()) for number, line in enumerate(lines, 1)]
    found = [
        _range(part.strip(), f"{path}, line {number}")
        for number, line in stated
        if line
        for part in line.split(",")
    ]
    if not found:
        raise UserError("it names no rows", where=str(path), todo=_FORMS)
    return found


def trained_rows(store: PairStore, ranges: Sequence[RowRange]) -> Rows:
    """The pairs in these ranges, and the others of the sources that they speak of.

    Raises:
        UserError: a range could be of several sources, or holds no pair of the index.
    """
    with store.cursor() as cursor:
        ids = [identifier for (identifier,) in cursor.execute(_IDS).fetchall()]
    rows: dict[int, dict[int, int]] = {}
    for identifier in ids:
        number, row = split_pair_id(identifier)
        rows.setdefault(number, {})[row] = identifier
    inside: set[int] = set()
    spoken_of: set[int] = set()
    for each in ranges:
        number = _source(store, each)
        held = rows.get(number, {})
        found = {held[row] for row in held if each.first <= row <= each.last}
        if not found:
            raise UserError(
                f"the index has no pair in {each}",
                where=_WHERE,
                todo=f"Its last row there is {max(held)}." if held else None,
            )
        inside |= found
        spoken_of.add(number)
    others = {identifier for number in spoken_of for identifier in rows[number].values()}
    return Rows(inside, others - inside)


def _range(text: str, where: str) -> RowRange:
    *names, rows = text.rsplit(":", 2)
    parsed = _RANGE.fullmatch(rows)
    if not parsed or int(parsed[2] or parsed[1]) < int(parsed[1]):
        raise UserError(f'"{text}" is no range of rows', where=where, todo=_FORMS)
    source, split = [None, None, *names][-2:]
    return RowRange(source, split, int(parsed[1]), int(parsed[2] or parsed[1]))


def _source(store: PairStore, wanted: RowRange) -> int:
    spec = PairSpec(wanted.source, wanted.split, wanted.first)
    fits = [info for info in store.sources.values() if spec.fits(info.source, info.split)]
    if len(fits) == 1:
        return fits[0].number
    held = ", ".join(f"{info.source}:{info.split}" for info in fits or store.sources.values())
    several = "could be of any of several sources" if fits else "is of no source of this index"
    raise UserError(f"{wanted} {several}", where=_WHERE, todo=f"There are {held}.")
