"""Ids in the order of a figure: a sort of two arrays, which is less than a query that sorts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Figures = npt.NDArray[np.float32] | npt.NDArray[np.float64]

_SIGN = np.uint32(1 << 31)
_LAST = np.uint32((1 << 32) - 1)
_HALF = np.uint32(16)


def in_order(ids: Ids, figures: Figures | None, *, descending: bool) -> Ids:
    """The ids by their figures; ties by id, and what has no figure last, whichever the direction.

    Args:
        ids: none of them twice.
        figures: one for each id, NaN where it has none; None: the ids themselves.
        descending: the largest figure first.
    """
    if figures is None:
        ordered = np.sort(ids)
        return ordered[::-1].copy() if descending else ordered
    if np.any(ids[1:] < ids[:-1]):
        by_id = np.argsort(ids)
        ids, figures = ids[by_id], figures[by_id]
    # A zero has one sign, or two that are equal would not be ties.
    keys = (-figures if descending else figures) + figures.dtype.type(0.0)
    return ids[_places(keys)]


def beside(ids: Ids, known: Ids, figures: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The figure of each of `ids`, NaN where it is not among the `known` ones.

    Args:
        ids: in any order.
        known: in ascending order.
        figures: one for each known id.
    """
    if np.array_equal(ids, known):
        return figures
    if not len(known):
        return np.full(len(ids), np.nan, np.float32)
    places = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[places] == ids, figures[places], np.float32(np.nan))


def _places(keys: Figures) -> npt.NDArray[np.intp]:
    """Where each key stands, the smallest first, ties as they are, NaN last."""
    if keys.dtype == np.float64:
        return np.argsort(keys, kind="stable")
    bits = np.ascontiguousarray(keys).view(np.uint32)
    ranked = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    ranked[np.isnan(keys)] = _LAST
    # By its lower half, then by its upper one: numpy counts 16 bits where it would compare 32.
    lower = np.argsort(ranked.astype(np.uint16), kind="stable")
    upper = (ranked >> _HALF).astype(np.uint16)[lower]
    return lower[np.argsort(upper, kind="stable")]
