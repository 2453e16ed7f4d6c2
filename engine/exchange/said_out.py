"""What people said, going out: everybody's marks and notes, and everybody's pins."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from engine.cache.reader import IndexReader
from engine.exchange.table import NAME, Row, Table

TRIAGE = pa.schema(
    [
        ("user", pa.string()),
        *NAME,
        *((name, pa.string()) for name in ("content_hash", "mark", "note", "blind", "time")),
    ]
)
PINS = pa.schema(
    [
        *((name, pa.string()) for name in ("user", "heuristic", "key", "sae_hash")),
        ("features", pa.list_(pa.int32())),
        ("time", pa.string()),
    ]
)


def triage_table(reader: IndexReader) -> Table:
    """The last word of every user on each pair; pairs that are not here any more, too."""
    rows: Iterable[Row] = (
        {
            "user": user,
            **made.name._asdict(),
            "content_hash": made.content_hash,
            "mark": made.mark,
            "note": made.note,
            "blind": made.blind,
            "time": made.time,
        }
        for user, words in reader.words().items()
        for made in words
        if made.mark is not None or made.note is not None
    )
    return Table(TRIAGE, iter(rows))


def pins_table(reader: IndexReader) -> Table:
    """All that each user has pinned for a heuristic in one SAE; SAEs of no run here, too."""
    rows: Iterable[Row] = (
        {
            "user": user,
            "heuristic": made.heuristic,
            "key": made.key,
            "sae_hash": made.sae_hash,
            "features": list(made.features),
            "time": made.time,
        }
        for user, pins in reader.all_pins().items()
        for made in pins
    )
    return Table(PINS, iter(rows))
