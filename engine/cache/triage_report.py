"""Everybody's marks side by side: counts, blind marks against the PM, users against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from engine.cache.triage_line import Triage
from engine.verdict import Verdict
from engine.verdict.agreement import READINGS, Agreement, agreement, preferred


@dataclass(frozen=True, slots=True)
class UserMarks:
    """One user's marks on the pairs of an index."""

    user: str
    counts: dict[str, int]
    """Pairs by mark."""
    notes: int
    blind: int
    """Pairs whose first mark was made while verdict and figures were hidden."""
    with_pm: Agreement | None
    """Blind marks (the user's reading first) against the PM's margins; None: no such pair."""
    by_verdict: dict[str, dict[Verdict, int]]
    """Blind marks of every kind by the heuristic's verdict; empty without a heuristic."""


@dataclass(frozen=True, slots=True)
class Between:
    """Two users on the pairs that both read."""

    users: tuple[str, str]
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Differing:
    """A pair that users marked differently."""

    id: int
    label: str
    marks: tuple[tuple[str, str], ...]
    """User and mark, the user's own first."""


@dataclass(frozen=True, slots=True)
class TriageReport:
    """What the marks screen shows."""

    own: str
    """The user who looks at it."""
    heuristic: str | None
    users: tuple[UserMarks, ...]
    """Those who said anything; the user's own first."""
    between: tuple[Between, ...]
    differing: tuple[Differing, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the pairs that were marked, by id."""

    labels: Mapping[int, str]
    contexts: Mapping[int, str]
    """Context hashes."""
    margins: Mapping[int, float]
    threshold: float
    verdicts: Mapping[int, Verdict]
    """Of the heuristic that is looked at."""


def triage_report(
    heuristic: str | None, said: Mapping[str, Mapping[int, Triage]], known: Known
) -> TriageReport:
    """Lay the users' standing words side by side.

    Args:
        heuristic: whose verdicts blind marks are counted by.
        said: each user's words by pair id; the user who looks at it comes first.
        known: of all those pairs.
    """
    marks = {
        user: {at: made.mark for at, made in words.items() if made.mark is not None}
        for user, words in said.items()
    }
    users = [_user(user, words, known) for user, words in said.items()]
    return TriageReport(
        next(iter(said)),
        heuristic,
        tuple(made for made in users if made.counts or made.notes),
        tuple(_between(marks, known.contexts)),
        tuple(_differing(marks, known.labels)),
    )


def _user(user: str, words: Mapping[int, Triage], known: Known) -> UserMarks:
    blind = {at: made.blind for at, made in words.items() if made.blind is not None}
    read = [at for at, mark in blind.items() if mark in READINGS and at in known.margins]
    by_verdict: dict[str, Counter[Verdict]] = {}
    for at, mark in blind.items():
        if at in known.verdicts:
            by_verdict.setdefault(mark, Counter())[known.verdicts[at]] += 1
    return UserMarks(
        user,
        counts=dict(Counter(made.mark for made in words.values() if made.mark is not None)),
        notes=sum(made.note is not None for made in words.values()),
        blind=len(blind),
        with_pm=agreement(
            [(READINGS[blind[at]], preferred(known.margins[at], known.threshold)) for at in read],
            [known.contexts[at] for at in read],
        ),
        by_verdict={mark: dict(counts) for mark, counts in by_verdict.items()},
    )


def _between(marks: Mapping[str, Mapping[int, str]], contexts: Mapping[int, str]) -> list[Between]:
    found = []
    for one, other in combinations(marks, 2):
        both = [
            at
            for at, mark in marks[one].items()
            if mark in READINGS and marks[other].get(at) in READINGS
        ]
        readings = [(READINGS[marks[one][at]], READINGS[marks[other][at]]) for at in both]
        made = agreement(readings, [contexts[at] for at in both])
        if made is not None:
            found.append(Between((one, other), made))
    return found


def _differing(
    marks: Mapping[str, Mapping[int, str]], labels: Mapping[int, str]
) -> Sequence[Differing]:
    ids = sorted({at for given in marks.values() for at in given})
    found = []
    for at in ids:
        given = tuple((user, marked[at]) for user, marked in marks.items() if at in marked)
        if len({mark for _, mark in given}) > 1:
            found.append(Differing(at, labels[at], given))
    return found
