"""Margins and calibration as JSON: one tranche's, or those of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from engine.canonical import Json
from engine.report.report import MarginsRow
from engine.verdict import Interval, ReliabilityBin


def margins_json(row: MarginsRow) -> dict[str, Json]:
    """One row. A figure that does not exist is null: without pairs, or where there is no T."""
    made, fitted = row.calibration, row.at_temperature
    return {
        "tranche": row.tranche,
        "pooled": row.pooled,
        "pairs": made.pairs if made else 0,
        "pairs_in_index": row.in_index,
        "mean_margin": made.mean_margin if made else None,
        "mean_margin_interval": bounds_json(row.mean_margin),
        "accuracy": made.accuracy if made else None,
        "accuracy_interval": bounds_json(row.accuracy),
        "nll": made.nll if made else None,
        "brier": made.brier if made else None,
        "ece": made.ece if made else None,
        "temperature": made.temperature if made else None,
        "temperature_interval": asdict(row.temperature) if row.temperature else None,
        "no_temperature": row.no_temperature,
        "temperature_folds": list(row.temperatures) if row.temperatures else None,
        "at_temperature": {"nll": fitted.nll, "brier": fitted.brier, "ece": fitted.ece}
        if fitted
        else None,
        "reliability": _bins(made.bins) if made else [],
        "reliability_at_temperature": _bins(fitted.bins) if fitted else [],
    }


def mean_json(interval: Interval | None) -> Json:
    """A mean with its interval."""
    if interval is None:
        return None
    return {"mean": interval.estimate, "low": interval.low, "high": interval.high}


def bounds_json(interval: Interval | None) -> Json:
    """The interval of a figure that stands elsewhere."""
    return None if interval is None else {"low": interval.low, "high": interval.high}


def _bins(bins: Sequence[ReliabilityBin]) -> Json:
    return [asdict(each) for each in bins]
