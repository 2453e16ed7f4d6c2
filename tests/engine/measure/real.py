"""Real bearers of two patterns, short ones first: a plain forward takes its time."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.cache.bearers import Borne
from engine.heuristics import Heuristic, bearing, compile_heuristic
from engine.hh import Pair, PairName, split_pair
from engine.measure.instrument import Instrument
from tests.engine.measure.plain import PlainModel

HOOK = "model.layers.4"
DUNNO = Heuristic("dunno", "I don't know", fold=True)
URL = Heuristic("url", "https://")

SHARED_BEGINNING = (2130,)
"""A row whose responses begin alike."""
DUNNO_ROWS = (1642, 681, 2101, 236, 2080, 2013, 227)
URL_ROWS = (775, 1252)


@dataclass(frozen=True, slots=True)
class Real:
    """The shared PM with one of its SAEs, and the plain model of the same folder."""

    plain: PlainModel
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class Bearer:
    """A real pair, and where its bearer has the pattern."""

    pair: Pair
    borne: Borne
    heuristic: Heuristic


def read_pairs(path: Path) -> tuple[Pair, ...]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return tuple(
        Pair(
            id=row,
            name=PairName(path.name, "test", row),
            tranche="harmless-base",
            **dict(
                zip(
                    ("context", "chosen", "rejected"),
                    split_pair(record["chosen"], record["rejected"]),
                    strict=True,
                )
            ),
        )
        for row, record in enumerate(records)
    )


def bearers_at(
    pairs: Sequence[Pair], rows: Sequence[int], heuristic: Heuristic
) -> tuple[Bearer, ...]:
    matcher = compile_heuristic(heuristic)
    found = []
    for row in rows:
        made = bearing(matcher, pairs[row])
        assert made is not None, f"row {row} has no bearer of {heuristic.pattern}"
        found.append(Bearer(pairs[row], Borne(row, made.bearer, made.spans), heuristic))
    return tuple(found)
