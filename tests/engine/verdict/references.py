"""What scipy and scikit-learn say: neither ships types, so their answers are given some here."""

from __future__ import annotations

from importlib import import_module

import numpy.typing as npt

_metrics = import_module("sklearn.metrics")
_stats = import_module("scipy.stats")
_optimize = import_module("scipy.optimize")


def auroc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    return float(_metrics.roc_auc_score(labels, scores))
