"""The marks screen's lines: everybody's marks, against the PM and against each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from engine.cache.triage_report import Differing, TriageReport, UserMarks
from engine.plain import plain
from engine.verdict.agreement import PREFERRED, READINGS, Agreement
from tui.keys import MARKS
from tui.widgets.document import Page
from tui.widgets.figures import BOLD, FAINT, LETTERS
from tui.widgets.wrapping import fit, rule, wrap

_USER = 15
_SIDES = {"chosen": "PM: chosen", "neither": "neither (tie)", "rejected": "rejected (pm-wrong)"}
AGREES = (
    "They agree where clear meets a margin above ε_m, label wrong one below -ε_m (pm-wrong), and"
    " unclear one in between (tie). Only blind marks count: a pair's first, made with b on before"
    " its verdict was shown. κ is Cohen's: agreement beyond chance, 0 none, 1 all."
)
NONE_YET = (
    "No marks yet.",
    "In Pairs and on a pair, 1 to 5 mark it and move on; m notes, u takes back.",
    "z draws a reading sample. b hides verdict and figures until a pair is marked.",
    "A colleague's marks come in with:  outvoted import triage FILE",
)


def marks_page(report: TriageReport, differing: tuple[Differing, ...], width: int) -> Page:
    """The page; the cursor stands on the pairs that were marked differently."""
    if not report.users:
        first, *rest = NONE_YET
        return Page([Text(), Text(first, BOLD), *(wrapped(rest, width))])
    lines = [rule("marks by user", width), *_counts(report.users)]
    lines += [Text(), rule("blind marks against the PM", width)]
    for made in report.users:
        lines += _with_pm(made, report.heuristic)
    lines += wrapped([AGREES], width)
    lines += [Text(), rule("users against each other", width)]
    lines += [
        Text(f"{_name(' · '.join(made.users)):<{2 * _USER}}{_agreed(made.agreement)}")
        for made in report.between
    ] or [Text("no pair was read by two users", FAINT)]
    lines += [Text(), rule(f"marked differently · {len(differing)}", width)]
    anchors = range(len(lines), len(lines) + len(differing))
    lines += [fit(_differing(made), width) for made in differing]
    return Page(lines, tuple(anchors))


def wrapped(texts: Iterable[str], width: int) -> list[Text]:
    """Faint paragraphs."""
    return [line for text in texts for line in wrap(Text(text, FAINT), width)]


def _name(text: str) -> str:
    return plain(text, keep_newlines=False)


def _counts(users: tuple[UserMarks, ...]) -> list[Text]:
    names = [*MARKS.values(), "other"]
    head = " ".join(f"{name:>{len(name)}}" for name in names)
    lines = [Text(f"{'':<{_USER}}{head}  notes  blind", BOLD)]
    for made in users:
        known = {name: made.counts.get(name, 0) for name in MARKS.values()}
        counts = {**known, "other": sum(made.counts.values()) - sum(known.values())}
        cells = " ".join(f"{count:>{len(name)}}" for name, count in counts.items())
        user = fit(Text(_name(made.user)), _USER - 1).plain
        lines.append(Text(f"{user} {cells}  {made.notes:>5}  {made.blind:>5}"))
    return lines


def _agreed(made: Agreement) -> str:
    share = made.share
    alike = sum(count for (first, second), count in made.counts.items() if first == second)
    kappa = "κ undefined" if made.kappa is None else f"κ {made.kappa:+.2f}"
    interval = f"{100 * share.estimate:.0f}% [{100 * share.low:.0f},{100 * share.high:.0f}]"
    return f"{alike} of {made.pairs} alike  {interval}  {kappa}"


def _with_pm(made: UserMarks, heuristic: str | None) -> list[Text]:
    user = _name(made.user)
    if made.with_pm is None:
        return [
            Text(
                f"{user}: no blind mark of clear, unclear or label wrong on a measured pair", FAINT
            )
        ]
    lines = [Text(f"{user}: {_agreed(made.with_pm)}", BOLD)]
    lines.append(Text(f"  {'':<12}" + "".join(f"{_SIDES[side]:>21}" for side in PREFERRED), FAINT))
    for mark, reading in READINGS.items():
        cells = (made.with_pm.counts.get((reading, side), 0) for side in PREFERRED)
        lines.append(Text(f"  {mark:<12}" + "".join(f"{count:>21}" for count in cells)))
    if made.by_verdict:
        lines.append(Text(f"  by verdict on {_name(heuristic or '')}", FAINT))
    for mark, counts in made.by_verdict.items():
        told = " ".join(f"{LETTERS[v]}:{counts[v]}" for v in LETTERS if v in counts)
        lines.append(Text(f"  {_name(mark):<12} {told}"))
    return lines


def _differing(made: Differing) -> Text:
    said = " · ".join(f"{user}: {mark}" for user, mark in made.marks)
    return Text(_name(f"{made.label}  {said}"))
