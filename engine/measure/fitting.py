"""Which pairs do not fit the PM, found before anything is measured.

Contexts are truncated and responses never, so a pair with a response that is longer than what the
PM reads has no figures, nor has one that its chat template does not render. One such pair would
stop a run hours after it began.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.cache.keys import long_responses
from engine.errors import UserError
from engine.hh import Pair
from engine.measure.prepare import TooLongError, UnreadableError
from engine.measure.sitting import Sitting

LISTED = 10
_TEMPLATE = 256
"""Tokens that a readout or a chat template may add to a response. Any other is made of a byte at
least (but where a tokenizer spells a character out), so a response of few bytes fits untried."""
_AT_ONCE = 256


def fitted(sitting: Sitting, sampled: Sequence[int]) -> tuple[Sitting, list[int], int]:
    """The sitting and its sample without the pairs that do not fit the PM, and how many those are.

    They are left out only where a filter said which pairs to measure, and does not keep them.

    Raises:
        UserError: other pairs do not fit; the first of them is told, and how many are too long.
    """
    wanted = {borne.id for table in sitting.bearers for borne in table.bearers}
    wanted |= {*sitting.also, *sampled}
    unread = unreadable(sitting, wanted)
    kept = set(sitting.also) if sitting.filtered else wanted
    if refused := [found for pair, found in unread if pair.id in kept]:
        raise _refusal(refused, sitting)
    out = {pair.id for pair, _ in unread}
    if out:
        tables = [
            replace(table, bearers=tuple(one for one in table.bearers if one.id not in out))
            for table in sitting.bearers
        ]
        sitting = replace(sitting, bearers=tables)
    return sitting, [identifier for identifier in sampled if identifier not in out], len(out)


def unreadable(sitting: Sitting, ids: Iterable[int]) -> list[tuple[Pair, UnreadableError]]:
    """The pairs that the PM cannot be asked about, and what is said of each."""
    reads = sitting.instrument
    if reads.readout == "chat-template":
        tried = sorted(set(ids))
    else:
        tried = long_responses(sitting.store, set(ids), reads.pm.max_tokens - _TEMPLATE)
    found: list[tuple[Pair, UnreadableError]] = []
    for start in range(0, len(tried), _AT_ONCE):
        for pair in sitting.store.pairs(tried[start : start + _AT_ONCE]):
            try:
                reads.prepare(pair)
            except UnreadableError as error:
                found.append((pair, error))
    return found


def _refusal(refused: Sequence[UnreadableError], sitting: Sitting) -> UserError:
    if unlike := [each for each in refused if not isinstance(each, TooLongError)]:
        return unlike[0]
    listed = ", ".join(str(error.where) for error in refused[:LISTED])
    more = f" and {len(refused) - LISTED:,} more" if len(refused) > LISTED else ""
    pairs = "1 pair has" if len(refused) == 1 else f"{len(refused):,} pairs have"
    return UserError(
        f"{pairs} a response longer than the PM's context of"
        f" {sitting.instrument.pm.max_tokens:,} tokens: {listed}{more}",
        todo="Only contexts are truncated, never responses. Say which pairs to measure with"
        " --pairs and a filter that does not keep these, such as 'not row=7': they are left out"
        " then, as bearers and from the sample too. Nothing was measured.",
    )
