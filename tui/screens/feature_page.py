"""The feature screen's lines: what a feature does over all pairs, and where. Pure."""

from __future__ import annotations

from statistics import median

from rich.text import Text

from engine.cache.feature_records import FeatureDetail, FeatureHit, FeatureOnHeuristic, Firing
from engine.plain import plain
from tui.widgets.document import Page
from tui.widgets.figures import BOLD, FAINT, percent, signed, still_to_mark
from tui.widgets.plots import BLUE, ORANGE, Curve, at_least, curves
from tui.widgets.wrapping import fit, rule, wrap

PLOT_LINES = 8
_WIDE = 100
_SIDES = {"chosen": "c", "rejected": "r"}


def feature_head(detail: FeatureDetail, width: int) -> list[Text]:
    """Which feature, where it fires, and what it does to margins."""
    named = f" · {_flat(detail.label)}" if detail.label else " · no label"
    pushes = detail.pushes
    active = f"active on {detail.active:,} of {detail.measured:,} measured pairs"
    higher = percent(detail.stronger_on_chosen, detail.active)
    sides = (
        f"chosen {_firing(detail.chosen)} · rejected {_firing(detail.rejected)} · higher on "
        f"chosen in {higher}"
    )
    attributed = (
        f"attribution: sum {signed(pushes.toward_chosen + pushes.toward_rejected)} "
        f"(toward chosen {signed(pushes.toward_chosen)}, rejected "
        f"{signed(pushes.toward_rejected)})"
    )
    exact = (
        f"exact effects: sum {signed(pushes.effect)} on {pushes.checked:,} pairs "
        f"(attributed {signed(pushes.attribution_checked)}), same sign on {pushes.agreeing:,}"
        if pushes.checked
        else "exact effects: none of it alone is stored"
    )
    first = Text(f"Feature #{detail.feature}{named}", BOLD).append(f" · {active}", "not bold")
    return [*wrap(first, width), *(Text(line) for line in (sides, attributed, exact))]


def feature_page(detail: FeatureDetail, shown: int, width: int, hidden: int = 0) -> Page:
    """Who uses it, how it fires on one heuristic's bearers (the `shown`th), and its pairs.

    `hidden`: how many pairs blind mode has left out.
    """
    lines = [*_users(detail.heuristics, width)]
    if detail.heuristics:
        plotted = detail.heuristics[shown % len(detail.heuristics)]
        lines += _pins(detail, plotted, width)
        lines += _on_bearers(plotted, width)
    told = len(detail.hits) + hidden
    more = f"the {told} strongest of {detail.active:,}" if told < detail.active else f"{told}"
    lines.append(rule(f"pairs by activation · {more}", width))
    if hidden:
        lines.append(still_to_mark(hidden))
    if not told:
        lines.append(Text("It fires on no measured pair. [ and ] go to other features.", FAINT))
        return Page(lines)
    if not detail.hits:
        return Page(lines)
    lines.append(Text(_heading(width), FAINT))
    first = len(lines)
    lines += [hit_line(hit, width) for hit in detail.hits]
    return Page(lines, anchors=tuple(range(first, len(lines))))


def _users(heuristics: tuple[FeatureOnHeuristic, ...], width: int) -> list[Text]:
    users = [on for on in heuristics if on.judges]
    if not users:
        return [fit(Text("No heuristic of this run is judged with it.", FAINT), width)]
    return [line for on in users for line in wrap(Text(_use(on)), width)]


def _use(on: FeatureOnHeuristic) -> str:
    name = _flat(on.heuristic.name)
    if on.pinned:
        by = f" by {_flat(on.pinned_by)}" if on.pinned_by else ""
        return f"* {name} is judged with it: pinned{by}"
    words = ("AUROC ", "fires on ")
    folds = []
    for fold, found in on.judges:
        if found is not None:
            auroc, share = words
            folds.append(
                f"{auroc}{found.auroc:.2f}, {share}{100 * found.fire_share:.0f}% (fold {fold})"
            )
            words = ("", "")  # the second fold's figures are the same two
    return f"* judges {name}: {'; '.join(folds)}"


