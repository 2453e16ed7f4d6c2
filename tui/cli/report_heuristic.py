"""One heuristic of the report: the answer in one sentence, what it rests on, the verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.report.report import HeuristicReport, KindReport
from engine.verdict import COUNTERPART, Interval, Shares, Verdict, verdicts_of
from tui.cli.wording import NONE, bare, between, columns, figure, name, shares, wrapped

_HEADS = ("", "n", "share %", "right", "n", "share %", "right", "difference")


def heuristic_text(made: HeuristicReport) -> Iterator[str]:
    """The heuristic's lines."""
    yield from wrapped(f"{bare(made.heuristic.name)}: {_answer(made)}", hang=2)
    yield from wrapped(_bearers(made), 2)
    if made.deletion.effect is None:
        return
    yield from wrapped(_control(made), 2)
    yield from wrapped(_features(made), 2)
    yield from wrapped(_coverage(made), 2)
    yield ""
    yield from _table(made)
    for line in _beside(made):
        yield from wrapped(line, 2)
    yield from _by_group(made)


def _answer(made: HeuristicReport) -> str:
    change = between(made.deletion.effect, flipped=True)
    did = f"deleting it changes the bearer's reward by {change}"
    stated = made.heuristic.direction
    match made.deletion.held:
        case "held":
            found = f"; it {made.direction_judged} reward" if stated == "auto" else ""
            return f"held by this PM ({did}{found})"
        case "not held":
            return f"not held by this PM: it is said that it {stated} reward, but {did}"
        case "undetermined":
            return f"undetermined: {did}, and that interval spans zero"
        case "unmeasured":
            return "unmeasured: this run has no verdict on it"


def _bearers(made: HeuristicReport) -> str:
    heuristic = made.heuristic
    how = "regex" if heuristic.regex else "text"
    folded = ", variants folded" if heuristic.fold else ""
    return (
        f'The {how} "{bare(heuristic.pattern)}" ({heuristic.scope}{folded}; {heuristic.direction}):'
        f" {made.chosen_only:,} pairs bear it on the chosen side alone, {made.rejected_only:,} on"
        f" the rejected, {made.both:,} on both."
    )


def _control(made: HeuristicReport) -> str:
    return (
        "Deleting a random span of the same length instead changes it by"
        f" {between(made.deletion.control, flipped=True)}; the difference is"
        f" {between(made.deletion.difference, flipped=True)}."
    )


def _features(made: HeuristicReport) -> str:
    if made.pinned:
        return f"Features, pinned: {', '.join(map(str, made.features))}."
    if not made.features:
        return "Features: none stands for the pattern."
    folds = [
        ", ".join(
            f"{found.feature} (AUROC {found.auroc:.2f}, fires in {found.fire_share:.0%})"
            for found in fold
        )
        or "none"
        for fold in made.folds
    ]
    if made.in_sample:
        return f"Features, found on the bearers they judge (in-sample): {folds[0]}."
    return (
        f"Features: {'; and for the other half: '.join(folds)}."
        f" Overlap (Jaccard) {figure(made.jaccard)}."
    )


def _coverage(made: HeuristicReport) -> str:
    if made.deletion.held == "undetermined":
        return "Coverage says nothing where the deletion effect spans zero."
    every = f"All SAE features at the span carry {_part(made.coverage_all)} of the deletion effect"
    if made.about is None:
        return f"{every}; what the heuristic's carry is unmeasured."
    return (
        f"{every}, the heuristic's {_part(made.coverage)}:"
        f" the verdicts are about {made.about}. A vote counts above {figure(made.vote_threshold)}."
    )


def _part(interval: Interval | None) -> str:
    if interval is None:
        return "an unmeasured part"
    return f"{interval.estimate:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


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
    if not told:
        yield from wrapped(f"Shares are withheld: {made.withheld}.", 2)


def _counterpart(verdict: Verdict) -> Verdict:
    return COUNTERPART.get(verdict, verdict)


def _cells(found: Shares, verdict: Verdict, told: bool) -> tuple[str, str, str]:
    each = found.verdicts.get(verdict)
    if each is None or not told or each.count == 0:
        return f"{each.count if each else 0:,}", NONE, NONE
    of_right = each.share_of_pm_right
    return f"{each.count:,}", shares(each.share), NONE if of_right is None else f"{of_right:.0%}"


def _beside(made: HeuristicReport) -> Iterator[str]:
    ours, theirs = made.counterexamples, made.conforming
    if _count(ours, Verdict.OUTVOTED) or _count(theirs, Verdict.FOLLOWED):
        yield "* on conforming pairs `followed`, the same vote."
    if count := _count(ours, Verdict.OUTVOTED):
        by = ours.outvoted_by
        error = f"{by['error']:,} by the SAE error"
        yield f"Of {count:,} outvoted: {by['features']:,} by other features, {error}."
    if count := _count(ours, Verdict.PM_WRONG):
        yield f"Of {count:,} pm-wrong counterexamples {ours.confident:,} are confident."
    yield (
        f"The PM is right on {ours.pooled.pm_right:,} of {ours.pooled.pairs:,} counterexamples and"
        f" {theirs.pooled.pm_right:,} of {theirs.pooled.pairs:,} conforming pairs (`right`: the"
        " share of those)."
    )
    yield (
        f"Decisive (without the pattern the margin changes its sign): {ours.decisive:,} of"
        f" {ours.pooled.pairs:,} counterexamples, {theirs.decisive:,} of"
        f" {theirs.pooled.pairs:,} conforming pairs."
    )
    for kind, told in ((ours, "counterexamples"), (theirs, "conforming pairs")):
        if kind.pooled.pairs and kind.absent:
            yield f"Do not occur on {told}: {', '.join(kind.absent)}."


def _count(made: KindReport, verdict: Verdict) -> int:
    each = made.pooled.verdicts.get(verdict)
    return each.count if each else 0


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
