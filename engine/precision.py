"""Which precision a model runs in where nobody says: half where it is stored so and quick so."""

from __future__ import annotations

SINCE = {"bfloat16": (8, 0), "float16": (7, 0)}
"""The CUDA compute capability from which on a GPU has matrix units for it."""


def usual_dtype(stored: str, capability: tuple[int, int] | None) -> str:
    """The dtype to run a model in: `float32`, `bfloat16` or `float16`.

    Weights that are stored in half precision lose nothing by it but what sums lose, and that the
    noise floor measures. Weights stored in float32 are never cut unasked, and a CPU is given
    float32: without instructions of its own for half precision it is several times slower in it.

    Args:
        stored: what most of its weights are stored as, by torch's name.
        capability: of the CUDA device; None on any other.
    """
    half = capability is not None and stored in SINCE and capability >= SINCE[stored]
    return stored if half else "float32"
