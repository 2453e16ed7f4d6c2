"""The page's margins and calibration: by tranche, and by what the PM was trained on."""

from __future__ import annotations

from collections.abc import Sequence

from engine.report.page.blocks import Block, Figure, Paragraph, Section, Table
from engine.report.plots.plot import Curve, Dots, Panel, Reliability
from engine.report.report import MarginsRow, Report
from engine.report.sentences import whose
from engine.report.wording import (
    NONE,
    WHY_NO_TEMPERATURE,
    between,
    bounds,
    figure,
    in_percent,
    points,
)

MOST_CURVES = 9
"""Reliability is drawn of so many tranches at most, the pooled one among them."""


def margins_section(report: Report) -> Section:
    """Tables and plots."""
    margins = report.margins
    rows = [*margins.tranches, *([margins.pooled] if len(margins.tranches) > 1 else [])]
    blocks: list[Block] = [Paragraph(_over(report)), *_of_rows(rows, "tranche")]
    if report.training is not None:
        blocks += _of_rows(report.training.rows, "the PM's training")
        if report.training.accuracy is not None:
            blocks.append(
                Paragraph(
                    f"Seen less unseen: right {points(report.training.accuracy)} points, margin"
                    f" {between(report.training.mean_margin)}."
                )
            )
    return Section("Margins and calibration", tuple(blocks))


def _over(report: Report) -> str:
    return (
        f"Over {whose(report)}. A margin is r(chosen) - r(rejected); the PM is right where it is"
        " above zero, ties one half. Pooled figures alone mislead: read them by row."
    )


def _of_rows(rows: Sequence[MarginsRow], called: str) -> list[Block]:
    blocks: list[Block] = []
    measured = [row for row in rows if row.calibration is not None]
    if measured:
        blocks.append(
            Figure(
                f"Mean margin and accuracy by {called}",
                "Points with 95% intervals; dashed: a margin of zero, and the accuracy of a coin.",
                Dots(
                    [row.tranche for row in measured],
                    [
                        Panel("mean margin", [row.mean_margin for row in measured], 0.0, False),
                        Panel("accuracy", [row.accuracy for row in measured], 0.5, True),
                    ],
                ),
            )
        )
    blocks.append(
        Table(
            f"Margins by {called}, at T = 1",
            (called, "pairs", "mean margin", "the PM is right", "NLL", "Brier", "ECE"),
            tuple(map(_at_one, rows)),
        )
    )
    if any(row.no_temperature is None for row in rows):
        blocks.append(
            Table(
                f"By {called}, at the fitted T (each half by context at the other half's)",
                (called, "T", "95%", "NLL", "Brier", "ECE"),
                tuple(_at_fitted(row) for row in rows if row.no_temperature is None),
            )
        )
    blocks += [
        Paragraph(f"No T fits: {WHY_NO_TEMPERATURE[row.no_temperature]}.", of=row.tranche)
        for row in measured
        if row.no_temperature is not None
    ]
    if measured:
        drawn = measured if len(measured) <= MOST_CURVES else measured[-MOST_CURVES:]
        blocks.append(
            Figure(
                f"Reliability by {called}",
                "How often the PM is right, by how sure it is, in 15 bins of equal mass: blue"
                " circles at T = 1, orange diamonds at the fitted T. On the dashed line it is"
                " calibrated; below it, it is too sure.",
                Reliability(
                    [
                        Curve(
                            row.tranche,
                            row.calibration.bins if row.calibration else (),
                            row.at_temperature.bins if row.at_temperature else (),
                        )
                        for row in drawn
                    ]
                ),
            )
        )
    return blocks


def _at_one(row: MarginsRow) -> tuple[str, ...]:
    made = row.calibration
    if made is None:
        return (row.tranche, "0", *[NONE] * 5)
    return (
        row.tranche,
        f"{made.pairs:,}",
        between(row.mean_margin),
        in_percent(row.accuracy) if row.accuracy else NONE,
        *(f"{value:.3f}" for value in (made.nll, made.brier, made.ece)),
    )


def _at_fitted(row: MarginsRow) -> tuple[str, ...]:
    made = row.at_temperature
    scores = [f"{each:.3f}" for each in (made.nll, made.brier, made.ece)] if made else [NONE] * 3
    temperature = row.calibration.temperature if row.calibration else None
    return (row.tranche, figure(temperature), bounds(row.temperature), *scores)
