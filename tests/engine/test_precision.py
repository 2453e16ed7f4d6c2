"""Which precision a model runs in where nobody says."""

from __future__ import annotations

import pytest

from engine.precision import usual_dtype


@pytest.mark.parametrize(
    ("stored", "capability", "dtype"),
    [
        ("bfloat16", (9, 0), "bfloat16"),
        ("bfloat16", (8, 0), "bfloat16"),
        ("bfloat16", (7, 5), "float32"),  # it emulates it, slowly
        ("float16", (7, 0), "float16"),
        ("float16", (6, 1), "float32"),
        ("float32", (9, 0), "float32"),  # nothing is cut unasked
        ("float16", None, "float32"),  # a CPU
    ],
)
def test_half_where_it_is_stored_so_and_quick_so(
    stored: str, capability: tuple[int, int] | None, dtype: str
) -> None:
    assert usual_dtype(stored, capability) == dtype
