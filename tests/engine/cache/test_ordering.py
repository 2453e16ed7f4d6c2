"""A list is ordered by its figures: ties by id, and what has no figure last."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.ordering import beside, in_order

FIGURES = st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.0]), st.floats(width=32))
LISTS = st.dictionaries(st.integers(0, (1 << 62) - 1), FIGURES, max_size=12)


@given(known=LISTS, descending=st.booleans())
def test_the_order_is_that_of_sorted_pairs_of_figure_and_id(
    known: dict[int, float | None], descending: bool
) -> None:
    def place(identifier: int) -> tuple[bool, float, int]:
        figure = known[identifier]
        if figure is None or math.isnan(figure):
            return True, 0.0, identifier
        return False, -figure if descending else figure, identifier

    ids = np.array(list(known), dtype=np.int64)
    figures = np.array([math.nan if at is None else at for at in known.values()], np.float64)
    for kept in (figures, figures.astype(np.float32)):
        ordered = in_order(ids, kept, descending=descending)
        assert ordered.tolist() == sorted(known, key=place)


def test_without_figures_the_ids_are_the_order() -> None:
    ids = np.array([3, 1, 2])
    assert in_order(ids, None, descending=False).tolist() == [1, 2, 3]
    assert in_order(ids, None, descending=True).tolist() == [3, 2, 1]


def test_a_pair_that_was_not_measured_has_no_figure() -> None:
    known, figures = np.array([1, 3]), np.array([0.5, -1.0], np.float32)
    found = beside(np.array([3, 2, 9, 1]), known, figures)
    assert np.array_equal(found, np.array([-1.0, np.nan, np.nan, 0.5], np.float32), equal_nan=True)
    assert np.isnan(beside(known, known[:0], figures[:0])).all()
