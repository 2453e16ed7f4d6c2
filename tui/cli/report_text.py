"""The report in words and tables, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from engine.report.method import method_sentence
from engine.report.report import Report
from engine.report.sentences import cut, suspects_sentence
from engine.report.wording import bare, figure, percent, ratio
from tui.cli.report_heuristic import heuristic_text
from tui.cli.report_likelihood import likelihood_text
from tui.cli.report_margins import margins_text
from tui.cli.report_training import training_text
from tui.cli.wording import wrapped


def report_text(report: Report) -> Iterator[str]:
    """The report's lines."""
    yield from _run(report)
    yield ""
    if not report.manifest.imported:
        yield from _faithfulness(report)
        yield ""
    yield from margins_text(report)
    if report.training is not None:
        yield ""
        yield from training_text(report.training)
    if report.likelihood is not None:
        yield ""
        yield from likelihood_text(report.likelihood, report.heuristics)
    for made in report.heuristics:
        yield ""
        yield from heuristic_text(made)


def _run(report: Report) -> Iterator[str]:
    manifest, figures = report.manifest, report.figures
    config = manifest.config
    if manifest.imported:
        yield from _imported(report)
        return
    yield f"Run {report.run} on the index {bare(report.index)}"
    facts = [
        ("PM", f"{manifest.pm} ({manifest.architecture})"),
        ("SAE", f"{manifest.sae} ({manifest.sae_kind}, {manifest.d_sae:,} features)"),
        ("hook", f"{config.hook}, reconstructed at positions: {config.positions}"),
        ("readout", f"{config.readout}, {config.dtype}"),
        ("pairs", f"{figures.pairs:,} measured of {report.pairs:,}, {figures.tokens:,} tokens"),
        (
            "tie",
            f"|margin| <= {figure(figures.margin_threshold)}"
            f" (noise floor {figure(figures.noise_floor)})",
        ),
    ]
    if lost := cut(report):
        facts.append(("cut", lost))
    if suspects := suspects_sentence(report):
        facts.append(("suspects", suspects))
    facts.append(("method", method_sentence(config)))
    for what, fact in facts:
        yield from wrapped(f"{what:<8} {bare(fact)}", indent=2, hang=11)


def _imported(report: Report) -> Iterator[str]:
    """Of imported rewards nothing else is known."""
    manifest, figures = report.manifest, report.figures
    yield f"Run {report.run} on the index {bare(report.index)}"
    facts = [
        ("PM", manifest.pm),
        ("rewards", f"imported from {manifest.pm_path}"),
        ("pairs", f"{figures.pairs:,} with rewards of {report.pairs:,}"),
        ("tie", f"|margin| <= {figure(figures.margin_threshold)} (noise floor unmeasured)"),
    ]
    if suspects := suspects_sentence(report):
        facts.append(("suspects", suspects))
    for what, fact in facts:
        yield from wrapped(f"{what:<8} {bare(fact)}", indent=2, hang=11)


def _faithfulness(report: Report) -> Iterator[str]:
    figures = report.figures
    yield "How far the SAE can be trusted"
    random = figures.reward_recovered_random
    yield from wrapped(
        f"FVU {ratio(figures.fvu)}, without first tokens {ratio(figures.fvu_after_first)}."
        f" Reward recovered by the reconstruction {ratio(figures.reward_recovered)};"
        f" with a random error of equal norm {ratio(random)}."
        f" The margin keeps its sign in {percent(figures.sign_agreement)} of the pairs.",
        indent=2,
    )
    if figures.attribution_features:
        yield from wrapped(
            f"Attribution against exact effects, {figures.attribution_features:,} features of"
            f" {figures.attribution_pairs:,} pairs:"
            f" Spearman {figure(figures.attribution_spearman)}, same sign"
            f" {percent(figures.attribution_sign_agreement)}, recall of the strongest"
            f" {percent(figures.attribution_recall)}.",
            indent=2,
        )
    if (made := figures.integrated) is not None:
        yield from wrapped(
            f"Integrated gradients ({made.steps} midpoint steps) on {made.features:,} features of"
            f" {made.pairs:,} of them: Spearman {figure(made.spearman)}, same sign"
            f" {percent(made.sign_agreement)} (attribution there"
            f" {figure(made.attribution_spearman)}, {percent(made.attribution_sign_agreement)});"
            f" completeness gap {percent(made.gap)}.",
            indent=2,
        )
