"""Margins and calibration by tranche: pooled figures alone mislead (design, section 2)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from engine.cache.sealed import Standing
from engine.report.report import POOLED, Margins, MarginsRow
from engine.verdict import calibrate, cross_fitted_scores, fold_of


def tranche_margins(standing: Standing, tranches: Mapping[str, int]) -> Margins:
    """Calibrate each tranche and all of them, on the margins that stand for the index.

    Args:
        standing: those margins.
        tranches: how many pairs of the index each tranche has, in the order to tell them.
    """
    margins = np.array(standing.margins, dtype=np.float64)
    # Both sides of a fold see every tranche; within one, contexts are dealt out in turn.
    fold = fold_of(standing.context_hashes, standing.tranches)
    of_tranche = np.array(standing.tranches, dtype=np.str_)
    rows = []
    for tranche, count in tranches.items():
        kept = of_tranche == tranche
        rows.append(_row(tranche, count, margins[kept], fold[kept], pooled=False))
    return Margins(
        complete=standing.complete,
        pairs=margins.size,
        pooled=_row(POOLED, sum(tranches.values()), margins, fold, pooled=True),
        tranches=tuple(rows),
    )


def _row(
    name: str,
    in_index: int,
    margins: npt.NDArray[np.float64],
    fold: npt.NDArray[np.int8],
    *,
    pooled: bool,
) -> MarginsRow:
    return MarginsRow(
        tranche=name,
        pooled=pooled,
        in_index=in_index,
        calibration=calibrate(margins),
        at_temperature=cross_fitted_scores(margins, fold) if margins.size else None,
    )
