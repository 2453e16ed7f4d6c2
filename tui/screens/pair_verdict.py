"""All that the pair screen says of a verdict: the head's lines and the page's section. Pure.

Whoever may not see a verdict yet is shown the pair without these.
"""

from __future__ import annotations

import math

from rich.text import Text

from engine.cache.on_pair import evidence
from engine.cache.pair_records import HeuristicOnPair, PairDetail
from engine.counted import counted
from engine.plain import plain
from engine.verdict import Flip, flips
from tui.screens.reasons import runner_up, why
from tui.widgets.figures import BOLD, FAINT, NOTHING, signed
from tui.widgets.pair_line import verdict_code
from tui.widgets.wrapping import fit, wrap

_MOST_REASON_LINES = 3
_NOTE = 40
"""Cells before what an input is held against."""
_MOVED = {
    "margin": "the margin",
    "gap": "|reconstructed - margin|",
    "vote": "the vote V",
    "activation": "the activation",
}


def verdict_head(on: HeuristicOnPair, detail: PairDetail, width: int) -> list[Text]:
    """Verdict and reason in one to three lines."""
    verdict = Text(verdict_code(on.judgement.verdict, on.judgement.by), BOLD)
    reason = wrap(Text(plain(why(on, detail))), width - verdict.cell_len - 3)
    indent = " " * (verdict.cell_len + 3)
    first = Text.assemble(verdict, " · ", reason[0])
    return [first, *(Text(indent).append_text(line) for line in reason[1:_MOST_REASON_LINES])]


def effects_head(on: HeuristicOnPair, flags: tuple[str, ...], width: int) -> list[Text]:
    """The heuristic's figures, what speaks against the label, and what would have been next."""
    decisive = {None: "", True: "decisive", False: "not decisive"}[on.decisive]
    parts = [
        f"vote {signed(on.judgement.vote)}",
        f"effect {signed(on.effect)}",
        f"(random {signed(on.random_effect)}, all {signed(on.effect_all)})",
        f"deletion {signed(on.deletion_effect)} (random span {signed(on.control_effect)})",
        decisive,
        *flags,
        "in-sample" if on.in_sample else "",
        "by your pins" if on.pinned else "",
        runner_up(on),
    ]
    return wrap(Text(plain("  ".join(filter(None, parts)), keep_newlines=False)), width)


def why_lines(on: HeuristicOnPair, detail: PairDetail, width: int) -> list[Text]:
    """The section: the reason, its inputs with their thresholds, and what would flip it."""
    lines = wrap(Text(plain(why(on, detail)), BOLD), width)
    lines += _inputs(on, detail, width)
    lines.append(Text(""))
    lines += _flips(on, detail, width)
    return lines


def _inputs(on: HeuristicOnPair, detail: PairDetail, width: int) -> list[Text]:
    limits, judged = on.thresholds, on.judgement
    found: list[tuple[str, str, str]] = [
        ("margin", signed(detail.margin), f"ε_m {_number(limits.margin)}" if limits else ""),
        ("reconstructed margin", signed(detail.margin_sae), _off_by(detail, on)),
        (
            f"vote V of {_features(on)}",
            signed(judged.vote),
            f"ε {_number(limits.vote)}; a random group has effect {signed(on.random_effect)}, "
            f"all features {signed(on.effect_all)}"
            if limits
            else "",
        ),
        (
            "effect over the responses",
            signed(on.effect_over_response),
            _over_response(on),
        ),
        (
            "activation",
            _number(on.activation),
            f"silent below {_number(limits.silent_activation)}, and at 0" if limits else "",
        ),
        ("drop without other features", signed(on.drop_without_others), _outvoter(on)),
        ("drop without the SAE error", signed(on.drop_without_error), ""),
        (
            "deleting the pattern",
            signed(on.deletion_effect),
            f"a random span {signed(on.control_effect)}"
            + {None: "", True: "; decisive", False: "; not decisive"}[on.decisive],
        ),
    ]
    lines = []
    for name, value, against in found:
        first, *more = wrap(Text(against), width - _NOTE)
        lines.append(Text(f"  {name:<28}{value:>8}  ").append_text(first))
        lines += [Text(" " * _NOTE).append_text(line) for line in more]
    return lines


def _over_response(on: HeuristicOnPair) -> str:
    """What the effect over the response positions is held beside: that at the pattern."""
    if not on.features or on.effect is None:
        return ""
    if on.effect_over_response is None:
        return "not measured by this run"
    return f"the same at the pattern {signed(on.effect)}"


def _features(on: HeuristicOnPair) -> str:
    return counted(len(on.features), "feature")


def _off_by(detail: PairDetail, on: HeuristicOnPair) -> str:
    if detail.margin is None or detail.margin_sae is None or on.thresholds is None:
        return ""
    allowed = max(on.thresholds.margin, detail.margin / 2)
    return f"off by {abs(detail.margin_sae - detail.margin):.3f}, {allowed:.3f} allowed"


def _outvoter(on: HeuristicOnPair) -> str:
    who = {None: "", "features": "so other features outvote", "error": "so the SAE error outvotes"}
    return who[on.judgement.by]


def _flips(on: HeuristicOnPair, detail: PairDetail, width: int) -> list[Text]:
    judged_on = evidence(on, detail)
    if judged_on is None or on.thresholds is None:
        said = "what would flip it is not known: the pair is not measured for it"
        return wrap(Text(said, FAINT), width)
    found = flips(judged_on, on.thresholds)
    if not found:
        return [Text("no threshold has another verdict beyond it", FAINT)]
    lines = [Text("would flip to …   where, all else as it is", FAINT)]
    for place, flip in enumerate(found):
        near = "  ◂ next" if place == 0 else ""
        line = Text(f"  {flip.verdict.value:<11} {_where(flip):<46}")
        line.append(f"{flip.away:.3f} away{near}")
        lines.append(fit(line, width))
    return lines


def _where(flip: Flip) -> str:
    """`the vote V falls to +0.120`: on which side of its threshold the other verdict begins."""
    verb = "rises" if flip.rises else "falls"
    side = "to" if flip.reached else ("above" if flip.rises else "below")
    return f"{_MOVED[flip.moved]} {verb} {side} {signed(flip.threshold)}"


def _number(value: float | None) -> str:
    return NOTHING if value is None or math.isnan(value) else f"{value:.3g}"