def _pins(detail: FeatureDetail, plotted: FeatureOnHeuristic, width: int) -> list[Text]:
    """What users pinned since the run was sealed, where this feature has to do with it."""
    said = []
    for on in detail.heuristics:
        name = _flat(on.heuristic.name)
        if on.to_judge and (on is plotted or on.judges or detail.feature in on.pins):
            yet = "not judged with them yet" if on.pins else "still judged with those it had"
            said.append(f"+ {_pinned(name, on.pins)} · the run is {yet}")
        said += [f"+ pinned for {name} by {_flat(user)}" for user in on.others]
    return [line for text in said for line in wrap(Text(text), width)]


def pin_told(detail: FeatureDetail, name: str, pins: tuple[int, ...]) -> str:
    """What a pin that was just set, or taken back, comes to."""
    pinned = detail.feature in pins
    gone = "" if pinned else f"#{detail.feature} is not pinned any more · "
    score = f"outvoted score --name {_flat(detail.index)} --run {detail.run[:8]}"
    follows = f"{score} judges with them, r and the lab do at once"
    without = f"{score} judges without them"
    return f"{gone}{_pinned(_flat(name), pins)} · {follows if pins else without}"


def _pinned(name: str, pins: tuple[int, ...]) -> str:
    if not pins:
        return f"no pin of yours is left for {name}"
    return f"your pins for {name}: {', '.join(f'#{feature}' for feature in pins)}"


def _on_bearers(on: FeatureOnHeuristic, width: int) -> list[Text]:
    """How strongly it fires on counterexamples, against conforming pairs, as curves that fall."""
    title = f"on bearers of {_flat(on.heuristic.name)} · % at least as active · h l others"
    lines = [rule(title, width)]
    samples = (
        ("o", "≠", "counterexamples", on.counterexamples, ORANGE),
        ("x", "=", "conforming", on.conforming, BLUE),
    )
    legend = [
        Text.assemble((f"{marker} ", style), f"{sign} {_summary(values, kind)}")
        for marker, sign, kind, values, style in samples
    ]
    one_line = Text("  ").join(legend)
    lines += [one_line] if one_line.cell_len <= width else legend
    highest = max((*on.counterexamples, *on.conforming), default=0.0)
    if highest == 0:
        lines.append(Text("It fires on none of them.", FAINT))
        return lines
    series = [
        Curve(marker, [(0.0, 100.0), *at_least(values)], style)
        for marker, _, _, values, style in samples
        if values
    ]
    return lines + curves(series, min(width, 120), PLOT_LINES, (0.0, highest), (0.0, 100.0))


def _summary(values: tuple[float, ...], kind: str) -> str:
    """How many of them it fires on, and its median there."""
    active = [value for value in values if value > 0]
    middle = f", med. {median(active):.2f}" if active else ""
    return f"{kind}: {percent(len(active), len(values))} of {len(values):,}{middle}"


def _heading(width: int) -> str:
    named = f"{'tranche':<16}" if width >= _WIDE else ""
    return f"  {'pair':<13}{named}{'chosen':>7}{'reject.':>8}{'attrib.':>8}{'effect':>8}    where"


def hit_line(hit: FeatureHit, width: int) -> Text:
    """One pair: activations on both sides, attribution, exact effect, the strongest token."""
    named = f"{_flat(hit.tranche)[:15]:<16}" if width >= _WIDE else ""
    where = Text(_flat(hit.before)[-24:])
    if hit.match:
        where.append(f"‹{_flat(hit.match)}›", BOLD).append(_flat(hit.after))
    else:
        where.append(_flat(hit.after), FAINT)
    line = Text(
        f"  {_flat(hit.label)[:12]:<13}{named}{hit.activation_chosen:>7.2f}"
        f"{hit.activation_rejected:>8.2f}{signed(hit.attribution, 8)}{signed(hit.effect, 8)}"
        f"  {_SIDES[hit.side]} "
    )
    return fit(line.append_text(where), width)


def _firing(side: Firing) -> str:
    return f"{side.pairs:,}" if side.mean is None else f"{side.pairs:,} (mean {side.mean:.3f})"


def _flat(text: str) -> str:
    return plain(text, keep_newlines=False)
