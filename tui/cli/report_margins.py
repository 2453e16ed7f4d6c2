"""Margins and calibration of the report, by tranche and pooled, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.report import MarginsRow, Report
from engine.report.sentences import whose
from engine.report.wording import NONE, WHY_NO_TEMPERATURE, bounds, figure, percent, signed
from tui.cli.wording import columns, name, wrapped

_MARGINS = ("pairs", "margin", "right", "NLL", "Brier", "ECE")
_FITTED = ("at the fitted T", "T", "95%", "NLL", "Brier", "ECE")


def margins_text(report: Report) -> Iterator[str]:
    """The lines: figures at T = 1, then those at the T that fits."""
    margins = report.margins
    yield from wrapped(f"Mean margin and calibration, over {whose(report)}", hang=2)
    rows = [*margins.tranches, *([margins.pooled] if len(margins.tranches) > 1 else [])]
    yield from margins_table(rows, "tranche")
    yield from fitted_text(rows)


def margins_table(rows: Sequence[MarginsRow], called: str) -> list[str]:
    """The rows at T = 1; `called` is what their names are."""
    return columns([(called, *_MARGINS), *map(_cells, rows)], indent=2)


def _cells(row: MarginsRow) -> tuple[str, ...]:
    made = row.calibration
    if made is None:
        return (name(row.tranche), "0", *[NONE] * (len(_MARGINS) - 1))
    return (
        name(row.tranche),
        f"{made.pairs:,}",
        signed(made.mean_margin),
        percent(made.accuracy),
        *(f"{value:.3f}" for value in (made.nll, made.brier, made.ece)),
    )


def fitted_text(rows: Sequence[MarginsRow]) -> Iterator[str]:
    """The rows at their fitted T, and why some have none."""
    fitted = [row for row in rows if row.no_temperature is None]
    if fitted:
        yield from columns([_FITTED, *map(_fitted_cells, fitted)], indent=2)
    for row in rows:
        if row.calibration is not None and row.no_temperature is not None:
            yield from wrapped(
                f"{name(row.tranche)} has no T: {WHY_NO_TEMPERATURE[row.no_temperature]}.", 2, 4
            )


def _fitted_cells(row: MarginsRow) -> tuple[str, ...]:
    made = row.at_temperature
    scores = [NONE] * 3
    if made is not None:
        scores = [f"{value:.3f}" for value in (made.nll, made.brier, made.ece)]
    temperature = row.calibration.temperature if row.calibration else None
    return (name(row.tranche), figure(temperature), bounds(row.temperature), *scores)
