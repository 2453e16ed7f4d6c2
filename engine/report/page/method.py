"""The page's method: what was measured with what, the thresholds, and the hashes that name it."""

from __future__ import annotations

from importlib.metadata import version

from engine.report.method import method_sentence
from engine.report.page.blocks import Paragraph, Section, Table
from engine.report.report import Report
from engine.report.sentences import cut, suspects_sentence
from engine.report.wording import figure

VERDICTS = (
    ("tie", "the margin is within ε_m of zero"),
    ("pm-wrong", "the margin is below -ε_m; confident where sigmoid(margin) is under 0.25"),
    ("sae-miss", "the reconstructed margin is off by more than max(ε_m, half the margin)"),
    ("no-feature", "no feature stands for the pattern"),
    (
        "outvoted, on conforming pairs followed",
        "V is above ε: the features vote as the heuristic predicts",
    ),
    ("contrary", "V is below -ε"),
    ("silent", "the features' activation is zero, or below the silent threshold"),
    ("inert", "all else: active, and the reward ignores it"),
)
"""The verdicts in the order in which they are tried, as docs/verdicts.md has them."""


def method_section(report: Report) -> Section:
    """Formulas in words, thresholds, and hashes."""
    return Section(
        "Method",
        (
            Paragraph(
                "A pair of which exactly one response carries a heuristic's pattern has a bearer."
                " Where the human label disagrees with the heuristic it is a counterexample, where"
                " it agrees a conforming pair, which is the control. An effect is exact: the"
                " features are set to zero at the pattern's tokens, the SAE's error is kept, and"
                " the margin is measured again. The vote V is its opposite on counterexamples and"
                " itself on conforming pairs. Deleting the pattern, against deleting a random span"
                " of the same length, needs no SAE; where that interval does not lie on the stated"
                " side of zero, the shares of verdicts are withheld."
            ),
            Paragraph(
                "The heuristic's features separate the pattern's tokens from the bearers' other"
                " response tokens (AUROC 0.8 or more) and fire in at least half of the bearers,"
                " eight at most; from 40 bearers on, two folds by context judge each other. The"
                " effect never picks. Intervals are 95%: bootstraps over contexts, and Wilson's"
                " for shares where no context repeats."
            ),
            Paragraph(method_sentence(report.manifest.config)),
            *(
                [Paragraph(f"Label trouble: {suspects}.")]
                if (suspects := suspects_sentence(report))
                else []
            ),
            Table(
                "Verdicts, the first that holds", ("verdict", "holds when"), VERDICTS, words=True
            ),
            Table("Thresholds", ("threshold", "value"), tuple(_thresholds(report))),
            Table("What was measured", ("what", "value"), tuple(_measured(report)), words=True),
            Table(
                "Sources",
                ("source", "pairs", "hash"),
                tuple(
                    (f"{made.source}:{made.split}", f"{made.pairs:,}", made.hash)
                    for made in report.sources
                ),
                words=True,
            ),
        ),
    )


def _thresholds(report: Report) -> list[tuple[str, str]]:
    figures = report.figures
    rows = [
        ("noise floor τ, in units of reward", _floor(report)),
        ("ε_m, for margins: max(2 τ, 5% of the median size)", figure(figures.margin_threshold)),
    ]
    rows += [
        (f"ε, for votes: {made.heuristic.name}", figure(made.vote_threshold))
        for made in report.heuristics
    ]
    return rows


def _floor(report: Report) -> str:
    return "unmeasured" if report.manifest.imported else figure(report.figures.noise_floor)


def _measured(report: Report) -> list[tuple[str, str]]:
    manifest, figures = report.manifest, report.figures
    config = manifest.config
    if manifest.imported:
        return [
            ("index", report.index),
            ("run", report.run),
            ("PM", manifest.pm),
            ("rewards", f"imported from {manifest.pm_path}"),
            ("pairs", f"{figures.pairs:,} with rewards of {report.pairs:,}"),
            ("hash of the rewards", config.pm_hash),
            ("Outvoted", version("outvoted")),
        ]
    return [
        ("index", report.index),
        ("run", report.run),
        ("PM", f"{manifest.pm} ({manifest.architecture})"),
        ("SAE", f"{manifest.sae} ({manifest.sae_kind}, {manifest.d_sae:,} features)"),
        ("hook point", f"{config.hook}, reconstructed at positions: {config.positions}"),
        ("readout", f"{config.readout}, {config.dtype}"),
        ("truncation", f"{config.truncation}: {cut(report) or 'no context was cut'}"),
        ("pairs", f"{figures.pairs:,} measured of {report.pairs:,}, {figures.tokens:,} tokens"),
        ("hash of the PM", config.pm_hash),
        ("hash of the tokenizer", config.tokenizer_hash),
        ("hash of the SAE", config.sae_hash),
        ("measurement version", str(config.version)),
        ("Outvoted", version("outvoted")),
    ]
