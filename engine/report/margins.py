"""Margins and calibration by tranche: pooled figures alone mislead (docs/calibration.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.cache.sealed import Standing
from engine.report.report import POOLED, Margins, MarginsRow
from engine.verdict import (
    accuracy_interval,
    bootstrap_mean,
    calibrate,
    cross_fitted_scores,
    cross_fitted_temperatures,
    fold_of,
    no_temperature,
    temperature_interval,
)


def tranche_margins(standing: Standing, tranches: Mapping[str, int]) -> Margins:
    """Calibrate each tranche and all of them, on the margins that stand for the index.

    Args:
        standing: those margins.
        tranches: how many pairs of the index each tranche has, in the order to tell them.
    """
    sample = as_sample(standing)
    of_tranche = np.array(standing.tranches, dtype=np.str_)
    return Margins(
        complete=standing.complete,
        pairs=sample.margins.size,
        pooled=margins_row(POOLED, sum(tranches.values()), sample, pooled=True),
        tranches=tuple(
            margins_row(tranche, count, sample.only(of_tranche == tranche))
            for tranche, count in tranches.items()
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Margins that stand for some pairs, [pairs] each."""

    margins: npt.NDArray[np.float64]
    fold: npt.NDArray[np.int8]
    """Which of the two folds fits T and which is judged by it; contexts are never split."""
    contexts: npt.NDArray[np.str_]

    def only(self, kept: npt.NDArray[np.bool_]) -> Sample:
        """Some of them."""
        return Sample(self.margins[kept], self.fold[kept], self.contexts[kept])


def as_sample(standing: Standing) -> Sample:
    """All margins that stand for the index."""
    return Sample(
        margins=np.array(standing.margins, dtype=np.float64),
        # Both sides of a fold see every tranche; within one, contexts are dealt out in turn.
        fold=fold_of(standing.context_hashes, standing.tranches),
        contexts=np.array(standing.context_hashes, dtype=np.str_),
    )


def margins_row(name: str, in_index: int, sample: Sample, *, pooled: bool = False) -> MarginsRow:
    """One row of the table: the margins' figures, each with its interval over contexts."""
    margins, contexts = sample.margins, sample.contexts.tolist()
    return MarginsRow(
        tranche=name,
        pooled=pooled,
        in_index=in_index,
        calibration=calibrate(margins),
        mean_margin=bootstrap_mean(margins, contexts),
        accuracy=accuracy_interval(margins, contexts),
        temperature=temperature_interval(margins, contexts),
        no_temperature=no_temperature(margins),
        temperatures=cross_fitted_temperatures(margins, sample.fold),
        at_temperature=cross_fitted_scores(margins, sample.fold),
    )
