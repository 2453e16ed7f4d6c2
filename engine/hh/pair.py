"""A pair: one HH record, cut into a shared context and two responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from engine.canonical import text_hash

Side = Literal["chosen", "rejected"]
SIDES: tuple[Side, Side] = ("chosen", "rejected")

_ROW_BITS = 40


def pair_id(source_number: int, row: int) -> int:
    """The permanent id of a pair inside one index: source number << 40 | row."""
    return source_number << _ROW_BITS | row


def split_pair_id(identifier: int) -> tuple[int, int]:
    """The source number and the row of a permanent id."""
    return identifier >> _ROW_BITS, identifier & ((1 << _ROW_BITS) - 1)


class PairName(NamedTuple):
    """What names a pair for good, in any index: where it came from and its place there."""

    source: str
    split: str
    row: int

    def __str__(self) -> str:
        return f"{self.source}:{self.split}:{self.row}"


@dataclass(frozen=True, slots=True)
class Pair:
    """One record. Context + response gives back either transcript, byte for byte."""

    id: int
    name: PairName
    tranche: str
    context: str
    chosen: str
    rejected: str

    @property
    def transcripts(self) -> tuple[str, str]:
        """Both transcripts, chosen first."""
        return self.context + self.chosen, self.context + self.rejected

    def response(self, side: Side) -> str:
        return self.chosen if side == "chosen" else self.rejected

    def transcript(self, side: Side) -> str:
        return self.context + self.response(side)

    @property
    def content_hash(self) -> str:
        """16 hex digits that guard the name: the texts are what they were."""
        return text_hash(*self.transcripts)

    @property
    def context_hash(self) -> str:
        """16 hex digits by which bootstraps and cross-fitting group pairs."""
        return text_hash(self.context)
