"""The page's account of how usual the responses are, where a language model was asked."""

from __future__ import annotations

from collections.abc import Sequence

from engine.report.page.blocks import Block, Paragraph, Section, Table
from engine.report.report import HeuristicReport, LikelihoodReport
from engine.report.wording import nats


def likelihood_section(made: LikelihoodReport, heuristics: Sequence[HeuristicReport]) -> Section:
    """The pairs that stand for the index, then the bearers of each pattern."""
    blocks: list[Block] = [
        Paragraph(f"Log-likelihood per token under {made.by.lm}, in nats: a ratio of sums."),
        Table(
            "How usual the responses are",
            ("pairs", "n", "chosen", "rejected"),
            tuple(
                (row.of, f"{row.pairs:,}", nats(row.chosen), nats(row.rejected))
                for row in made.rows
            ),
        ),
    ]
    bearers = tuple(
        (
            f"{one.heuristic.name}, {row.of}",
            f"{row.pairs:,}",
            nats(row.bearer),
            nats(row.other),
        )
        for one in heuristics
        for row in one.likelihood
    )
    if bearers:
        heads = ("bearers of", "n", "bearer", "other side")
        blocks.append(Table("How usual bearers are", heads, bearers))
    return Section("How usual the responses are", tuple(blocks))
