"""The deletion control the other way round: rewards with the pattern put where nobody wrote it.

It needs no SAE either. The hosts are responses that lack the pattern, matched to bearers by tranche
and length: what differs is that there the pattern is out of distribution, and among bearers in it
(docs/verdicts.md, In distribution and out of it).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from engine.cache import tables
from engine.cache.bearers import Borne
from engine.cache.run_records import Insertion
from engine.errors import UserError
from engine.heuristics import Heuristic, Matcher, compile_heuristic, presence
from engine.heuristics.edit import insert_text
from engine.hh import SIDES, Pair
from engine.measure.budget import in_batches
from engine.measure.instrument import Instrument
from engine.measure.prepare import Prepared
from engine.measure.rows import Row, table_of
from engine.measure.staging import Measure, Measured
from engine.verdict import bootstrap_mean

MOST_HOSTS = 64
_BLANKS = re.compile(r"(?:(?!\n\n(?:Human|Assistant):)\s)*")


@dataclass(frozen=True, slots=True)
class Response:
    """What a bearer and its host are matched by."""

    id: int
    """The pair's."""
    tranche: str
    length: int
    """In characters, the pattern not counted."""


def find_hosts(
    heuristic: Heuristic, bearers: Sequence[tuple[Pair, Borne]], sample: Sequence[Pair]
) -> tuple[int, ...]:
    """The pairs of a sample that get the pattern, one for each bearer where there is one.

    None for a regular expression or a feature, which are no text that could be inserted.

    Args:
        heuristic: whose pattern.
        bearers: those to match, and in what order.
        sample: the pairs to choose from, whoever bears the pattern among them.
    """
    if heuristic.regex or heuristic.feature is not None:
        return ()
    matcher = compile_heuristic(heuristic)
    wanted = [
        Response(pair.id, pair.tranche, len(pair.response(borne.bearer)) - _borne_characters(borne))
        for pair, borne in bearers
    ]
    pool = [
        Response(pair.id, pair.tranche, len(inserted(pair, heuristic).rejected))
        for pair in sample
        if _can_host(pair, matcher)
    ]
    return matched(wanted, pool)


def matched(bearers: Sequence[Response], pool: Sequence[Response]) -> tuple[int, ...]:
    """For each bearer in turn the response of its tranche that is nearest in length and still free.

    A bearer whose tranche has none left gets none.
    """
    free: dict[str, list[Response]] = {}
    for response in pool:
        free.setdefault(response.tranche, []).append(response)
    found = []
    for bearer in bearers:
        if left := free.get(bearer.tranche):
            nearest = min(left, key=lambda each: (abs(each.length - bearer.length), each.id))
            left.remove(nearest)
            found.append(nearest.id)
    return tuple(found)


def inserted(pair: Pair, heuristic: Heuristic) -> Pair:
    """One response of a pair with the pattern (as chosen) and as it is (as rejected).

    Which response hangs on the texts and the pattern alone. The pattern and a blank stand after
    the response's leading blanks, but never before a marker that they belong to.
    """
    draw = hashlib.sha256(f"{pair.content_hash}:{heuristic.key}:insertion".encode()).digest()
    response = pair.response(SIDES[draw[0] % len(SIDES)])
    blanks = _BLANKS.match(response)
    text = insert_text(response, blanks.end() if blanks else 0, f"{heuristic.pattern} ")
    return replace(pair, chosen=text, rejected=response)


def insertion_stage(instrument: Instrument, stage: str, heuristic: Heuristic) -> Measure:
    """Rewards of hosts with the pattern and without; null where it does not fit into the PM."""

    def rows_of(batch: Sequence[Prepared]) -> list[Row]:
        rewards = instrument.forward.rewards(instrument.pack(batch)).tolist()
        return [
            {"id": host.pair.id, "reward_with": with_it, "reward_without": without}
            for host, (with_it, without) in zip(batch, rewards, strict=True)
        ]

    def measure(pairs: Sequence[Pair]) -> Measured:
        made = {pair.id: _prepared(instrument, inserted(pair, heuristic)) for pair in pairs}
        hosts = [prepared for prepared in made.values() if prepared is not None]
        found = in_batches(instrument.budget, hosts, resumed=False, measure=rows_of)
        rows = [row for batch in found for row in batch]
        rows += [
            {"id": identifier, "reward_with": None, "reward_without": None}
            for identifier, prepared in made.items()
            if prepared is None
        ]
        tokens = sum(host.bundle().tokens for host in hosts)
        return Measured({stage: table_of(rows, tables.INSERTIONS)}, tokens)

    return measure


def insertion(rows: pa.Table, contexts: Mapping[int, str]) -> Insertion | None:
    """What insertion does to reward, means bootstrapped over contexts; None of no hosts.

    Args:
        rows: of `tables.INSERTIONS`, one for each host.
        contexts: context hashes by pair id.
    """
    found = [row for row in rows.to_pylist() if row["reward_with"] is not None]
    hashes = [contexts[row["id"]] for row in found]
    with_it = [row["reward_with"] for row in found]
    without = [row["reward_without"] for row in found]
    changes = [after - before for after, before in zip(with_it, without, strict=True)]
    effect = bootstrap_mean(changes, hashes)
    if effect is None:
        return None
    return Insertion(
        len(found),
        effect.estimate,
        effect.low,
        effect.high,
        before=bootstrap_mean(without, hashes),
        after=bootstrap_mean(with_it, hashes),
    )


def _can_host(pair: Pair, matcher: Matcher) -> bool:
    """Whether neither side has the pattern, and the response has it once it is inserted."""
    if any(presence(matcher, pair)):
        return False
    return presence(matcher, inserted(pair, matcher.heuristic)) == (True, False)


def _borne_characters(borne: Borne) -> int:
    return sum(end - start for start, end in borne.spans)


def _prepared(instrument: Instrument, pair: Pair) -> Prepared | None:
    try:
        return instrument.prepare(pair)
    except UserError:  # longer than the PM reads now, or not what its chat template leaves alone
        return None
