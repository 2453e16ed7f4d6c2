"""One heuristic on one pair, as a screen is told it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.cache.bearers import Borne
from engine.cache.duplicates import Duplicate
from engine.cache.judged import JudgedRow
from engine.cache.pair_records import FeatureOnPair, HeuristicOnPair, PairDetail
from engine.heuristics import Heuristic, kind_of
from engine.hh import Pair
from engine.verdict import Evidence, Judgement, Verdict

MOST_OPPOSERS = 5


def measured(heuristic: Heuristic, row: JudgedRow) -> HeuristicOnPair:
    """From a verdict of a sealed run."""
    return HeuristicOnPair(
        heuristic=heuristic,
        kind=row.kind,
        bearer=row.bearer,
        spans=row.spans,
        features=row.features,
        in_sample=row.in_sample,
        judgement=row.judgement,
        thresholds=row.thresholds,
        decisive=row.decisive,
        effect=row.effect,
        activation=row.activation,
        effect_all=row.effect_all,
        random_effect=row.random_effect,
        deletion_effect=row.deletion_effect,
        control_effect=row.control_effect,
        drop_without_others=row.drop_without_others,
        drop_without_error=row.drop_without_error,
        effect_over_response=row.effect_over_response,
    )


def unmeasured(heuristic: Heuristic, borne: Borne, context: int) -> HeuristicOnPair:
    """Who bears the pattern and where, and nothing else; `context` is its length."""
    return HeuristicOnPair(
        heuristic=heuristic,
        kind=kind_of(borne.bearer, heuristic.direction),
        bearer=borne.bearer,
        spans=tuple((start - context, end - context) for start, end in borne.spans),
        features=(),
        in_sample=False,
        judgement=Judgement(Verdict.UNMEASURED, False, None, None, None, None),
        thresholds=None,
        decisive=None,
        effect=None,
        activation=None,
        effect_all=None,
        random_effect=None,
        deletion_effect=None,
        control_effect=None,
        drop_without_others=None,
        drop_without_error=None,
    )


def evidence(on: HeuristicOnPair, detail: PairDetail) -> Evidence | None:
    """What the verdict was judged on; None where the pair's margins were not measured."""
    if detail.margin is None or detail.margin_sae is None:
        return None
    return Evidence(
        counterexample=on.kind == "counterexample",
        margin=detail.margin,
        margin_sae=detail.margin_sae,
        has_features=bool(on.features),
        effect=on.effect,
        activation=on.activation,
        drop_without_others=on.drop_without_others,
        drop_without_error=on.drop_without_error,
    )


def opposers(on: HeuristicOnPair, detail: PairDetail) -> tuple[FeatureOnPair, ...]:
    """Who outvotes the heuristic's features: the others that push toward chosen, by attribution.

    The strongest first, five at most; empty for any other verdict (docs/verdicts.md).
    """
    if on.judgement.verdict is not Verdict.OUTVOTED:
        return ()
    others = [
        made for made in detail.features if made.feature not in on.features and made.attribution > 0
    ]
    return tuple(sorted(others, key=lambda made: -made.attribution)[:MOST_OPPOSERS])


def suspicions(
    pair: Pair,
    margin: float | None,
    noise_floor: float,
    opposite_labels: int,
    near: Sequence[tuple[Duplicate, str]] = (),
    *,
    called_wrong: bool = False,
) -> tuple[str, ...]:
    """Why a pair's label may be wrong (docs/filters.md: `label-suspect`).

    Args:
        pair: the pair.
        margin: its stored margin, where there is one.
        noise_floor: the run's; margins within it are tied.
        opposite_labels: how many pairs of the index hold the same texts the other way round.
        near: what it nearly says again or contradicts, and the name of that pair.
        called_wrong: whether several PMs contradict the label with confidence.
    """
    found = []
    if pair.chosen == pair.rejected:
        found.append("label-suspect: identical sides")
    elif margin is not None and abs(margin) <= noise_floor:
        found.append("label-suspect: tied sides")
    if opposite_labels and pair.chosen != pair.rejected:
        found.append("label-suspect: the same pair stands elsewhere with the opposite label")
    for each, name in near:
        alike = f"{name}, {each.similarity:.0%} alike"
        if each.reason == "contradicted":
            found.append(f"label-suspect: opposite label on nearly the same pair ({alike})")
        else:
            found.append(f"label-suspect: near-duplicate of {alike}")
    if called_wrong:
        found.append("label-suspect: several PMs call it wrong with confidence")
    return tuple(found)
