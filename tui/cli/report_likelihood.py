"""How usual the responses are, in the report, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.report.report import HeuristicReport, LikelihoodReport
from engine.report.wording import bare, nats
from tui.cli.wording import columns, name, wrapped


def likelihood_text(made: LikelihoodReport, heuristics: Sequence[HeuristicReport]) -> Iterator[str]:
    """The pairs that stand for the index, then the bearers of each pattern."""
    yield from wrapped(
        f"How usual the responses are: log-likelihood per token under {bare(made.by.lm)}, in nats",
        hang=2,
    )
    rows = [("pairs", "n", "chosen", "rejected")]
    rows += [(row.of, f"{row.pairs:,}", nats(row.chosen), nats(row.rejected)) for row in made.rows]
    yield from columns(rows, indent=2)
    bearers = [("bearers of", "n", "bearer", "other side")]
    bearers += [
        (
            name(one.heuristic.name) if row.of == "all" else f"  {row.of}",
            f"{row.pairs:,}",
            nats(row.bearer),
            nats(row.other),
        )
        for one in heuristics
        for row in one.likelihood
    ]
    if len(bearers) > 1:
        yield from columns(bearers, indent=2)
