"""Where a heuristic's pattern stands in a pair, and which side bears it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.errors import UserError
from engine.heuristics.fold import fold, fold_regex
from engine.heuristics.heuristic import Direction, Heuristic, Kind
from engine.heuristics.parsed import compiled
from engine.hh import SIDES, Pair, Side, turns

Span = tuple[int, int]
"""Characters [start, end)."""
Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Matcher:
    """A heuristic, ready to be looked for."""

    heuristic: Heuristic
    finder: Callable[[str], Iterator[Span]]
    """Spans of the pattern in one piece of text, in order, none of them empty."""

    def spans(self, transcript: str, context: int) -> Spans:
        """The pattern's spans within the scope, in characters of the transcript.

        Args:
            transcript: one side of a pair.
            context: how many of its first characters are the context.
        """
        found: list[Span] = []
        for start, end in self._pieces(transcript, context):
            piece = transcript[start:end]
            text = fold(piece) if self.heuristic.fold else piece
            found += [(start + first, start + last) for first, last in self.finder(text)]
        return tuple(found)

    def borne_by(self, transcript: str, context: int) -> bool:
        """Whether `spans` would find any."""
        return any(
            self.found_in(transcript[start:end]) for start, end in self._pieces(transcript, context)
        )

    def found_in(self, text: str) -> bool:
        """Whether the pattern stands anywhere in a text, whatever the scope."""
        return any(self.finder(fold(text) if self.heuristic.fold else text))

    def _pieces(self, transcript: str, context: int) -> Iterator[Span]:
        """The texts of the scope. Each is searched alone: `^` and `$` mean its own ends."""
        match self.heuristic.scope:
            case "response":
                yield context, len(transcript)
            case "assistant":
                for turn in turns(transcript):
                    if turn.role == "assistant":
                        yield turn.start, turn.end
            case "transcript":
                yield 0, len(transcript)


@dataclass(frozen=True, slots=True)
class Bearing:
    """The one side of a pair that carries the pattern, and where."""

    bearer: Side
    kind: Kind
    spans: Spans
    """In characters of the bearer's transcript."""


def compile_heuristic(heuristic: Heuristic) -> Matcher:
    """Make the pattern ready.

    Raises:
        UserError: the pattern is empty or no valid regular expression, or it is a feature.
    """
    where = f'heuristic "{heuristic.name}"'
    if heuristic.feature is not None:
        raise UserError(
            f"a text does not tell where feature {heuristic.feature} fires: an SAE does",
            where=where,
            todo="`outvoted score` measures who bears it; here name a pattern.",
        )
    if not heuristic.pattern:
        raise UserError("its pattern is empty", where=where, todo="Give it a text to look for.")
    if not heuristic.regex:
        return Matcher(heuristic, _substring(heuristic))
    # Compiled as it was typed first, so that the position named is one the user can count.
    pattern = _compiled(heuristic.pattern, where)
    if heuristic.fold:
        pattern = _compiled(fold_regex(heuristic.pattern), where)
    return Matcher(heuristic, lambda text: _nonempty(pattern, text))


def _compiled(pattern: str, where: str) -> re.Pattern[str]:
    try:
        return compiled(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        place = f" at character {error.pos}" if isinstance(error, re.error) else ""
        what = error.msg if isinstance(error, re.error) else "it is too large"
        raise UserError(
            f"{pattern!r} is no valid regular expression{place}: {what}",
            where=where,
            todo="Correct the pattern, or look for it literally (without regex).",
        ) from None


def _substring(heuristic: Heuristic) -> Callable[[str], Iterator[Span]]:
    needle = fold(heuristic.pattern) if heuristic.fold else heuristic.pattern

    def find(text: str) -> Iterator[Span]:
        start = text.find(needle)
        while start >= 0:
            end = start + len(needle)
            yield start, end
            start = text.find(needle, end)

    return find


def _nonempty(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (match.span() for match in pattern.finditer(text) if match.end() > match.start())


def side_spans(matcher: Matcher, pair: Pair) -> tuple[Spans, Spans]:
    """The spans on the chosen and on the rejected side, in characters of each transcript."""
    chosen, rejected = (matcher.spans(pair.transcript(side), len(pair.context)) for side in SIDES)
    return chosen, rejected


def presence(matcher: Matcher, pair: Pair) -> tuple[bool, bool]:
    """Whether the chosen and whether the rejected side carries the pattern."""
    chosen, rejected = (
        matcher.borne_by(pair.transcript(side), len(pair.context)) for side in SIDES
    )
    return chosen, rejected


def kind_of(bearer: Side, direction: Direction) -> Kind:
    """What a pair is, given which side bears the pattern (docs/verdicts.md).

    `auto` reads as `lowers` until a deletion effect has resolved it.
    """
    predicted: Side = "chosen" if direction == "raises" else "rejected"
    return "conforming" if bearer == predicted else "counterexample"


def bearing(matcher: Matcher, pair: Pair) -> Bearing | None:
    """Which side bears the pattern, where exactly one does; else None."""
    chosen, rejected = side_spans(matcher, pair)
    if bool(chosen) == bool(rejected):
        return None
    bearer: Side = "chosen" if chosen else "rejected"
    return Bearing(bearer, kind_of(bearer, matcher.heuristic.direction), chosen or rejected)
