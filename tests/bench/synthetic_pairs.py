"""Pairs in HH's format and of HH's size, composed from a seed: no text of anybody's in them.

Lengths, repeated contexts and the share of bearers are near those of HH's train split (urls
199/940 and "I don't know" 165/230 on the chosen and on the rejected side of 160,800).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from engine.hh.source import Source, SourceOptions, open_sources
from engine.hh.tranches import HH_ROWS

HH_PAIRS = 160_800
_VOCABULARY = 4_000
_SENTENCES = 20_000
_CONTEXT, _RESPONSE = (2, 12), (1, 6)
"""How many sentences of some 60 characters: at least, at most."""
_CARRIED = {
    "chosen": {" See https://example.org/{row}.": 199, " I don't know, {row}.": 90}
    | {" I don’t know, {row}.": 75, " I'm sorry, {row}.": 5_200},
    "rejected": {" See https://example.org/{row}.": 940, " I don't know, {row}.": 130}
    | {" I don’t know, {row}.": 100, " I'm sorry, {row}.": 7_900},
}
"""How many of HH's pairs carry each on a side."""
_REPEATED, _SWAPPED, _IDENTICAL = 0.04, 0.001, 0.0002
_GROUP = 20_000


def write_pairs(file: Path, pairs: int, seed: int) -> Source:
    """Write so many pairs as Parquet; the source, cut into HH's tranches in HH's proportions."""
    schema = pa.schema([("chosen", pa.string()), ("rejected", pa.string())])
    records = _records(pairs, random.Random(seed))
    with pq.ParquetWriter(file, schema) as writer:
        while group := list(itertools.islice(records, _GROUP)):
            chosen, rejected = zip(*group, strict=True)
            writer.write_table(pa.table([chosen, rejected], schema=schema))
    (source,) = open_sources(str(file), SourceOptions(split="train"))
    return replace(source, ranges=_ranges(pairs))


def _ranges(pairs: int) -> dict[str, range]:
    sizes = HH_ROWS["train"]
    ends = [round(pairs * end / HH_PAIRS) for end in itertools.accumulate(sizes.values())]
    starts = [0, *ends]
    return {
        name: range(*span) for name, span in zip(sizes, itertools.pairwise(starts), strict=True)
    }


def _records(pairs: int, rng: random.Random) -> Iterator[tuple[str, str]]:
    sentences = _sentences(rng)
    context, chosen, rejected = "", "", ""
    for row in range(pairs):
        if row and rng.random() < _SWAPPED:
            chosen, rejected = rejected, chosen
            yield context + chosen, context + rejected
            continue
        if not row or rng.random() >= _REPEATED:
            context = _context(row, sentences, rng)
        chosen, rejected = (_response(row, side, sentences, rng) for side in _CARRIED)
        if rng.random() < _IDENTICAL:
            rejected = chosen
        yield context + chosen, context + rejected


def _context(row: int, sentences: list[str], rng: random.Random) -> str:
    asked = f"\n\nHuman: {row}{_text(sentences, rng, *_CONTEXT)}"
    if rng.random() < 0.5:
        answered = _text(sentences, rng, *_RESPONSE)
        asked += f"\n\nAssistant:{answered}\n\nHuman:{_text(sentences, rng, 1, 3)}"
    return f"{asked}\n\nAssistant:"


def _response(row: int, side: str, sentences: list[str], rng: random.Random) -> str:
    text = _text(sentences, rng, *_RESPONSE)
    for carried, count in _CARRIED[side].items():
        if rng.random() < count / HH_PAIRS:
            text += carried.format(row=row)
    return text


def _text(sentences: list[str], rng: random.Random, least: int, most: int) -> str:
    return "".join(rng.choices(sentences, k=rng.randint(least, most)))


def _sentences(rng: random.Random) -> list[str]:
    """Sentences of made-up words, the first words the most frequent ones, as in any language."""
    words = [
        "".join(rng.choices("abdegiklmnoprstuvyz", k=rng.randint(2, 9))) for _ in range(_VOCABULARY)
    ]
    weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(_VOCABULARY)))
    return [
        " " + " ".join(rng.choices(words, cum_weights=weights, k=rng.randint(5, 15))) + "."
        for _ in range(_SENTENCES)
    ]
