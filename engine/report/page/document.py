"""The page from top to bottom: the answer first, the method last."""

from __future__ import annotations

from engine.report.page.blocks import Document, Section
from engine.report.page.faithfulness import attribution_section, sae_section
from engine.report.page.gather import Gathered
from engine.report.page.heuristic import answer_paragraph, heuristic_section
from engine.report.page.likelihood import likelihood_section
from engine.report.page.margins import margins_section
from engine.report.page.method import method_section


def document(gathered: Gathered) -> Document:
    """Everything that was gathered, in its order."""
    report = gathered.report
    heuristics = tuple(
        heuristic_section(made, gathered.examples.get(made.heuristic.name, ()))
        for made in report.heuristics
    )
    sections = [
        Section("The answer", tuple(map(answer_paragraph, report.heuristics))),
        Section("Heuristics", (), heuristics),
        margins_section(report),
    ]
    if not report.manifest.imported:
        sections.append(sae_section(report.figures))
        sections.append(attribution_section(report.figures, gathered.checked))
    if report.likelihood is not None:
        sections.append(likelihood_section(report.likelihood, report.heuristics))
    manifest, config = report.manifest, report.manifest.config
    return Document(
        title=f"Reward heuristics of {manifest.pm}",
        summary=f"Run {report.run} on the index {report.index}: imported rewards of"
        f" {report.figures.pairs:,} of {report.pairs:,} pairs."
        if report.manifest.imported
        else (
            f"Run {report.run} on the index {report.index}: SAE {manifest.sae} at {config.hook},"
            f" readout {config.readout}, {config.dtype}; {report.figures.pairs:,} of"
            f" {report.pairs:,} pairs measured."
        ),
        sections=(*sections, method_section(report)),
    )
