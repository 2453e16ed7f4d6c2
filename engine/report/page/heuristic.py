"""One heuristic's part of the page: its verdicts beside the control, custom text, and examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.cache.comparison_records import NaturalAgainstCustom
from engine.report.custom import custom_rows, verdict_shares
from engine.report.page.blocks import Block, Example, Examples, Figure, Paragraph, Section, Table
from engine.report.page.gather import EXAMPLES, SEED
from engine.report.plots.plot import Bars
from engine.report.report import HeuristicReport
from engine.report.sentences import (
    answer,
    bearers,
    beside,
    control,
    coverage,
    features,
    insertion,
    right,
)
from engine.report.wording import NONE, in_percent, shares
from engine.verdict import COUNTERPART, Interval, Shares, Verdict, verdicts_of

_VERDICTS = (
    "verdict",
    "counterexamples",
    "share %",
    "right %",
    "conforming",
    "share %",
    "difference",
)


def heuristic_section(made: HeuristicReport, examples: tuple[Example, ...]) -> Section:
    """All of it."""
    blocks: list[Block] = [Paragraph(f"{_sentence(answer(made))} {bearers(made)} {right(made)}")]
    if made.judged:
        said = [control(made), insertion(made), features(made), coverage(made)]
        blocks.append(Paragraph(" ".join(filter(None, said))))
    blocks += _verdicts(made)
    if made.counterexamples.pooled.pairs or made.conforming.pooled.pairs:
        blocks.append(Paragraph(" ".join(beside(made))))
    blocks += _by_group(made)
    if made.custom is not None:
        blocks += _custom(made, made.custom)
    if examples:
        blocks.append(
            Examples(
                f"Counterexamples: up to {EXAMPLES} of each verdict, drawn by seed {SEED}", examples
            )
        )
    return Section(made.heuristic.name, tuple(blocks))


def answer_paragraph(made: HeuristicReport) -> Paragraph:
    """The heuristic's answer, for the top of the page."""
    about = made.about if made.withheld is None else None
    told = f" The verdicts are about {about}." if about else ""
    return Paragraph(f"{_sentence(answer(made))} {right(made)}{told}", of=made.heuristic.name)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _verdicts(made: HeuristicReport) -> Iterator[Block]:
    told = made.withheld is None
    ours, theirs = made.counterexamples.pooled, made.conforming.pooled
    shown = [
        (verdict, COUNTERPART.get(verdict, verdict))
        for verdict in verdicts_of("counterexample")
        if _count(ours, verdict) or _count(theirs, COUNTERPART.get(verdict, verdict))
    ]
    if told and ours.pairs and theirs.pairs:
        rows = [_called(verdict) for verdict, _ in shown]
        yield Figure(
            f"Verdicts on {made.heuristic.name}",
            "Bars: the share of each verdict among counterexamples (blue, full) and among"
            " conforming pairs (orange, hatched), with 95% intervals. The table has the figures.",
            Bars(
                rows=rows,
                series=(
                    f"{ours.pairs:,} counterexamples",
                    f"{theirs.pairs:,} conforming pairs",
                ),
                first=[_share(ours, verdict) for verdict, _ in shown],
                second=[_share(theirs, verdict) for _, verdict in shown],
                across="share of the pairs",
            ),
        )
    if not shown:
        return
    yield Table(
        f"Verdicts on {made.heuristic.name}, with 95% intervals (right %: of the PM's right ones)"
        if told
        else f"Verdicts on {made.heuristic.name}; shares are withheld",
        _VERDICTS,
        tuple(_row(made, verdict, counterpart, told) for verdict, counterpart in shown),
    )


def _called(verdict: Verdict) -> str:
    return f"{verdict} / {COUNTERPART[verdict]}" if verdict in COUNTERPART else str(verdict)


def _row(
    made: HeuristicReport, verdict: Verdict, counterpart: Verdict, told: bool
) -> tuple[str, ...]:
    ours, theirs = made.counterexamples.pooled, made.conforming.pooled
    found = ours.verdicts.get(verdict)
    return (
        _called(verdict),
        f"{_count(ours, verdict):,}",
        shares(_share(ours, verdict)) if told else NONE,
        shares(found.of_pm_right) if told and found else NONE,
        f"{_count(theirs, counterpart):,}",
        shares(_share(theirs, counterpart)) if told else NONE,
        shares(made.differences.get(verdict), sign=True) if told else NONE,
    )


def _count(found: Shares, verdict: Verdict) -> int:
    each = found.verdicts.get(verdict)
    return each.count if each else 0


def _share(found: Shares, verdict: Verdict) -> Interval | None:
    each = found.verdicts.get(verdict)
    return each.share if each else None


def _by_group(made: HeuristicReport) -> Iterator[Table]:
    """The verdicts by tranche, and by whether the PM was trained on the pairs."""
    for kind, called in (
        (made.counterexamples, "counterexamples"),
        (made.conforming, "conforming pairs"),
    ):
        if len(kind.by_tranche) > 1:
            yield _groups(f"By tranche, {called}", "tranche", kind.by_tranche, made)
        if kind.by_seen:
            yield _groups(f"By the PM's training, {called}", "pairs", kind.by_seen, made)


def _groups(
    caption: str, called: str, groups: Mapping[str, Shares], made: HeuristicReport
) -> Table:
    told = made.withheld is None
    return Table(
        caption,
        (called, "pairs", "the PM is right", "verdicts"),
        tuple(
            (
                group,
                f"{found.pairs:,}",
                in_percent(found.right) if told and found.right else f"{found.pm_right:,}",
                ", ".join(
                    f"{verdict} {each.count:,}"
                    for verdict, each in found.verdicts.items()
                    if each.count
                ),
            )
            for group, found in groups.items()
        ),
        words=True,
    )


def _custom(made: HeuristicReport, custom: NaturalAgainstCustom) -> Iterator[Block]:
    """Natural bearers of either kind against custom ones: the same figures and thresholds."""
    natural, own = custom.natural, custom.custom
    if made.withheld is None and natural:
        shares = verdict_shares(custom)
        yield Figure(
            f"Natural against custom text, {made.heuristic.name}",
            "Bars: the share of each verdict among natural bearers (blue, full) and among custom"
            " ones (orange, hatched), with 95% intervals.",
            Bars(
                [str(verdict) for verdict, _, _ in shares],
                (f"{len(natural):,} natural bearers", f"{len(own):,} custom"),
                [share for _, share, _ in shares],
                [share for _, _, share in shares],
                "share of the bearers",
            ),
        )
    yield Table(
        f"Natural against custom text, {made.heuristic.name}: bearers of either kind",
        ("figure", "natural", "custom"),
        tuple(custom_rows(custom)),
    )
