"""What the report says of a heuristic in sentences, the same wherever it is read."""

from __future__ import annotations

from collections.abc import Iterator

from engine.counted import counted
from engine.report.report import HeuristicReport, KindReport, Report
from engine.report.wording import bare, between, figure, in_percent, signed
from engine.verdict import FEWEST_CONTEXTS, Interval, Verdict


def answer(made: HeuristicReport) -> str:
    """Whether the PM holds it, by what deletion does; no capital, no full stop."""
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
            if made.deletion.contexts < FEWEST_CONTEXTS:
                return f"undetermined: {did}, and one context is too few to tell"
            return f"undetermined: {did}, and that interval spans zero"
        case "no deletion":
            return (
                f"taken at its word: it is said that it {stated} reward, and a feature has no text"
                " whose deletion could tell"
            )
        case "unmeasured":
            if made.by_margins:
                return "unmeasured: its rewards were imported, and only margins are judged"
            if made.judged:
                return "unmeasured: from no bearer could it be deleted"
            return "unmeasured: this run has no verdict on it"


def right(made: HeuristicReport) -> str:
    """How many counterexamples the PM gets right, and by what verdicts where that may be said."""
    ours = made.counterexamples.pooled
    if not ours.pairs:
        return "No pair of the index is a counterexample."
    if ours.right is None:
        return "No counterexample was measured."
    found = f"The PM gets {ours.pm_right:,} of {ours.measured:,} counterexamples right"
    if made.withheld is None:
        found = f"{found} ({in_percent(ours.right)})"
    if left := ours.pairs - ours.measured:
        found = f"{found}, and {left:,} {'is' if left == 1 else 'are'} unmeasured"
    if made.withheld is not None:
        return f"{found}. Shares are withheld: {made.withheld}."
    those = [
        (each.of_pm_right, verdict)
        for verdict, each in ours.verdicts.items()
        if each.of_pm_right is not None and each.of_pm_right.estimate > 0
    ]
    if not those:
        return f"{found}."
    told = ", ".join(f"{in_percent(share)} {verdict}" for share, verdict in those)
    return f"{found}; of those {told}."


def whose(report: Report) -> str:
    """Over which pairs margins are told."""
    margins = report.margins
    if margins.complete:
        return f"all {margins.pairs:,} pairs"
    if report.manifest.imported:
        return f"the {margins.pairs:,} pairs whose rewards were imported, of {report.pairs:,}"
    return f"a hashed sample of {margins.pairs:,} pairs that stands for the index"


def cut(report: Report) -> str | None:
    """How many contexts were truncated, and by how much at most; None where none was."""
    if not report.contexts_cut:
        return None
    contexts, tokens = counted(report.contexts_cut, "context"), counted(report.most_cut, "token")
    return f"{contexts} lost the oldest tokens, {tokens} at most, to fit the PM; no response did"


def bearers(made: HeuristicReport) -> str:
    """What it is, and how many pairs bear it."""
    heuristic = made.heuristic
    how = "regex" if heuristic.regex else "text"
    if heuristic.shown != heuristic.pattern:
        how = "words"
    folded = ", variants folded" if heuristic.fold else ""
    what = heuristic.pattern if heuristic.feature is not None else None
    if what is not None:
        return (
            f"As a heuristic, {what} ({heuristic.direction}): it fires in {made.chosen_only:,}"
            f" measured pairs on the chosen side alone, in {made.rejected_only:,} on the rejected,"
            f" in {made.both:,} on both."
        )
    return (
        f'The {how} "{bare(heuristic.shown)}" ({heuristic.scope}{folded}; {heuristic.direction}):'
        f" {made.chosen_only:,} pairs bear it on the chosen side alone, {made.rejected_only:,} on"
        f" the rejected, {made.both:,} on both."
    )


def control(made: HeuristicReport) -> str:
    """Rewards before and after, and what deleting a random span does instead."""
    if made.deletion.held == "no deletion":
        return "The deletion control is withheld: a feature has no text to delete."
    around, rewards = made.rewards, ""
    if around is not None:
        who = "1 bearer gets" if around.bearers == 1 else f"{around.bearers:,} bearers get"
        rewards = (
            f"With the pattern {who} a mean reward of {between(around.before)}, without it"
            f" {between(around.after)}. "
        )
    found, there = made.deletion, ""
    if found.with_room < found.bearers:
        there = f" on the {found.with_room:,} of {found.bearers:,} that have room for one"
    return (
        f"{rewards}Deleting a random span of the same length instead changes it by"
        f" {between(found.control, flipped=True)}{there}; the difference"
        f"{' there' if there else ''} is {between(found.difference, flipped=True)}."
    )


