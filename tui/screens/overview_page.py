"""The overview's lines, laid out for a width. Pure: records in, text out."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.text import Text

from engine.cache.records import IMPORTED, HeuristicCard, Overview, TrancheCard
from engine.counted import counted
from engine.plain import plain
from engine.verdict import Verdict
from tui.keys import MARKS
from tui.widgets.document import Page
from tui.widgets.figures import (
    BOLD,
    FAINT,
    NOTHING,
    letters_key,
    margin_bar,
    percent,
    signed,
    verdict_bar,
    verdict_counts,
)
from tui.widgets.wrapping import wrap

COVERED = (0.5, 1.5)
"""Coverage inside it lets verdicts speak of the heuristic (docs/verdicts.md)."""

_HELD = {
    "held": "held",
    "not held": "not held by this PM",
    "undetermined": "undetermined",
    "unmeasured": "not measured",
    "no deletion": "direction as stated: no text to delete",
}


def _flat(text: str) -> str:
    return plain(text, keep_newlines=False)


def _measured(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3f}"


def title_lines(overview: Overview | None) -> list[Text]:
    """Index and run: what was measured, with what, and the thresholds."""
    if overview is None:
        return [Text("Outvoted", BOLD)]
    first = Text(f"Outvoted · {_flat(overview.index)} · {overview.pairs:,} pairs", BOLD)
    run = overview.run
    if overview.so_far is not None:
        so_far = overview.so_far
        first.append(f" · run {_flat(so_far.run)} · {so_far.pairs:,} pairs so far")
    if run is None:
        return [first]
    if run.readout == IMPORTED:
        return [
            first.append(f" · run {_flat(run.run)} · rewards of {run.pairs:,} pairs, imported"),
            Text(_flat(f"PM {run.pm} · ε_m {run.margin_threshold:.4g} · noise floor unmeasured")),
        ]
    return [
        first.append(f" · run {_flat(run.run)} · {run.pairs:,} pairs measured"),
        Text(_flat(f"PM {run.pm} · SAE {run.sae} at {run.hook} · {run.readout}")),
        Text(
            f"ε_m {run.margin_threshold:.4g} · noise floor {run.noise_floor:.2g} · "
            f"FVU {_measured(run.fvu)} · reward recovered {_measured(run.reward_recovered)} · "
            f"{_flat(run.dtype)}"
        ),
    ]


def overview_page(
    overview: Overview | None, width: int, marks: Mapping[str, int] | None = None
) -> Page:
    """Heuristics (with a cursor), the way to all pairs, tranches and the letters' key."""
    if overview is None or overview.pairs == 0:
        return Page(_say("There is no index yet.", "Make one:  outvoted index FILE"))
    lines: list[Text] = []
    anchors: list[int] = []
    if overview.so_far is not None:
        lines += _say(
            "This run is not finished: margins as far as they are, and no verdicts yet.",
            "Open it again for more; the same `outvoted score` goes on with it.",
        )
    elif overview.run is None:
        lines += _say(
            "No run yet: verdicts are unmeasured.",
            "Make one:  outvoted score --pm PM --sae SAE --hook HOOK",
        )
    elif not overview.heuristics:
        lines += _say("No heuristics yet.", "Name some:  outvoted score --heuristics FILE.toml")
    for card in overview.heuristics:
        anchors.append(len(lines))
        lines += heuristic_lines(card, width)
    anchors.append(len(lines))
    lines.append(Text(f"all pairs  {overview.pairs:,}{_marked(marks or {})}"))
    lines += [Text(), *tranche_lines(overview.tranches, width), Text()]
    lines += letters_key(width)
    return Page(lines, tuple(anchors))


def _marked(marks: Mapping[str, int]) -> str:
    """Your own marks, counted."""
    if not marks:
        return ""
    known = [f"{name} {marks[name]:,}" for name in MARKS.values() if name in marks]
    others = sum(count for name, count in marks.items() if name not in MARKS.values())
    return f"  · you marked {', '.join(known + [f'other {others:,}'] * (others > 0))}"


def _say(what: str, todo: str) -> list[Text]:
    return [Text(), Text(what, BOLD), Text(todo), Text()]


def heuristic_lines(card: HeuristicCard, width: int) -> list[Text]:
    """Name and pattern, what is known of it, and a line for each kind of pair."""
    heuristic = card.heuristic
    name = _flat(f"{heuristic.name}  “{heuristic.shown}”  {heuristic.direction}")
    known = [_HELD[card.held]]
    low, high = COVERED
    covered = card.coverage is not None and low <= card.coverage <= high
    if card.deletion_effect is not None:
        known.append(f"deletion {signed(card.deletion_effect)}")
    if card.coverage is not None:
        known.append(f"coverage {card.coverage:.2f}")
    features = counted(len(card.features), "feature")
    if not card.features:
        features = "no feature stands for it"
    first, rest = _as_fits(name, [*known, features], width)
    if rest == [features] and card.features:  # F lists them: they need no line of their own
        rest = []
    if card.features and not covered and card.held not in ("unmeasured", "no deletion"):
        rest.append("about these features, not the heuristic")
    lines = [Text(first)]
    if rest:
        lines += [
            Text(f"    {line.plain}", FAINT) for line in wrap(Text(" · ".join(rest)), width - 4)
        ]
    shown = (
        ("≠ counterexamples", card.counterexamples, Verdict.OUTVOTED),
        ("= conforming", card.conforming, Verdict.FOLLOWED),
    )
    for kind, counts, telling in shown:
        total = sum(counts.values())
        line = Text(f"    {kind:<18}{total:>6}  ")
        if card.held in ("held", "no deletion"):
            share = f"  {percent(counts.get(telling, 0), total)} {telling.value}"
            line.append_text(verdict_bar(counts, max(width - line.cell_len - 16, 8))).append(share)
        elif card.held == "unmeasured" and set(counts) <= {Verdict.UNMEASURED}:
            line.append(_HELD[card.held], FAINT)
        elif card.held == "unmeasured":
            line.append(f"{verdict_counts(counts)}  · by margins alone")
        else:
            line.append(f"{verdict_counts(counts)}  · shares withheld")
        lines.append(line)
    return lines


def _as_fits(name: str, parts: list[str], width: int) -> tuple[str, list[str]]:
    """The name and as many whole parts as its line has room for, and those it has none for."""
    line = name
    for place, part in enumerate(parts):
        longer = f"{line} · {part}"
        if cell_len(longer) > width:
            return line, parts[place:]
        line = longer
    return line, []


def tranche_lines(tranches: tuple[TrancheCard, ...], width: int) -> list[Text]:
    """Mean margin (sign and bar) and accuracy of each tranche, never pooled."""
    if not tranches:
        return []
    half = max((min(width, 120) - 62) // 2, 4)
    head = f"{'tranche':<26}{'measured':>15}  {'margin':>7} {'':<{2 * half + 1}} accuracy"
    lines = [Text(head, BOLD)]
    largest = max((abs(card.mean_margin or 0.0) for card in tranches), default=0.0)
    for card in tranches:
        line = Text(f"{_flat(card.tranche)[:25]:<26}{card.measured:>6,} of {card.pairs:<6,}")
        line.append(f" {signed(card.mean_margin, 7)} ")
        line.append_text(margin_bar(card.mean_margin, largest, half))
        accuracy = "·" if card.accuracy is None else f"{100 * card.accuracy:.1f}%"
        lines.append(line.append(f" {accuracy:>8}"))
    return lines
