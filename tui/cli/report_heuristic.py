"""One heuristic of the report: the answer in one sentence, what it rests on, the verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.report.custom import custom_rows
from engine.report.report import HeuristicReport
from engine.report.sentences import answer, bearers, beside, control, coverage, features, insertion
from engine.report.wording import NONE, bare, shares
from engine.verdict import COUNTERPART, Shares, Verdict, verdicts_of
from tui.cli.wording import columns, name, wrapped

_RIGHT = "`right`: its share of the pairs that the PM gets right."
_HEADS = ("", "n", "share %", "right", "n", "share %", "right", "difference")


def heuristic_text(made: HeuristicReport) -> Iterator[str]:
    """The heuristic's lines."""
    yield from wrapped(f"{bare(made.heuristic.name)}: {answer(made)}", hang=2)
    yield from wrapped(bearers(made), 2)
    if made.judged:
        yield from wrapped(control(made), 2)
        if (inserted := insertion(made)) is not None:
            yield from wrapped(inserted, 2)
        yield from wrapped(features(made), 2)
        yield from wrapped(coverage(made), 2)
    elif not made.by_margins:
        return
    yield ""
    yield from _table(made)
    for line in beside(made):
        yield from wrapped(line, 2)
    yield from _by_group(made)
    if made.custom is not None:
        yield ""
        heads = ("natural against custom text", "natural", "custom")
        yield from columns([heads, *custom_rows(made.custom)], indent=2)


def _table(made: HeuristicReport) -> Iterator[str]:
    told = made.withheld is None
    ours, theirs = made.counterexamples.pooled, made.conforming.pooled
    rows = [_HEADS]
    for verdict in verdicts_of("counterexample"):
        cells = (*_cells(ours, verdict, told), *_cells(theirs, _counterpart(verdict), told))
        if cells[0] == cells[3] == "0":
            continue
        difference = made.differences.get(verdict) if told else None
        shown = shares(difference, sign=True)
        rows.append((f"{verdict} *" if verdict in COUNTERPART else str(verdict), *cells, shown))
    head, *lines = columns(rows, indent=2)
    first = head.index("right") + len("right")
    yield (
        f"{f'{ours.pairs:,} counterexamples':>{first}}"
        f"{f'{theirs.pairs:,} conforming':>{head.rindex('right') + len('right') - first}}"
    )
    yield head
    yield from lines
    if any(line.split()[1] == "*" for line in lines):
        yield "  * on conforming pairs `followed`, the same vote."
    if not told:
        yield from wrapped(f"Shares are withheld: {made.withheld}.", 2)
    else:
        yield f"  {_RIGHT}"


def _counterpart(verdict: Verdict) -> Verdict:
    return COUNTERPART.get(verdict, verdict)


def _cells(found: Shares, verdict: Verdict, told: bool) -> tuple[str, str, str]:
    each = found.verdicts.get(verdict)
    if each is None or not told or each.count == 0:
        return f"{each.count if each else 0:,}", NONE, NONE
    of_right = each.share_of_pm_right
    return f"{each.count:,}", shares(each.share), NONE if of_right is None else f"{of_right:.0%}"


def _by_group(made: HeuristicReport) -> Iterator[str]:
    """The verdicts by tranche, and by whether the PM was trained on the pairs."""
    for kind, called in (
        (made.counterexamples, "counterexamples"),
        (made.conforming, "conforming pairs"),
    ):
        if len(kind.by_tranche) > 1:
            yield from _groups(f"By tranche, {called}:", kind.by_tranche, made)
        if kind.by_seen:
            yield from _groups(f"By the PM's training, {called}:", kind.by_seen, made)


def _groups(title: str, groups: Mapping[str, Shares], made: HeuristicReport) -> Iterator[str]:
    told = made.withheld is None
    yield ""
    yield f"  {title}"
    for group, found in groups.items():
        verdicts = "; ".join(
            f"{verdict} {each.count:,}" + (f" = {shares(each.share)}%" if told else "")
            for verdict, each in found.verdicts.items()
            if each.count
        )
        yield from wrapped(f"{name(group)} ({found.pairs:,}): {verdicts}", 4, 6)
