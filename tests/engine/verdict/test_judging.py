"""Every verdict, every boundary and every runner-up of docs/verdicts.md."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypedDict, Unpack

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.verdict import Evidence, Judgement, Outvoter, Thresholds, Verdict, judge

THRESHOLDS = Thresholds(margin=0.5, vote=1.0, silent_activation=2.0)

# A counterexample that the PM gets right although the pattern's features pull the other way.
OUTVOTED = Evidence(
    counterexample=True,
    margin=4.0,
    margin_sae=4.0,
    has_features=True,
    effect=-3.0,
    activation=10.0,
    drop_without_others=2.0,
    drop_without_error=1.0,
)


class Figures(TypedDict, total=False):
    """What differs from that pair."""

    counterexample: bool
    margin: float
    margin_sae: float
    has_features: bool
    effect: float | None
    activation: float | None
    drop_without_others: float | None
    drop_without_error: float | None


def judged(thresholds: Thresholds = THRESHOLDS, **figures: Unpack[Figures]) -> Judgement:
    return judge(replace(OUTVOTED, **figures), thresholds)


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        # On a threshold is within it; just beyond is beyond.
        ({"margin": 0.5}, Verdict.TIE),
        ({"margin": -0.5}, Verdict.TIE),
        ({"margin": 0.0}, Verdict.TIE),
        ({"margin": math.nextafter(-0.5, -1)}, Verdict.PM_WRONG),
        ({"margin": math.nextafter(0.5, 1), "margin_sae": 0.5}, Verdict.OUTVOTED),
        # The SAE may miss by half the margin, or by epsilon_m where that is more.
        ({"margin_sae": 2.0}, Verdict.OUTVOTED),
        ({"margin_sae": 6.0}, Verdict.OUTVOTED),
        ({"margin_sae": 2.0 - 1e-12}, Verdict.SAE_MISS),
        ({"margin_sae": 6.0 + 1e-12}, Verdict.SAE_MISS),
        ({"margin": 0.75, "margin_sae": 0.25}, Verdict.OUTVOTED),
        ({"margin": 0.75, "margin_sae": 1.25}, Verdict.OUTVOTED),
        ({"margin": 0.75, "margin_sae": 0.25 - 1e-12}, Verdict.SAE_MISS),
        # Features.
        ({"has_features": False}, Verdict.NO_FEATURE),
        ({"has_features": False, "effect": None, "activation": None}, Verdict.NO_FEATURE),
        ({"effect": None}, Verdict.UNMEASURED),
        ({"activation": None}, Verdict.UNMEASURED),
        # Votes.
        ({"effect": -1.0}, Verdict.INERT),
        ({"effect": 1.0}, Verdict.INERT),
        ({"effect": math.nextafter(-1.0, -2)}, Verdict.OUTVOTED),
        ({"effect": math.nextafter(1.0, 2)}, Verdict.CONTRARY),
        ({"effect": -3.0, "activation": 0.0}, Verdict.OUTVOTED),
        # Activations: the threshold itself fires.
        ({"effect": 0.0, "activation": 2.0}, Verdict.INERT),
        ({"effect": 0.0, "activation": math.nextafter(2.0, 0)}, Verdict.SILENT),
        ({"effect": 0.0, "activation": 0.0}, Verdict.SILENT),
        # The first row that holds decides: what would come later isn't asked for.
        ({"margin": 0.1, "margin_sae": 9.0, "effect": None}, Verdict.TIE),
        ({"margin": -2.0, "margin_sae": 9.0, "effect": None}, Verdict.PM_WRONG),
        ({"margin_sae": 9.0, "has_features": False}, Verdict.SAE_MISS),
        ({"margin_sae": 9.0, "effect": None}, Verdict.SAE_MISS),
        # A figure that is no number was not measured.
        ({"margin": math.nan}, Verdict.UNMEASURED),
        ({"margin": -math.inf}, Verdict.UNMEASURED),
        ({"margin_sae": math.nan}, Verdict.UNMEASURED),
        ({"margin": -2.0, "margin_sae": math.nan}, Verdict.PM_WRONG),
        ({"effect": math.inf}, Verdict.UNMEASURED),
        ({"activation": math.nan}, Verdict.UNMEASURED),
    ],
)
def test_the_table(figures: Figures, verdict: Verdict) -> None:
    assert judged(**figures).verdict is verdict
    effect = figures.get("effect", OUTVOTED.effect)
    mirrored: Figures = {
        **figures,
        "counterexample": False,
        "effect": None if effect is None else -effect,
    }
    expected = Verdict.FOLLOWED if verdict is Verdict.OUTVOTED else verdict
    assert judged(**mirrored).verdict is expected


def test_without_a_silent_threshold_only_zero_is_silent() -> None:
    few = replace(THRESHOLDS, silent_activation=0.0)
    assert judged(few, effect=0.0, activation=0.0).verdict is Verdict.SILENT
    assert judged(few, effect=0.0, activation=5e-324).verdict is Verdict.INERT


def test_the_vote_is_for_what_the_heuristic_predicts() -> None:
    assert judged(effect=-3.0).vote == 3
    assert judged(effect=-3.0, counterexample=False).vote == -3
    assert judged(effect=-3.0, margin=0.0).vote == 3  # shown whatever decides
    assert judged(effect=None).vote is None


def test_a_pm_is_confidently_wrong_below_a_quarter() -> None:
    a_quarter = math.log(0.25 / 0.75)
    assert not judged(margin=a_quarter + 1e-9).confident
    assert judged(margin=a_quarter - 1e-9).confident
    assert judged(margin=-1e6).confident
    assert not judged(margin=4.0).confident
    doubting = replace(THRESHOLDS, margin=2.0)
    tie = judged(doubting, margin=-1.9)
    assert tie.verdict is Verdict.TIE
    assert not tie.confident


@pytest.mark.parametrize(
    ("others", "error", "by"),
    [(2.0, 1.0, "features"), (1.0, 2.0, "error"), (1.0, 1.0, "error"), (-1.0, -2.0, "features")],
)
def test_the_larger_drop_says_who_outvoted(others: float, error: float, by: Outvoter) -> None:
    assert judged(drop_without_others=others, drop_without_error=error).by == by


def test_nobody_is_named_without_both_drops_or_without_outvoting() -> None:
    assert judged(drop_without_others=None).by is None
    assert judged(drop_without_error=None).by is None
    assert judged(drop_without_error=math.nan).by is None
    assert judged(counterexample=False, effect=3.0).by is None
    assert judged(effect=3.0).by is None


@pytest.mark.parametrize(
    ("figures", "verdict", "runner_up", "distance"),
    [
        # A tie leaves on the side its sign lies on; 0 counts as positive.
        ({"margin": -0.4}, Verdict.TIE, Verdict.PM_WRONG, 0.2),
        ({"margin": 0.4, "margin_sae": 0.5}, Verdict.TIE, Verdict.OUTVOTED, 0.2),
        ({"margin": 0.4, "margin_sae": 1.5}, Verdict.TIE, Verdict.SAE_MISS, 0.2),
        ({"margin": 0.4, "margin_sae": 0.5, "effect": 3.0}, Verdict.TIE, Verdict.CONTRARY, 0.2),
        ({"margin": 0.0, "margin_sae": 0.5}, Verdict.TIE, Verdict.OUTVOTED, 1.0),
        ({"margin": -0.0, "margin_sae": 0.5}, Verdict.TIE, Verdict.OUTVOTED, 1.0),
        ({"margin": 0.4, "margin_sae": 0.5, "effect": None}, Verdict.TIE, Verdict.UNMEASURED, 0.2),
        (
            {"margin": 0.4, "margin_sae": 0.5, "has_features": False},
            Verdict.TIE,
            Verdict.NO_FEATURE,
            0.2,
        ),
        # Wrong, the only other verdict near by is a tie: the right side lies beyond it.
        ({"margin": -0.75}, Verdict.PM_WRONG, Verdict.TIE, 0.5),
        ({"margin": -5.0}, Verdict.PM_WRONG, Verdict.TIE, 9.0),
        # The SAE's miss of 2.5 against 2, or a margin of 4 against 0.5.
        ({"margin_sae": 1.5}, Verdict.SAE_MISS, Verdict.OUTVOTED, 0.25),
        ({"margin_sae": 1.5, "effect": 0.0}, Verdict.SAE_MISS, Verdict.INERT, 0.25),
        ({"margin_sae": 1.5, "has_features": False}, Verdict.SAE_MISS, Verdict.NO_FEATURE, 0.25),
        ({"margin_sae": 1.5, "effect": None}, Verdict.SAE_MISS, Verdict.UNMEASURED, 0.25),
        ({"margin": 0.75, "margin_sae": 9.0}, Verdict.SAE_MISS, Verdict.TIE, 0.5),
        ({"has_features": False, "margin_sae": 2.5}, Verdict.NO_FEATURE, Verdict.SAE_MISS, 0.25),
        (
            {"has_features": False, "margin": 0.75, "margin_sae": 0.75},
            Verdict.NO_FEATURE,
            Verdict.TIE,
            0.5,
        ),
        # Votes: a strong one falls to what its activation says.
        ({"effect": -1.25}, Verdict.OUTVOTED, Verdict.INERT, 0.25),
        ({"effect": -1.25, "activation": 1.0}, Verdict.OUTVOTED, Verdict.SILENT, 0.25),
        ({"effect": 1.25}, Verdict.CONTRARY, Verdict.INERT, 0.25),
        ({"effect": -3.0, "margin_sae": 2.5}, Verdict.OUTVOTED, Verdict.SAE_MISS, 0.25),
        ({"effect": -9.0, "margin": 0.75, "margin_sae": 0.75}, Verdict.OUTVOTED, Verdict.TIE, 0.5),
        # A weak one rises on the side its sign lies on.
        ({"effect": -0.75}, Verdict.INERT, Verdict.OUTVOTED, 0.25),
        ({"effect": 0.75}, Verdict.INERT, Verdict.CONTRARY, 0.25),
        ({"effect": 0.75, "activation": 1.0}, Verdict.SILENT, Verdict.CONTRARY, 0.25),
        # Activations.
        ({"effect": 0.0, "activation": 2.5}, Verdict.INERT, Verdict.SILENT, 0.25),
        ({"effect": 0.0, "activation": 1.5}, Verdict.SILENT, Verdict.INERT, 0.25),
        # Of equals the table's first: the SAE's miss, the vote and the activation are all 1 away.
        ({"effect": 0.0, "activation": 0.0}, Verdict.SILENT, Verdict.SAE_MISS, 1.0),
        ({"effect": 0.0, "activation": 4.0}, Verdict.INERT, Verdict.SAE_MISS, 1.0),
        # A distance to nowhere: nobody knows what an unmeasured pair is near to.
        ({"effect": None}, Verdict.UNMEASURED, None, None),
    ],
)
def test_the_runner_up_lies_beyond_the_nearest_threshold(
    figures: Figures,
    verdict: Verdict,
    runner_up: Verdict | None,
    distance: float | None,
) -> None:
    judgement = judged(**figures)
    assert (judgement.verdict, judgement.runner_up) == (verdict, runner_up)
    assert judgement.distance == (None if distance is None else pytest.approx(distance))


def test_a_threshold_of_zero_has_no_distance() -> None:
    none = Thresholds(margin=0.0, vote=0.0, silent_activation=0.0)
    wrong = judged(none, margin=-1.0)
    assert (wrong.runner_up, wrong.distance) == (None, None)
    # The SAE may still miss by half the margin.
    right = judged(none)
    assert (right.runner_up, right.distance) == (Verdict.SAE_MISS, 1.0)
    silent = judged(replace(THRESHOLDS, silent_activation=0.0), effect=-0.5, activation=0.0)
    assert (silent.runner_up, silent.distance) == (Verdict.OUTVOTED, 0.5)


reward = st.floats(-1e6, 1e6)
size = st.floats(0, 1e6)
evidences = st.builds(
    Evidence,
    counterexample=st.booleans(),
    margin=reward,
    margin_sae=reward,
    has_features=st.booleans(),
    effect=st.none() | reward,
    activation=st.none() | size,
    drop_without_others=st.none() | reward,
    drop_without_error=st.none() | reward,
)
thresholds_ = st.builds(Thresholds, margin=size, vote=size, silent_activation=size)


@given(
    st.builds(
        Evidence,
        counterexample=st.booleans(),
        margin=st.floats(),
        margin_sae=st.floats(),
        has_features=st.booleans(),
        effect=st.none() | st.floats(),
        activation=st.none() | st.floats(),
        drop_without_others=st.none() | st.floats(),
        drop_without_error=st.none() | st.floats(),
    ),
    st.builds(
        Thresholds,
        margin=st.floats(0, allow_infinity=False),
        vote=st.floats(0, allow_infinity=False),
        silent_activation=st.floats(0, allow_infinity=False),
    ),
)
def test_any_figures_have_a_verdict(evidence: Evidence, thresholds: Thresholds) -> None:
    judgement = judge(evidence, thresholds)
    assert judgement.runner_up is not judgement.verdict
    assert (judgement.runner_up is None) == (judgement.distance is None)
    assert judgement.distance is None or judgement.distance >= 0
    assert not judgement.confident or judgement.verdict is Verdict.PM_WRONG
    assert judgement.by is None or judgement.verdict is Verdict.OUTVOTED


@given(evidences, thresholds_, st.integers(-40, 40))
def test_the_unit_of_reward_does_not_matter(
    evidence: Evidence, thresholds: Thresholds, exponent: int
) -> None:
    """Powers of two, which scale without rounding."""
    by = 2.0**exponent
    figures = [evidence.margin, evidence.margin_sae, evidence.effect, thresholds.margin]
    assume(all(f is None or f == 0 or abs(f) > 1e-200 for f in [*figures, thresholds.vote]))
    scaled = replace(
        evidence,
        margin=evidence.margin * by,
        margin_sae=evidence.margin_sae * by,
        effect=None if evidence.effect is None else evidence.effect * by,
    )
    other = replace(thresholds, margin=thresholds.margin * by, vote=thresholds.vote * by)
    before, after = judge(evidence, thresholds), judge(scaled, other)
    assert (before.verdict, before.runner_up) == (after.verdict, after.runner_up)
    assert before.distance == after.distance


@given(evidences, thresholds_)
def test_a_conforming_pair_is_the_mirror_of_a_counterexample(
    evidence: Evidence, thresholds: Thresholds
) -> None:
    mirror = replace(
        evidence,
        counterexample=not evidence.counterexample,
        effect=None if evidence.effect is None else -evidence.effect,
    )
    swapped = {Verdict.OUTVOTED: Verdict.FOLLOWED, Verdict.FOLLOWED: Verdict.OUTVOTED}
    one, other = judge(evidence, thresholds), judge(mirror, thresholds)
    assert swapped.get(one.verdict, one.verdict) is other.verdict
    assert one.runner_up is None or swapped.get(one.runner_up, one.runner_up) is other.runner_up
    assert (one.distance, one.vote, one.confident) == (other.distance, other.vote, other.confident)
