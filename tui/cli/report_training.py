"""Seen against unseen pairs in the report, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from engine.cache.training import Told
from engine.report.report import TrainingReport
from engine.report.wording import bare, between, points
from tui.cli.report_margins import fitted_text, margins_table
from tui.cli.wording import wrapped


def training_text(made: TrainingReport) -> Iterator[str]:
    """The lines."""
    yield from wrapped(f"Seen by the PM's training, as it was told: {_told(made.told)}", hang=2)
    yield from margins_table(made.rows, "the PM's training")
    yield from fitted_text(made.rows)
    if made.accuracy is not None:
        yield from wrapped(
            f"Seen less unseen: right {points(made.accuracy)} points, margin"
            f" {between(made.mean_margin)}.",
            2,
        )


def _told(told: Told) -> str:
    parts = (("rows", told.rows), ("tranches", told.tranches), ("texts of", told.texts))
    return "; ".join(f"{what} {bare(', '.join(names))}" for what, names in parts if names)
