"""Edits of a pair's responses: replaced, then without a pattern, then with a text more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.errors import UserError
from engine.heuristics import Heuristic, bearing, compile_heuristic
from engine.heuristics.edit import delete_spans, insert_text
from engine.hh import Pair
from engine.live.edit import Edit


def without_patterns(pair: Pair, heuristics: Sequence[Heuristic]) -> Pair:
    """The pair with the patterns of these heuristics deleted from their bearers' responses.

    Each goes as the deletion control takes it out: every span, with the heuristic's `replace`
    text in its place. A pattern on both sides has no bearer, and stays.

    Raises:
        UserError: none of them has a bearer, or one reaches into the context, which no edit
            changes.
    """
    found = False
    for heuristic in heuristics:
        borne = bearing(compile_heuristic(heuristic), pair)
        if borne is None:
            continue
        found = True
        context = len(pair.context)
        if borne.spans[0][0] < context:
            raise UserError(
                f'the pattern of "{heuristic.name}" begins in the context, which both sides share',
                where=str(pair.name),
                todo="Only responses can be edited.",
            )
        spans = [(start - context, end - context) for start, end in borne.spans]
        text = delete_spans(pair.response(borne.bearer), spans, heuristic.replace)
        pair = (
            replace(pair, chosen=text) if borne.bearer == "chosen" else replace(pair, rejected=text)
        )
    if not found:
        names = ", ".join(f'"{heuristic.name}"' for heuristic in heuristics)
        raise UserError(
            f"no side of it alone carries the pattern of {names}",
            where=str(pair.name),
            todo="There is nothing to delete: `outvoted show` tells what the pair bears.",
        )
    return pair


def with_text(pair: Pair, text: str) -> Pair:
    """The pair with a text at the end of its chosen response, as it is: no space is added."""
    return replace(pair, chosen=insert_text(pair.chosen, len(pair.chosen), text))


def as_edit(before: Pair, after: Pair) -> Edit:
    """What turns one pair's responses into another's; no edit where they are the same."""
    return Edit(
        response_chosen=None if after.chosen == before.chosen else after.chosen,
        response_rejected=None if after.rejected == before.rejected else after.rejected,
    )
