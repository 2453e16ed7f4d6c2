"""Where in a pair's responses each feature fires most: its strongest token, in characters."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.cache import tables
from engine.hh import SIDES
from engine.measure.prepare import Prepared


def strongest_tokens(texts: pa.Table, prepared: Iterable[Prepared]) -> pa.Table:
    """One row (`tables.PEAKS`) for each pair and feature that fires in its response texts.

    Args:
        texts: `tables.TEXT_ACTIVATIONS`: sparse activations over both response texts.
        prepared: the pairs to take from it, tokenised as they were for it.
    """
    rows = {identifier: place for place, identifier in enumerate(texts["id"].to_pylist())}
    found = [_of_pair(texts, rows[item.pair.id], item) for item in prepared]
    return pa.concat_tables([tables.PEAKS.empty_table(), *found])


def _of_pair(texts: pa.Table, row: int, prepared: Prepared) -> pa.Table:
    side, position, feature = (
        _column(texts, name, row).astype(np.int32) for name in ("side", "position", "feature")
    )
    value = _column(texts, "value", row).astype(np.float32)
    # By feature, the highest value first; of equals the one that is read first.
    order = np.lexsort((position, side, -value, feature))
    features, first = np.unique(feature[order], return_index=True)
    strongest = order[first]
    context = len(prepared.pair.context)
    spans = [
        prepared.tokens(SIDES[number]).offsets[place]
        for number, place in zip(side[strongest], position[strongest], strict=True)
    ]
    columns = {
        "id": np.full(len(features), prepared.pair.id),
        "feature": features,
        "side": side[strongest],
        "start": [max(start - context, 0) for start, _ in spans],
        "end": [end - context for _, end in spans],
    }
    return pa.table(columns, schema=tables.PEAKS)


def _column(table: pa.Table, name: str, row: int) -> npt.NDArray[np.generic]:
    values: npt.NDArray[np.generic] = table[name][row].values.to_numpy(zero_copy_only=False)
    return values
