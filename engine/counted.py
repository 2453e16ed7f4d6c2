"""How many there are of something, in words."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """`1 pair`, `2,312 pairs`: of a word that takes an s."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
