"""Verdicts: pure functions from figures to a verdict, and the statistics around them.

The statistics need numpy, which the first screen must not wait for: their names are looked up
when they are first asked for, the verdict and its judge are simply there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from engine.verdict.judge import judge, vote
from engine.verdict.verdict import Evidence, Judgement, Outvoter, Thresholds, Verdict

if TYPE_CHECKING:
    from engine.verdict.folds import CrossFit, cross_fit, fold_of, jaccard
    from engine.verdict.selection import Candidate, TokenActivations, find_features
    from engine.verdict.thresholds import (
        margin_threshold,
        noise_floor,
        silent_threshold,
        vote_threshold,
    )
else:
    _LATER = {
        "folds": ("CrossFit", "cross_fit", "fold_of", "jaccard"),
        "selection": ("Candidate", "TokenActivations", "find_features"),
        "thresholds": ("margin_threshold", "noise_floor", "silent_threshold", "vote_threshold"),
    }
    _MODULE_OF = {name: module for module, names in _LATER.items() for name in names}

    def __getattr__(name: str) -> object:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


__all__ = [
    "Candidate",
    "CrossFit",
    "Evidence",
    "Judgement",
    "Outvoter",
    "Thresholds",
    "TokenActivations",
    "Verdict",
    "cross_fit",
    "find_features",
    "fold_of",
    "jaccard",
    "judge",
    "margin_threshold",
    "noise_floor",
    "silent_threshold",
    "vote",
    "vote_threshold",
]
