"""The page's account of the instruments: the SAE, and attribution against exact effects."""

from __future__ import annotations

from engine.cache.run_records import Figures
from engine.report.page.blocks import Block, Figure, Paragraph, Section, Table
from engine.report.plots.plot import Bars, Point, Scatter
from engine.report.wording import NONE, percent, ratio
from engine.verdict import Interval

MOST_POINTS = 600
"""Checked features that are drawn: evenly spaced ones, where there are more."""


def sae_section(figures: Figures) -> Section:
    """How much of the PM's reward survives the reconstruction, beside a random error's."""
    rows = (
        ("FVU: variance of the activations left unexplained", ratio(figures.fvu), NONE),
        ("FVU without first tokens", ratio(figures.fvu_after_first), NONE),
        (
            "reward recovered",
            ratio(figures.reward_recovered),
            ratio(figures.reward_recovered_random),
        ),
        ("the margin keeps its sign", percent(figures.sign_agreement), NONE),
    )
    blocks: list[Block] = [
        Paragraph(
            "The margin is measured again with the SAE's reconstruction in place of the"
            " activations. Where a random error of the same norm costs as little reward, a high"
            " figure says little of the SAE."
        ),
        Table("Faithfulness of the SAE", ("figure", "reconstruction", "random error"), rows),
    ]
    if figures.reward_recovered is not None and figures.reward_recovered_random is not None:
        blocks.append(
            Figure(
                "Reward recovered",
                "Two bars: by the reconstruction (blue, full) and by a random error of equal norm"
                " (orange, hatched). 1 is all of it.",
                Bars(
                    ["reward recovered"],
                    ("reconstruction", "random error of equal norm"),
                    [_exact(figures.reward_recovered)],
                    [_exact(figures.reward_recovered_random)],
                    "1 - squared error of the margin / its variance",
                    percent=False,
                ),
            )
        )
    return Section("How far the SAE can be trusted", tuple(blocks))


def attribution_section(figures: Figures, checked: tuple[Point, ...]) -> Section:
    """Attribution and integrated gradients against exact effects of single features."""
    blocks: list[Block] = [
        Paragraph(
            "Attribution only screens: no verdict rests on it. It is checked on"
            f" {figures.attribution_features:,} features of {figures.attribution_pairs:,} pairs,"
            f" and finds {percent(figures.attribution_recall)} of the strongest ones (weighted by"
            " inverse sampling probability)."
        )
    ]
    made = figures.integrated
    heads = ["figure", f"attribution, {figures.attribution_features:,} features"]
    spearman = ["Spearman", _signed(figures.attribution_spearman)]
    sign = ["same sign", percent(figures.attribution_sign_agreement)]
    if made is not None:
        heads += [f"attribution, {made.features:,} of them", "integrated gradients, the same"]
        spearman += [_signed(made.attribution_spearman), _signed(made.spearman)]
        sign += [percent(made.attribution_sign_agreement), percent(made.sign_agreement)]
        blocks.append(
            Paragraph(
                f"Integrated gradients take {made.steps} midpoint steps; their completeness gap"
                f" over {made.pairs:,} pairs is {percent(made.gap)}."
            )
        )
    blocks.append(
        Table("Against exact single effects", tuple(heads), (tuple(spearman), tuple(sign)))
    )
    if made is not None:
        blocks.append(_agreement(made.features, *_pairs(figures)))
    if len(checked) > 1:
        step = max(1, -(-len(checked) // MOST_POINTS))
        drawn = tuple((effect, attribution) for attribution, effect in checked[::step])
        blocks.append(
            Figure(
                "Attribution against exact effects",
                f"{len(drawn):,} of {len(checked):,} checked features, a circle each; on the dashed"
                " line attribution is exact, and in the upper left and lower right quarters its"
                " sign is wrong.",
                Scatter(drawn, "exact effect on the margin", "attribution"),
            )
        )
    return Section("Attribution against exact effects", tuple(blocks))


def _pairs(figures: Figures) -> tuple[list[float | None], list[float | None]]:
    made = figures.integrated
    if made is None:
        return [], []
    return (
        [made.attribution_spearman, made.attribution_sign_agreement],
        [made.spearman, made.sign_agreement],
    )


def _agreement(features: int, ours: list[float | None], theirs: list[float | None]) -> Figure:
    return Figure(
        "Attribution and integrated gradients",
        "Bars: agreement with exact effects by attribution (blue, full) and by integrated gradients"
        f" (orange, hatched), on the same {features:,} features.",
        Bars(
            ["Spearman", "same sign"],
            ("attribution", "integrated gradients"),
            [None if each is None else _exact(each) for each in ours],
            [None if each is None else _exact(each) for each in theirs],
            "agreement with exact effects",
            percent=False,
        ),
    )


def _exact(value: float) -> Interval:
    return Interval(value, value, value)


def _signed(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"
