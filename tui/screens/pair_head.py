"""The pair screen's fixed lines: which pair, its verdict and why, and its figures. Pure."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from engine.cache.pair_records import HeuristicOnPair, PairDetail, Said
from engine.live.edit import Rescored
from engine.plain import plain
from tui.screens.pair_verdict import effects_head, verdict_head
from tui.widgets.figures import BOLD, signed


def on_pair(detail: PairDetail, name: str | None) -> HeuristicOnPair | None:
    """What is known of the heuristic of that name, or of the first one the pair bears."""
    named = [on for on in detail.heuristics if on.heuristic.name == name]
    return next(iter(named or detail.heuristics), None)


def on_both(
    rescored: Rescored, name: str | None
) -> tuple[HeuristicOnPair | None, HeuristicOnPair | None]:
    """One heuristic before and after: where an edit takes its pattern, no other stands for it."""
    old = on_pair(rescored.before, name)
    if old is None:
        return None, on_pair(rescored.after, name)
    alike = (on for on in rescored.after.heuristics if on.heuristic.name == old.heuristic.name)
    return old, next(alike, None)


def _said(said: Said) -> str:
    """`ana: label wrong “note”`: what another user says of the pair."""
    return " ".join(
        (f"{said.user}:", said.mark or "no mark", *([f"“{said.note}”"] if said.note else ()))
    )


def head_lines(detail: PairDetail, name: str | None, width: int, edited: bool) -> list[Text]:
    """Name and kind, what users said, the verdict and its reason, rewards, effects.

    Notes are in one line however long they are: whoever shows them cuts it.
    """
    on = on_pair(detail, name)
    lines = [Text(_first(detail, on, width, edited), BOLD)]
    if detail.note:
        lines.append(Text(plain(f"note: {detail.note}", keep_newlines=False)))
    if detail.hidden:
        lines.append(Text("blind · verdict and figures are hidden until you mark the pair"))
    if detail.others:
        lines.append(Text(plain(" · ".join(map(_said, detail.others)), keep_newlines=False)))
    if on is not None:
        lines += verdict_head(on, detail, width)
    lines.append(
        Text(
            f"reward chosen {signed(detail.reward_chosen)}"
            f"  rejected {signed(detail.reward_rejected)}"
            f"  margin {signed(detail.margin)}  reconstructed {signed(detail.margin_sae)}"
        )
    )
    if on is not None:
        lines += effects_head(on, detail.remarks, width)
    elif detail.remarks:
        lines.append(Text(plain("  ".join(detail.remarks), keep_newlines=False)))
    return lines


def _first(detail: PairDetail, on: HeuristicOnPair | None, width: int, edited: bool) -> str:
    """Which pair it is and what: without its tranche and source where they find no room."""
    name = detail.pair.name
    rest = [" · EDITED"] if edited else []
    if detail.mark is not None:
        rest.append(f" · mark: {detail.mark}")
    if on is not None:
        sign = "≠" if on.kind == "counterexample" else "="
        rest.append(f" · {sign} {on.kind} of {on.heuristic.name}, {on.bearer} bears it")
    short = f"{name.split}:{name.row}"
    lines = [
        plain(f"{start}{''.join(rest)}", keep_newlines=False)
        for start in (f"{name} · {detail.pair.tranche}", str(name), short)
    ]
    return next((line for line in lines if cell_len(line) <= width), lines[-1])


def before_and_after(
    rescored: Rescored, name: str | None, floor: float | None, unedited: float | None
) -> list[Text]:
    """A table of the stored and the fresh figures, and the verdicts.

    Args:
        rescored: what was measured.
        name: the heuristic whose effect, vote and verdict are told.
        floor: the run's noise floor, which a drift is held against.
        unedited: the drift of the pair as it is stored, which an edit is held against.
    """
    before, after = rescored.before, rescored.after
    on_before, on_after = on_both(rescored, name)
    rows: list[tuple[str, float | None, float | None]] = [
        ("reward chosen", before.reward_chosen, after.reward_chosen),
        ("reward rejected", before.reward_rejected, after.reward_rejected),
        ("margin", before.margin, after.margin),
        ("reconstructed margin", before.margin_sae, after.margin_sae),
        (
            "effect",
            on_before.effect if on_before else None,
            on_after.effect if on_after else None,
        ),
        (
            "vote",
            on_before.judgement.vote if on_before else None,
            on_after.judgement.vote if on_after else None,
        ),
    ]
    lines = [Text(f"{'':<22}{'before':>9}{'after':>9}{'change':>9}", BOLD)]
    for label, old, new in rows:
        change = None if old is None or new is None else new - old
        lines.append(Text(f"{label:<22}{signed(old, 9)}{signed(new, 9)}{signed(change, 9)}"))
    old_verdict = on_before.judgement.verdict.value if on_before else "none"
    new_verdict = on_after.judgement.verdict.value if on_after else "none"
    lines.append(Text(f"{'verdict':<22}{old_verdict} → {new_verdict}", BOLD))
    label, drift = ("drift", rescored.drift)
    if not rescored.edit.is_none:
        label, drift = ("drift unedited", unedited)
    elif drift is None:  # nothing is stored to drift from
        return lines
    against = "" if floor is None else f" (noise floor {floor:.2g})"
    told = "not measured" if drift is None else f"{drift:+.2g}"
    lines.append(Text(f"{label:<22}{told}{against}"))
    return lines
