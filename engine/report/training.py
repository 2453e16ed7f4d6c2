"""Pairs that the PM was trained on against those that it was not."""

from __future__ import annotations

from collections import Counter

import numpy as np

from engine.cache.records import SEEN
from engine.cache.sealed import Standing
from engine.cache.training import Training
from engine.report.margins import as_sample, margins_row
from engine.report.report import TrainingReport
from engine.verdict import difference_intervals


def training_report(
    standing: Standing, training: Training | None, pairs: int
) -> TrainingReport | None:
    """Calibrate seen, unseen and unknown pairs, on the margins that stand for the index.

    Args:
        standing: those margins.
        training: what was told of the PM's training; None: nothing, and there is no report.
        pairs: how many the index has.
    """
    if training is None:
        return None
    sample = as_sample(standing)
    flag = np.array([training.of(identifier) for identifier in standing.ids], dtype=np.str_)
    told = Counter(training.seen.values())
    told["unknown"] = pairs - told.total()
    seen, unseen = (sample.only(flag == each) for each in ("seen", "unseen"))
    figures = [
        np.column_stack(((np.sign(each.margins) + 1) / 2, each.margins)) for each in (seen, unseen)
    ]
    differences = difference_intervals(
        figures[0], seen.contexts.tolist(), figures[1], unseen.contexts.tolist()
    )
    return TrainingReport(
        told=training.told,
        rows=tuple(
            margins_row(each, told[each], sample.only(flag == each)) for each in SEEN if told[each]
        ),
        accuracy=differences[0] if differences else None,
        mean_margin=differences[1] if differences else None,
    )
