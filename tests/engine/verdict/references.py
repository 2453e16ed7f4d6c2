"""What scipy and scikit-learn say: neither ships types, so their answers are given some here."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import numpy.typing as npt

_metrics = import_module("sklearn.metrics")
_calibration = import_module("sklearn.calibration")
_stats = import_module("scipy.stats")
_optimize = import_module("scipy.optimize")


def auroc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    return float(_metrics.roc_auc_score(labels, scores))


def cohen_kappa(first: list[str], second: list[str]) -> float:
    """NaN where both say one and the same thing throughout."""
    return float(_metrics.cohen_kappa_score(first, second))


def log_loss(probabilities: npt.NDArray[np.float64]) -> float:
    """Of probabilities given to what came true."""
    ones = np.ones(probabilities.size)
    return float(_metrics.log_loss(ones, probabilities, labels=[0, 1]))


def brier(probabilities: npt.NDArray[np.float64]) -> float:
    """Of probabilities given to what came true."""
    ones = np.ones(probabilities.size)
    return float(_metrics.brier_score_loss(ones, probabilities, labels=[0, 1], pos_label=1))


def calibration_curve(
    right: npt.NDArray[np.bool_], confidence: npt.NDArray[np.float64], bins: int
) -> tuple[list[float], list[float]]:
    """Accuracy and mean confidence of each of so many quantile bins."""
    accuracy, mean = _calibration.calibration_curve(
        right, confidence, n_bins=bins, strategy="quantile"
    )
    return accuracy.tolist(), mean.tolist()


def wilson(successes: int, n: int, level: float) -> tuple[float, float]:
    interval = _stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def bootstrap_mean(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Percentile bootstrap of the mean of independent values."""
    found = _stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    return float(found.low), float(found.high)


def spearman(some: npt.ArrayLike, others: npt.ArrayLike) -> float:
    return float(_stats.spearmanr(some, others).statistic)


def best_temperature(margins: npt.NDArray[np.float64]) -> float:
    """The T with the least mean NLL, searched over log T."""

    def nll(log_temperature: float) -> float:
        return float(np.logaddexp(0, -margins * np.exp(-log_temperature)).mean())

    found = _optimize.minimize_scalar(nll, bounds=(-12, 12), options={"xatol": 1e-10})
    return float(np.exp(found.x))


def bootstrap_temperature(margins: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Percentile bootstrap of the T that scipy fits to each resample of independent pairs."""
    found = _stats.bootstrap(
        (margins,),
        best_temperature,
        n_resamples=1_000,
        method="percentile",
        vectorized=False,
        rng=np.random.default_rng(1),
    ).confidence_interval
    return float(found.low), float(found.high)


def bootstrap_ratio(
    numerator: npt.NDArray[np.float64], denominator: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Percentile bootstrap of a ratio of sums over independent pairs."""
    found = _stats.bootstrap(
        (numerator, denominator),
        lambda above, below: above.sum() / below.sum(),
        n_resamples=20_000,
        method="percentile",
        paired=True,
        vectorized=False,
        rng=np.random.default_rng(1),
    ).confidence_interval
    return float(found.low), float(found.high)


def bootstrap_difference(
    some: npt.NDArray[np.float64], others: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Percentile bootstrap of the difference of two means of independent values."""
    found = _stats.bootstrap(
        (some, others),
        lambda one, other, axis: one.mean(axis=axis) - other.mean(axis=axis),
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    return float(found.low), float(found.high)


def r2(true: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """1 less the unexplained share of the variance, columns weighted by theirs."""
    return float(_metrics.r2_score(true, predicted, multioutput="variance_weighted"))


def accuracy(true: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    return float(_metrics.accuracy_score(true, predicted))


def recall(true: npt.ArrayLike, predicted: npt.ArrayLike, weights: npt.ArrayLike) -> float:
    return float(_metrics.recall_score(true, predicted, sample_weight=weights))


def jaccard(true: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    return float(_metrics.jaccard_score(true, predicted))


def quantile(values: npt.ArrayLike, share: float) -> float:
    """Linear between the two nearest ranks."""
    return float(_stats.quantile(np.asarray(values, dtype=np.float64), share, method="linear"))
