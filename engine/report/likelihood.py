"""How usual responses are to a language model: of all pairs, of seen ones, of bearers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.cache.bearers import BearerTable
from engine.cache.likelihood import MeasuredBy, SideSums
from engine.cache.records import SEEN
from engine.cache.sealed import Standing
from engine.cache.training import Training
from engine.hh import SIDES
from engine.report.report import BearerLikelihood, LikelihoodReport, LikelihoodRow
from engine.verdict import Interval, bootstrap_ratio

Sums = Mapping[int, SideSums]


def likelihood_report(
    by: MeasuredBy | None, sums: Sums, standing: Standing, training: Training | None
) -> LikelihoodReport | None:
    """Chosen and rejected responses of the pairs that stand for the index.

    Args:
        by: which language model; None: none was asked, and there is no report.
        sums: what it said of each pair.
        standing: the pairs that stand for the index, and their contexts.
        training: what was told of the PM's training: then seen and unseen pairs stand apart too.
    """
    if by is None:
        return None
    found = dict(zip(standing.ids, standing.context_hashes, strict=True))
    return LikelihoodReport(
        by,
        tuple(
            _row(name, {at: found[at] for at in ids}, sums)
            for name, ids in _groups(list(found), training).items()
        ),
    )


def bearer_likelihood(
    table: BearerTable, contexts: Mapping[int, str], sums: Sums, training: Training | None
) -> tuple[BearerLikelihood, ...]:
    """The responses that bear a pattern against the other sides of their pairs.

    All bearers first; then seen, unseen and unknown ones, where there are any. Empty where nothing
    was measured of them.
    """
    sides = {borne.id: SIDES.index(borne.bearer) for borne in table.bearers if borne.id in sums}
    if not sides:
        return ()
    return tuple(
        BearerLikelihood(
            name,
            len(ids),
            _mean([(sums[at], sides[at], contexts[at]) for at in ids]),
            _mean([(sums[at], 1 - sides[at], contexts[at]) for at in ids]),
        )
        for name, ids in _groups(list(sides), training).items()
    )


def _groups(ids: Sequence[int], training: Training | None) -> dict[str, list[int]]:
    """All of them; then the seen, unseen and unknown ones, where somebody told."""
    groups = {"all": list(ids)}
    if training is not None:
        found = {seen: [each for each in ids if training.of(each) == seen] for seen in SEEN}
        groups |= {seen: each for seen, each in found.items() if each}
    return groups


def _row(name: str, contexts: Mapping[int, str], sums: Sums) -> LikelihoodRow:
    measured = [(sums[at], context) for at, context in contexts.items() if at in sums]
    chosen, rejected = (
        _mean([(each, side, context) for each, context in measured]) for side in (0, 1)
    )
    return LikelihoodRow(name, len(measured), chosen, rejected)


def _mean(sides: Sequence[tuple[SideSums, int, str]]) -> Interval | None:
    """Nats per token: a ratio of sums, with its interval over contexts."""
    measured = [
        (total, sums.tokens[side], context)
        for sums, side, context in sides
        for total in [sums.totals[side]]
        if total is not None
    ]
    return bootstrap_ratio(
        [total for total, _, _ in measured],
        [tokens for _, tokens, _ in measured],
        [context for _, _, context in measured],
    )
