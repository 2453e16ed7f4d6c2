"""Verdicts: pure functions from figures to a verdict, and the statistics around them.

The first screen names verdicts and judges none, and must not wait for numpy, which the statistics
need: all but the verdicts' names is looked up when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from engine.verdict.held import FEWEST_CONTEXTS, Held, Stated, held, resolve
from engine.verdict.verdict import Outvoter, Verdict

if TYPE_CHECKING:
    from engine.verdict.calibration import (
        Calibration,
        ReliabilityBin,
        Scores,
        accuracy_interval,
        calibrate,
        cross_fitted_scores,
        reliability,
    )
    from engine.verdict.crossings import Flip, flips
    from engine.verdict.evidence import Evidence, Judgement, Thresholds
    from engine.verdict.faithfulness import (
        AttributionAgreement,
        attribution_agreement,
        fvu,
        reward_recovered,
        sign_agreement,
        spearman,
    )
    from engine.verdict.feature_coverage import (
        about_these_features_only,
        coverage,
        coverage_estimate,
        on_bearer,
    )
    from engine.verdict.folds import CrossFit, cross_fit, fold_of, jaccard
    from engine.verdict.intervals import (
        Interval,
        bootstrap_mean,
        bootstrap_ratio,
        difference_intervals,
        share_interval,
        share_intervals,
        wilson,
    )
    from engine.verdict.judging import judge
    from engine.verdict.population import (
        COUNTERPART,
        JudgedPair,
        KindShares,
        Shares,
        VerdictShare,
        differences,
        kind_shares,
        shares,
        verdicts_of,
    )
    from engine.verdict.selection import Candidate, TokenActivations, find_features
    from engine.verdict.table import missed, vote
    from engine.verdict.temperature import (
        NoTemperature,
        TemperatureInterval,
        cross_fitted_temperatures,
        fit_temperature,
        no_temperature,
        temperature_interval,
    )
    from engine.verdict.thresholds import (
        margin_threshold,
        noise_floor,
        silent_threshold,
        vote_threshold,
    )

__all__ = [
    "COUNTERPART",
    "FEWEST_CONTEXTS",
    "AttributionAgreement",
    "Calibration",
    "Candidate",
    "CrossFit",
    "Evidence",
    "Flip",
    "Held",
    "Interval",
    "JudgedPair",
    "Judgement",
    "KindShares",
    "NoTemperature",
    "Outvoter",
    "ReliabilityBin",
    "Scores",
    "Shares",
    "Stated",
    "TemperatureInterval",
    "Thresholds",
    "TokenActivations",
    "Verdict",
    "VerdictShare",
    "about_these_features_only",
    "accuracy_interval",
    "attribution_agreement",
    "bootstrap_mean",
    "bootstrap_ratio",
    "calibrate",
    "coverage",
    "coverage_estimate",
    "cross_fit",
    "cross_fitted_scores",
    "cross_fitted_temperatures",
    "difference_intervals",
    "differences",
    "find_features",
    "fit_temperature",
    "flips",
    "fold_of",
    "fvu",
    "held",
    "jaccard",
    "judge",
    "kind_shares",
    "margin_threshold",
    "missed",
    "no_temperature",
    "noise_floor",
    "on_bearer",
    "reliability",
    "resolve",
    "reward_recovered",
    "share_interval",
    "share_intervals",
    "shares",
    "sign_agreement",
    "silent_threshold",
    "spearman",
    "temperature_interval",
    "verdicts_of",
    "vote",
    "vote_threshold",
    "wilson",
]

if not TYPE_CHECKING:
    # None is called as a name of this face is: once imported, it would stand in its place.
    _LATER = (
        "evidence",
        "judging",
        "crossings",
        "table",
        "calibration",
        "faithfulness",
        "feature_coverage",
        "folds",
        "intervals",
        "population",
        "selection",
        "temperature",
        "thresholds",
    )

    def __getattr__(name: str) -> object:
        if name in __all__:
            for module in _LATER:
                known = vars(import_module(f"{__name__}.{module}"))
                if name in known:
                    return known[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
