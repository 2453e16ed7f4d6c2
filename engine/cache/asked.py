"""What a measurement was asked for, looked through before torch and a PM are loaded for it.

A mistake in what names pairs is told in a moment, not after the models are in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.cache.layout import IndexPaths
from engine.cache.pairs import open_pairs
from engine.cache.picked import chosen_ids
from engine.cache.trained_on import train_on
from engine.cache.training import Told

BEARERS = "bearers"
"""What `--pairs` says where nothing is measured but bearers and the sample."""


def check_asked(
    paths: IndexPaths, pairs: str, *, rows: Sequence[str], tranches: Sequence[str]
) -> None:
    """Find the pairs that are named, and drop them.

    Args:
        paths: of the index.
        pairs: `bearers`, `all` or a filter.
        rows: ranges of rows that the PM was trained on.
        tranches: tranches that it was trained on.

    Raises:
        UserError: the filter, a range or a tranche is at fault, or names no pair.
    """
    store = open_pairs(paths)
    try:
        if pairs != BEARERS:
            chosen_ids(store, pairs)
        if rows or tranches:
            train_on(store, Told(tuple(rows), tuple(tranches)))
    finally:
        store.close()
