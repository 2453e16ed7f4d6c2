"""Fresh figures as the record that a screen shows, judged with a run's thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.cache.bearers import Borne
from engine.cache.on_pair import unmeasured
from engine.cache.pair_records import FeatureOnPair, HeuristicOnPair, PairDetail
from engine.heuristics import Bearing, Heuristic, kind_of
from engine.heuristics.patience import patient_bearing
from engine.hh import Pair, Side
from engine.live.protocol import Measured, MeasuredHeuristic
from engine.verdict import Evidence, Thresholds, judge

MOST_FEATURES = 64
"""How many features are told, by |attribution|, beside the heuristics' own: as of a stored pair."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run judges a heuristic: what a pair that it never saw is held against."""

    heuristic: Heuristic
    """Its direction as judged."""
    features: tuple[int, ...]
    in_sample: bool
    thresholds: Thresholds | None
    """None: the run never judged it, so its bearers stay `unmeasured`."""
    margin_threshold: float
    """What stands for a threshold of votes where no random groups were measured."""
    pinned: bool = False
    """Whether the features are the user's pins in place of those that the run judged it with."""


def standings_on(before: PairDetail, standings: Sequence[Standing]) -> list[Standing]:
    """What a pair is judged with: the user's pins, or else what a stored pair was judged with.

    Without pins an unedited rescore then differs by noise alone.
    """
    return [
        _by_pins(standing, before.pins.get(standing.heuristic.key, ()))
        for standing in _as_judged(before, standings)
    ]


def _by_pins(standing: Standing, pins: tuple[int, ...]) -> Standing:
    """Of another group than the run's no random groups were measured, nor who is silent."""
    if not pins or set(pins) == set(standing.features):
        return standing
    epsilon = standing.margin_threshold
    return replace(
        standing,
        features=pins,
        in_sample=False,
        thresholds=Thresholds(epsilon, epsilon, 0.0),
        pinned=True,
    )


def _as_judged(before: PairDetail, standings: Sequence[Standing]) -> list[Standing]:
    judged = {
        made.heuristic.name: made for made in before.heuristics if made.thresholds is not None
    }
    return [
        replace(
            standing,
            features=made.features,
            in_sample=made.in_sample,
            thresholds=made.thresholds,
        )
        if (made := judged.get(standing.heuristic.name)) is not None
        else standing
        for standing in standings
    ]


def detail(
    before: PairDetail,
    pair: Pair,
    fresh: Measured,
    standings: Sequence[Standing],
    labels: Mapping[int, str],
) -> PairDetail:
    """What `before` is after fresh inference on `pair`, which may hold edited texts.

    A heuristic that the worker did not measure (features were scaled, or no threshold is known)
    is there as `unmeasured` where the pair bears it. What else is known of the stored texts is
    known of no other.
    """
    if pair != before.pair:
        before = replace(before, tokens=None, likelihood=None, flags=(), seen="unknown")
    margin = fresh.reward_chosen - fresh.reward_rejected
    margin_sae = fresh.reward_chosen_sae - fresh.reward_rejected_sae
    found = {made.name: made for made in fresh.heuristics}
    heuristics = []
    for standing in standings:
        made = found.get(standing.heuristic.name)
        if made is not None and standing.thresholds is not None:
            heuristics.append(
                _judged(made, standing, standing.thresholds, fresh, margin, margin_sae)
            )
        elif (borne := _borne(standing.heuristic, pair)) is not None:
            where = Borne(pair.id, borne.bearer, borne.spans)
            heuristics.append(unmeasured(standing.heuristic, where, len(pair.context)))
    ours = {feature for standing in standings for feature in standing.features}
    return replace(
        before,
        pair=pair,
        reward_chosen=fresh.reward_chosen,
        reward_rejected=fresh.reward_rejected,
        margin=margin,
        margin_sae=margin_sae,
        heuristics=tuple(heuristics),
        margin_random_error=None,
        truncated=fresh.truncated,
        features=tuple(
            made
            for place, made in enumerate(_features(fresh, labels))
            if place < MOST_FEATURES or made.feature in ours
        ),
    )


def _features(fresh: Measured, labels: Mapping[int, str]) -> Iterator[FeatureOnPair]:
    """The strongest first."""
    rows = zip(
        fresh.feature,
        fresh.activation_chosen,
        fresh.activation_rejected,
        fresh.attribution,
        strict=True,
    )
    for feature, chosen, rejected, attribution in sorted(rows, key=lambda row: (-abs(row[3]), row)):
        yield FeatureOnPair(
            feature, labels.get(feature), chosen, rejected, attribution, effect=None
        )


def _judged(
    made: MeasuredHeuristic,
    standing: Standing,
    thresholds: Thresholds,
    fresh: Measured,
    margin: float,
    margin_sae: float,
) -> HeuristicOnPair:
    kind = kind_of(made.bearer, standing.heuristic.direction)
    own = fresh.reward_chosen if made.bearer == "chosen" else fresh.reward_rejected
    deletion_effect = None if made.reward_deleted is None else own - made.reward_deleted
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
    return HeuristicOnPair(
        heuristic=standing.heuristic,
        kind=kind,
        bearer=made.bearer,
        spans=made.spans,
        features=standing.features,
        in_sample=standing.in_sample,
        judgement=judge(evidence, thresholds),
        thresholds=thresholds,
        decisive=_decisive(made.bearer, margin, deletion_effect),
        effect=made.effect,
        activation=made.activation,
        effect_all=made.effect_all,
        random_effect=made.random_effect,
        deletion_effect=deletion_effect,
        control_effect=None if made.reward_control is None else own - made.reward_control,
        drop_without_others=made.drop_without_others,
        drop_without_error=made.drop_without_error,
        effect_over_response=made.effect_over_response,
        pinned=standing.pinned,
    )


def _borne(heuristic: Heuristic, pair: Pair) -> Bearing | None:
    """Who bears a pattern; of a feature no text tells it."""
    return None if heuristic.feature is not None else patient_bearing(heuristic, pair)


def _decisive(bearer: Side, margin: float, deletion_effect: float | None) -> bool | None:
    if deletion_effect is None:
        return None
    without = margin - deletion_effect if bearer == "chosen" else margin + deletion_effect
    return _sign(without) != _sign(margin)


def _sign(value: float) -> float:
    return math.copysign(1, value) if value else 0
