"""What would flip a verdict, held against the judge itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.verdict import Evidence, Flip, Thresholds, Verdict, flips, judge

THRESHOLDS = Thresholds(margin=0.5, vote=1.0, silent_activation=2.0)
OUTVOTED = Evidence(
    counterexample=True,
    margin=4.0,
    margin_sae=3.5,
    has_features=True,
    effect=-3.0,
    activation=10.0,
    drop_without_others=2.0,
    drop_without_error=1.0,
)


def told(evidence: Evidence) -> list[tuple[str, float, Verdict, float]]:
    """moved, threshold, verdict beyond, how far away."""
    return [
        (flip.moved, flip.threshold, flip.verdict, flip.away)
        for flip in flips(evidence, THRESHOLDS)
    ]


def test_every_threshold_says_which_verdict_lies_beyond_it_and_how_far() -> None:
    assert told(OUTVOTED) == [
        ("gap", 2.0, Verdict.SAE_MISS, 1.5),  # 0.75 thresholds away
        ("vote", 1.0, Verdict.INERT, 2.0),  # 2 thresholds
        ("vote", -1.0, Verdict.CONTRARY, 4.0),
        ("margin", 0.5, Verdict.TIE, 3.5),  # 7 thresholds
        ("margin", -0.5, Verdict.PM_WRONG, 4.5),
    ]


def test_a_threshold_that_changes_nothing_is_not_told() -> None:
    tie = replace(OUTVOTED, margin=0.25, margin_sae=0.25)
    assert told(tie) == [
        ("margin", 0.5, Verdict.OUTVOTED, 0.25),
        ("margin", -0.5, Verdict.PM_WRONG, 0.75),
    ]
    assert flips(replace(OUTVOTED, effect=None), THRESHOLDS) == ()  # unmeasured: nothing is known


@pytest.mark.parametrize(
    ("effect", "activation", "rises", "reached", "verdict"),
    [
        (0.0, 5.0, False, False, Verdict.SILENT),  # below 2; at 2 it still fires
        (0.0, 1.0, True, True, Verdict.INERT),  # at 2 or above
    ],
)
def test_it_is_said_on_which_side_a_threshold_itself_lies(
    effect: float, activation: float, rises: bool, reached: bool, verdict: Verdict
) -> None:
    evidence = replace(OUTVOTED, effect=effect, activation=activation)
    (flip,) = (flip for flip in flips(evidence, THRESHOLDS) if flip.moved == "activation")
    assert (flip.rises, flip.reached, flip.verdict) == (rises, reached, verdict)


@pytest.mark.parametrize(
    ("evidence", "moved", "rises", "verdict"),
    [
        (replace(OUTVOTED, margin=0.5, margin_sae=0.5), "margin", True, Verdict.OUTVOTED),
        (replace(OUTVOTED, margin=-0.5, margin_sae=-0.5), "margin", False, Verdict.PM_WRONG),
        (replace(OUTVOTED, effect=1.0), "vote", False, Verdict.CONTRARY),  # the vote is -1
        (replace(OUTVOTED, effect=0.0, activation=2.0), "activation", False, Verdict.SILENT),
    ],
)
def test_a_quantity_on_its_threshold_leaves_it_on_the_side_that_flips(
    evidence: Evidence, moved: str, rises: bool, verdict: Verdict
) -> None:
    nearest = flips(evidence, THRESHOLDS)[0]
    assert (nearest.moved, nearest.away, nearest.reached) == (moved, 0.0, False)
    assert (nearest.rises, nearest.verdict) == (rises, verdict)


# Sixty-fourths add and subtract without rounding, and a hair is far less than one.
HAIR = 2.0**-20
figure = st.integers(-512, 512).map(lambda count: count / 64)
size = st.integers(0, 256).map(lambda count: count / 64)
evidences = st.builds(
    Evidence,
    counterexample=st.booleans(),
    margin=figure,
    margin_sae=figure,
    has_features=st.booleans(),
    effect=st.none() | figure,
    activation=st.none() | size,
    drop_without_others=st.none(),
    drop_without_error=st.none(),
)
thresholds_ = st.builds(Thresholds, margin=size, vote=size, silent_activation=size)


def moved(evidence: Evidence, flip: Flip, by: float) -> Evidence:
    """The evidence with the flip's quantity moved toward its threshold."""
    step = by if flip.rises else -by
    match flip.moved:
        case "margin":
            return replace(evidence, margin=evidence.margin + step)
        case "gap":
            # Away from the margin or toward it, on the side it lies on.
            side = 1 if evidence.margin_sae >= evidence.margin else -1
            return replace(evidence, margin_sae=evidence.margin_sae + side * step)
        case "vote":
            assert evidence.effect is not None
            sign = -1 if evidence.counterexample else 1
            return replace(evidence, effect=evidence.effect + sign * step)
        case "activation":
            assert evidence.activation is not None
            return replace(evidence, activation=evidence.activation + step)


@given(evidences, thresholds_)
def test_moving_a_quantity_by_the_distance_flips_the_verdict(
    evidence: Evidence, thresholds: Thresholds
) -> None:
    for flip in flips(evidence, thresholds):
        beyond = flip.away if flip.reached else flip.away + HAIR
        assert judge(moved(evidence, flip, beyond), thresholds).verdict is flip.verdict
        assert flip.verdict is not judge(evidence, thresholds).verdict


@given(evidences, thresholds_)
def test_a_quantity_on_the_hither_side_of_a_threshold_does_not_flip_there(
    evidence: Evidence, thresholds: Thresholds
) -> None:
    """Votes and activations have no other threshold on the way (margins move the SAE's miss)."""
    verdict = judge(evidence, thresholds).verdict
    for flip in flips(evidence, thresholds)[:1]:
        if flip.moved in ("vote", "activation") and flip.away > 0:
            short = flip.away - HAIR if flip.reached else flip.away
            assert judge(moved(evidence, flip, short), thresholds).verdict is verdict


@given(evidences, thresholds_)
def test_the_nearest_is_the_judge_s_runner_up(evidence: Evidence, thresholds: Thresholds) -> None:
    judgement = judge(evidence, thresholds)
    nearest = next(iter(flips(evidence, thresholds)), None)
    assert judgement.runner_up is (nearest.verdict if nearest else None)
    assert judgement.distance == (nearest.distance if nearest else None)
