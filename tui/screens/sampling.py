"""What is typed to draw a reading sample: how many pairs, and a seed."""

from __future__ import annotations

import secrets

from engine.cache.records import Sample
from engine.errors import UserError

PROMPT = "reading sample: how many pairs, and a seed (empty: all)"
_SEEDS = 10_000
_LONGEST = 12


def sample_text(sample: Sample | None) -> str:
    """What one types to draw this sample."""
    return "" if sample is None else f"{sample.size} {sample.seed}"


def parse_sample(text: str) -> Sample | None:
    """Read `50` or `50 1234`; without a seed one is drawn. None: no sample.

    Raises:
        UserError: it is neither.
    """
    words = text.split()
    if not words:
        return None
    numbers = [_number(word) for word in words]
    size, *seeds = numbers
    if None in numbers or size == 0 or len(seeds) > 1 or size is None:
        raise UserError(
            f'"{text}" draws no sample', todo="Type how many pairs, and a seed: 50 1234."
        )
    seed = seeds[0] if seeds and seeds[0] is not None else secrets.randbelow(_SEEDS)
    return Sample(size, seed)


def _number(word: str) -> int | None:
    plain = word.isascii() and word.isdecimal() and len(word) <= _LONGEST
    return int(word) if plain else None