def insertion(made: HeuristicReport) -> str | None:
    """What the pattern does out of distribution, beside what it does in it; None: unmeasured."""
    if made.heuristic.regex:
        return (
            "Out of distribution it is not measured: a regular expression is no text that could be"
            " inserted."
        )
    found = made.insertion
    if found is None:
        return None
    added = between(Interval(found.mean, found.low, found.high))
    into = counted(found.pairs, "other response")
    rewards = ""
    if found.before is not None and found.after is not None:
        rewards = f" (mean reward {between(found.before)} before, {between(found.after)} after)"
    return (
        "What it does to reward in distribution and out of it: deleted from its bearers it takes"
        f" {between(made.deletion.effect)} along; inserted into {into}, matched by"
        f" tranche and length, it adds {added}{rewards}."
    )


def features(made: HeuristicReport) -> str:
    """Which features stand for the pattern, and how they were found."""
    if made.pinned:
        by = f" by {made.pinned_by}" if made.pinned_by else ""
        return f"Features, pinned{by}: {', '.join(map(str, made.features))}."
    if not made.features:
        return "Features: none stands for the pattern."
    folds = [
        ", ".join(
            f"{found.feature} (AUROC {found.auroc:.2f}, fires in {found.fire_share:.0%},"
            f" {signed(made.pushes.get(found.feature))})"
            for found in fold
        )
        or "none"
        for fold in made.folds
    ]
    beside = "Signed: its mean attribution to the bearer's reward, which picks none."
    if made.in_sample:
        return f"Features, found on the bearers they judge (in-sample): {folds[0]}. {beside}"
    return (
        f"Features: {'; and for the other half: '.join(folds)}."
        f" Overlap (Jaccard) {figure(made.jaccard)}. {beside}"
    )


def coverage(made: HeuristicReport) -> str:
    """How much of the deletion effect they carry, and what the verdicts are about."""
    if made.deletion.held == "undetermined":
        return "Coverage says nothing where the deletion effect is undetermined."
    if made.deletion.held == "no deletion":
        return (
            "The verdicts are about this feature. A vote counts above"
            f" {figure(made.vote_threshold)}."
        )
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


def beside(made: HeuristicReport) -> Iterator[str]:
    """What stands beside the table of verdicts."""
    ours, theirs = made.counterexamples, made.conforming
    if count := _count(ours, Verdict.OUTVOTED):
        by = ours.outvoted_by
        error = f"{by['error']:,} by the SAE error"
        yield f"Of {count:,} outvoted: {by['features']:,} by other features, {error}."
    yield from _at_random(ours, theirs)
    if count := _count(ours, Verdict.PM_WRONG):
        yield f"Of {count:,} pm-wrong counterexamples {ours.confident:,} are confident."
    yield (
        f"The PM is right on {ours.pooled.pm_right:,} of {ours.pooled.measured:,} counterexamples"
        f" and {theirs.pooled.pm_right:,} of {theirs.pooled.measured:,} conforming pairs."
    )
    if made.deletion.effect is None:
        return
    yield (
        f"Decisive (without the pattern the margin changes its sign): {ours.decisive:,} of"
        f" {ours.pooled.pairs:,} counterexamples, {theirs.decisive:,} of"
        f" {theirs.pooled.pairs:,} conforming pairs."
    )
    for kind, told in ((ours, "counterexamples"), (theirs, "conforming pairs")):
        if kind.pooled.pairs and kind.absent:
            yield f"Do not occur on {told}: {', '.join(kind.absent)}."
    for kind, told in ((ours, "counterexamples"), (theirs, "conforming pairs")):
        if kind.suspects:
            verdicts = ", ".join(
                f"{verdict} {kind.suspects[verdict]:,} of {found.count:,}"
                for verdict, found in kind.pooled.verdicts.items()
                if verdict in kind.suspects
            )
            total = sum(kind.suspects.values())
            of_them = f"{total:,} of {kind.pooled.pairs:,} {told}"
            yield f"The label may be wrong on {of_them}: {verdicts}."


def _at_random(ours: KindReport, theirs: KindReport) -> Iterator[str]:
    """The control of `sae-miss`: where a random error does as much, its direction says nothing."""
    at_random = [kind.random_misses or 0 for kind in (ours, theirs)]
    missed = [_count(kind, Verdict.SAE_MISS) for kind in (ours, theirs)]
    known = ours.random_misses is not None or theirs.random_misses is not None
    if known and any(at_random + missed):
        yield (
            f"sae-miss falls on {missed[0]:,} counterexamples and {missed[1]:,} conforming pairs;"
            " with a random error of equal norm in place of the SAE's it would fall on"
            f" {at_random[0]:,} and {at_random[1]:,}."
        )


def _count(made: KindReport, verdict: Verdict) -> int:
    each = made.pooled.verdicts.get(verdict)
    return each.count if each else 0


def suspects_sentence(report: Report) -> str | None:
    """How many labels may be wrong, why, and whether they are left out; None where none is."""
    reasons = [f"{count:,} {why}" for why, count in report.suspicions.items() if count]
    told = f" ({', '.join(reasons)})" if reasons else ""
    left_out = ", left out" if report.without_suspects else ""
    unknown = "" if report.duplicates_looked_for else "; near-duplicates were not looked for"
    if not (report.suspects or report.without_suspects):
        return None
    return f"{report.suspects:,} pairs whose label may be wrong{told}{left_out}{unknown}"
