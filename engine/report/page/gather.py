"""Everything a page shows, asked of an open index once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.cache.pair_records import PairRow
from engine.cache.reader import IndexReader
from engine.cache.records import Query, Sample, Suspect
from engine.report.build import build_report
from engine.report.page.blocks import Example
from engine.report.plots.plot import Point
from engine.report.report import HeuristicReport, Report
from engine.report.wording import signed
from engine.verdict import Verdict

EXAMPLES = 2
SEED = 0
"""Nobody chose the examples: so many of each verdict, as a reading sample of this seed has them."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a page is written from."""

    report: Report
    examples: Mapping[str, tuple[Example, ...]]
    """Counterexamples of each heuristic, in the order of their verdicts."""
    checked: tuple[Point, ...]
    """Attribution and exact effect of single features."""


def gather(reader: IndexReader, *, without_suspects: bool = False) -> Gathered:
    """Ask for all of it.

    Raises:
        UserError: the index has no run, or a file of it is damaged.
    """
    report = build_report(reader, without_suspects=without_suspects)
    suspect: Suspect | None = "no" if without_suspects else None
    return Gathered(
        report=report,
        examples={
            made.heuristic.name: tuple(_examples(reader, made, suspect))
            for made in report.heuristics
        },
        checked=reader.bulk.checked_effects(),
    )


def _examples(
    reader: IndexReader, made: HeuristicReport, suspect: Suspect | None
) -> Iterator[Example]:
    for verdict, found in made.counterexamples.pooled.verdicts.items():
        if found.count and verdict is not Verdict.UNMEASURED:
            query = Query(
                heuristic=made.heuristic.name,
                kind="counterexample",
                verdicts=frozenset({verdict}),
                suspect=suspect,
                sample=Sample(EXAMPLES, SEED),
            )
            yield from map(_example, reader.rows(reader.ids(query), query))


def _example(row: PairRow) -> Example:
    figures = [f"margin {signed(row.margin)}"]
    if row.margin_sae is not None:
        figures.append(f"reconstructed {signed(row.margin_sae)}")
    if row.effect is not None:
        figures.append(f"effect of its features {signed(row.effect)}")
    if row.opposer is not None:
        figures.append(f"strongest other feature {row.opposer}")
    return Example(
        pair=row.label,
        tranche=row.tranche,
        verdict=f"{row.verdict} by {row.by}" if row.by else str(row.verdict),
        figures=", ".join(figures),
        before=row.before,
        match=row.match,
        after=row.after,
    )
