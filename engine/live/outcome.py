"""Fresh figures as the record that a screen shows, judged with a run's thresholds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.cache.records import FeatureOnPair, HeuristicOnPair, PairDetail
from engine.heuristics import Heuristic, kind_of
from engine.hh import Pair
from engine.live.protocol import Measured, MeasuredHeuristic
from engine.verdict import Evidence, Thresholds, judge


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run judges a heuristic: what a pair that it never saw is held against."""

    heuristic: Heuristic
    """Its direction as judged."""
    features: tuple[int, ...]
    in_sample: bool
    thresholds: Thresholds


def detail(
    before: PairDetail, pair: Pair, fresh: Measured, standings: list[Standing]
) -> PairDetail:
    """What `before` is after fresh inference on `pair`, which may hold edited texts."""
    by_name = {standing.heuristic.name: standing for standing in standings}
    margin = fresh.reward_chosen - fresh.reward_rejected
    margin_sae = fresh.reward_chosen_sae - fresh.reward_rejected_sae
    columns = zip(
        fresh.feature,
        fresh.activation_chosen,
        fresh.activation_rejected,
        fresh.attribution,
        strict=True,
    )
    features = [FeatureOnPair(row[0], None, *row[1:], effect=None) for row in columns]
    return replace(
        before,
        pair=pair,
        reward_chosen=fresh.reward_chosen,
        reward_rejected=fresh.reward_rejected,
        margin=margin,
        margin_sae=margin_sae,
        heuristics=tuple(
            _judged(made, by_name[made.name], fresh, margin, margin_sae)
            for made in fresh.heuristics
            if made.name in by_name
        ),
        features=tuple(sorted(features, key=lambda made: (-abs(made.attribution), made.feature))),
    )


def _judged(
    made: MeasuredHeuristic,
    standing: Standing,
    fresh: Measured,
    margin: float,
    margin_sae: float,
) -> HeuristicOnPair:
    kind = kind_of(made.bearer, standing.heuristic.direction)
    own = fresh.reward_chosen if made.bearer == "chosen" else fresh.reward_rejected
    deletion_effect = own - made.reward_deleted
    evidence = Evidence(
        counterexample=kind == "counterexample",
        margin=margin,
        margin_sae=margin_sae,
        has_features=bool(standing.features),
        effect=made.effect,
        activation=made.activation,
        drop_without_others=made.drop_without_others,
        drop_without_error=made.drop_without_error,
    )
    without = margin - deletion_effect if made.bearer == "chosen" else margin + deletion_effect
    return HeuristicOnPair(
        heuristic=standing.heuristic,
        kind=kind,
        bearer=made.bearer,
        spans=made.spans,
        features=standing.features,
        in_sample=standing.in_sample,
        judgement=judge(evidence, standing.thresholds),
        thresholds=standing.thresholds,
        decisive=(without > 0) != (margin > 0),
        effect=made.effect,
        activation=made.activation,
        effect_all=made.effect_all,
        random_effect=made.random_effect,
        deletion_effect=deletion_effect,
        control_effect=None if made.reward_control is None else own - made.reward_control,
        drop_without_others=made.drop_without_others,
        drop_without_error=made.drop_without_error,
    )
