"""PAIR on the command line: `row`, `split:row` or `source:split:row`, parsed from the right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import UserError
from engine.hh import PairName

if TYPE_CHECKING:
    from engine.cache.source_info import SourceInfo

_FORMS = "PAIR is `row`, `split:row` or `source:split:row`."
_LISTED = 10


@dataclass(frozen=True, slots=True)
class PairSpec:
    """What was typed; None: left open."""

    source: str | None
    split: str | None
    row: int

    def fits(self, source: str, split: str) -> bool:
        return self.source in (None, source) and self.split in (None, split)


def parse_pair_spec(spec: str) -> PairSpec:
    """Read PAIR from the right: a source's name may hold colons itself.

    Raises:
        UserError: its last part is no row.
    """
    *names, row = spec.rsplit(":", 2)
    if not (row.isascii() and row.isdecimal() and len(row) <= 12):
        raise UserError(f'"{spec}" names no pair: "{row}" is no row', todo=_FORMS)
    source, split = [None, None, *names][-2:]
    return PairSpec(source, split, int(row))


def several_pairs(spec: str, names: Iterable[PairName]) -> UserError:
    """The spec could be any of these."""
    return UserError(f'"{spec}" could be any of these: {_listed(names)}', todo="Name one of them.")


def no_such_pair(
    spec: str, elsewhere: Sequence[PairName], sources: Iterable[SourceInfo]
) -> UserError:
    """No pair is called that: which ones have its row, or else what the sources are."""
    if elsewhere:
        return UserError(f'there is no pair "{spec}"', todo=f"Its row is in {_listed(elsewhere)}.")
    held = ", ".join(f"{info.source}:{info.split} ({info.pairs} pairs)" for info in sources)
    return UserError(f'there is no pair "{spec}"', todo=f"The index holds {held}.")


def _listed(names: Iterable[PairName]) -> str:
    texts = [str(name) for name in names]
    more = len(texts) - _LISTED
    return ", ".join(texts[:_LISTED]) + (f" and {more} more" if more > 0 else "")
