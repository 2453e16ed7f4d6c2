"""What a discovery reads of an index and its run: margins, and on which sides features fire."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_PAIRS = """
SELECT p.id, p.tranche, r.margin::DOUBLE AS margin
FROM pairs p LEFT JOIN rewards r ON r.id = p.id ORDER BY p.id
"""
_FIRING = """
WITH fires AS (
    SELECT f.feature, m.margin, m.residual,
        f.activation_chosen > 0 AS chosen, f.activation_rejected > 0 AS rejected,
        f.activation_chosen > 0 AND NOT f.activation_rejected > 0 AS chosen_only,
        f.activation_rejected > 0 AND NOT f.activation_chosen > 0 AS rejected_only,
        CASE WHEN f.activation_chosen > 0 THEN m.agreed ELSE 1 - m.agreed END AS expected
    FROM by_feature f JOIN known_margins m USING (id)
)
SELECT feature,
    count(*) FILTER (chosen_only)::DOUBLE AS chosen_only,
    count(*) FILTER (rejected_only)::DOUBLE AS rejected_only,
    count(*) FILTER (chosen AND rejected)::DOUBLE AS both,
    coalesce(sum(margin) FILTER (chosen_only), 0) AS margin_chosen,
    coalesce(sum(margin) FILTER (rejected_only), 0) AS margin_rejected,
    coalesce(sum(residual) FILTER (chosen_only), 0)
        - coalesce(sum(residual) FILTER (rejected_only), 0) AS pushed,
    coalesce(sum(residual * residual) FILTER (chosen_only OR rejected_only), 0) AS square,
    coalesce(sum(expected) FILTER (chosen_only OR rejected_only), 0) AS expected,
    coalesce(sum(expected * (1 - expected)) FILTER (chosen_only OR rejected_only), 0) AS variance
FROM fires WHERE chosen OR rejected GROUP BY feature ORDER BY feature
"""


@dataclass(frozen=True, slots=True, eq=False)
class IndexedPairs:
    """Every pair of an index, in the order of the ids; arrays of [pairs]."""

    ids: npt.NDArray[np.int64]
    tranches: npt.NDArray[np.str_]
    margins: Floats
    """NaN where the run has none."""


def indexed_pairs(cursor: duckdb.DuckDBPyConnection) -> IndexedPairs:
    """Ids, tranches and margins, from the views `pairs` and `rewards`."""
    found = cursor.execute(_PAIRS).fetchnumpy()
    return IndexedPairs(
        ids=np.asarray(found["id"], dtype=np.int64),
        tranches=np.asarray(found["tranche"], dtype=np.str_),
        margins=np.ma.filled(np.ma.asarray(found["margin"], dtype=np.float64), np.nan),
    )


def firing(
    cursor: duckdb.DuckDBPyConnection,
    ids: npt.NDArray[np.int64],
    margin: Floats,
    residual: Floats,
    agreed: Floats,
) -> tuple[npt.NDArray[np.int64], dict[str, Floats]]:
    """The features that fire anywhere in the run, and sums over the pairs where one side fires.

    Args:
        cursor: of a connection with the view `by_feature`.
        ids: [pairs] of the pairs whose margins are known.
        margin: [pairs].
        residual: [pairs], the part of the margin that wording has to account for.
        agreed: [pairs], the chance that the PM gives the label.

    Returns:
        [features] numbers, ascending, and for each name of a sum [features]: above all
        `chosen_only`, `rejected_only` and `both`, counts of pairs.
    """
    known = {"id": ids, "margin": margin, "residual": residual, "agreed": agreed}
    cursor.register("known_margins", known)
    found = cursor.execute(_FIRING).fetchnumpy()
    cursor.unregister("known_margins")
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}
    return columns.pop("feature").astype(np.int64), columns
