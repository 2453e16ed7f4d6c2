"""A pair as the measurement sees it: tokens of both sides, and which of them mean what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import UserError
from engine.hh import SIDES, Pair, Side
from engine.measure.packing import Bundle, bundle, common_prefix
from engine.models.pm import PreferenceModel
from engine.models.tokens import Readout, Tokens, tokenise

Spans = Sequence[tuple[int, int]]


class UnreadableError(UserError):
    """The PM cannot be asked for the reward of a text."""


class TooLongError(UnreadableError):
    """A response alone is longer than the PM's context."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One pair, tokenised and truncated.

    Positions are places in `chosen.ids` and `rejected.ids`; response positions P are all from
    `divergence` on (docs/verdicts.md), an appended readout token included.
    """

    pair: Pair
    chosen: Tokens
    rejected: Tokens
    divergence: int
    """The first position at which the sides differ."""
    truncated: int
    """How many leading tokens of the context were left out on both sides."""

    def tokens(self, side: Side) -> Tokens:
        return self.chosen if side == "chosen" else self.rejected

    def bundle(self) -> Bundle:
        return bundle([self.chosen.ids, self.rejected.ids])

    def response_positions(self, side: Side) -> range:
        """P on one side; empty where the side is a token prefix of the other."""
        return range(self.divergence, len(self.tokens(side).ids))

    def overlapping(self, side: Side, spans: Spans, window: int = 0) -> tuple[int, ...]:
        """Span positions S: tokens that overlap one of the character spans.

        Args:
            side: whose transcript the spans are in.
            spans: (start, end) in characters of the transcript.
            window: how many tokens after each span belong to S too.
        """
        tokens = self.tokens(side)
        found: set[int] = set()
        for start, end in spans:
            inside = [
                place
                for place, (left, right) in enumerate(tokens.offsets)
                if left < end and right > start and right > left
            ]
            if inside:
                last = min(inside[-1] + window, len(tokens.ids) - 1)
                found.update(inside, range(inside[-1], last + 1))
        return tuple(sorted(found))

    def text_positions(self, side: Side) -> tuple[int, ...]:
        """The tokens that overlap the side's response text (no appended token)."""
        start = len(self.pair.context)
        return self.overlapping(side, [(start, start + len(self.pair.response(side)))])


def prepare(pm: PreferenceModel, pair: Pair, readout: Readout, *, least_cut: int = 0) -> Prepared:
    """Tokenise both transcripts of a pair; truncate its context from the left if it is too long.

    `least_cut` tokens are left out in any case, so that an edit sees the context of its original.

    Raises:
        TooLongError: a response alone is longer than the PM's context, or the token that an empty
            one is read at would be cut; named by the pair.
        UnreadableError: the PM's chat template does not render a side; named by the pair.
    """
    chosen, rejected = (_tokens(pm, pair, side, readout) for side in SIDES)
    cut = max(least_cut, len(chosen.ids) - pm.max_tokens, len(rejected.ids) - pm.max_tokens)
    if cut:
        if cut > room(pair, chosen, rejected):
            raise TooLongError(
                f"a response is longer than the PM's context of {pm.max_tokens} tokens",
                where=str(pair.name),
                todo="Only contexts are truncated, never responses: leave this pair out.",
            )
        chosen, rejected = chosen.cut(cut), rejected.cut(cut)
    return Prepared(
        pair=pair,
        chosen=chosen,
        rejected=rejected,
        divergence=common_prefix([chosen.ids, rejected.ids]),
        truncated=cut,
    )


def room(pair: Pair, chosen: Tokens, rejected: Tokens) -> int:
    """How many tokens may be cut on the left: those of the shared context, BOS excepted, and never
    the one that an empty response is read at."""
    in_context = sum(right <= len(pair.context) for _, right in chosen.offsets)
    read = min(len(chosen.ids), len(rejected.ids)) - 1
    return min(in_context, read, common_prefix([chosen.ids, rejected.ids])) - chosen.bos


def _tokens(pm: PreferenceModel, pair: Pair, side: Side, readout: Readout) -> Tokens:
    try:
        return tokenise(pm.tokenizer, pm.end_of_text, pair.transcript(side), readout, pm.chat)
    except UserError as error:
        where = f"{pair.name}, {side}"
        raise UnreadableError(error.what, where=where, todo=error.todo) from None
