"""Features as they are typed into a prompt or an option."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from engine.live.features import FeatureChanges, parse_changes

numbers = st.integers(0, 999_999_999)
finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("", FeatureChanges()),
        (" , ", FeatureChanges()),
        ("12,34", FeatureChanges((12, 34))),
        ("12 12", FeatureChanges((12,))),
        ("12=2.0", FeatureChanges(scale={12: 2.0})),
        ("12@3.0", FeatureChanges(pin={12: 3.0})),
        ("34, 12=-0.5 7@1e2", FeatureChanges((34,), {12: -0.5}, {7: 100.0})),
    ],
)
def test_what_is_typed_is_what_is_meant(typed: str, meant: FeatureChanges) -> None:
    assert parse_changes(typed) == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("12a", '"12a" is no feature'),
        ("-1", '"-1" is no feature'),
        ("1234567890", "is no feature"),
        ("１２", "is no feature"),
        ("12=", '"12=" names no finite factor'),
        ("12=inf", "no finite factor"),
        ("12@nan", '"12=nan" names no finite value'),
        ("@3", '"" is no feature'),
        ("12, 12=2", "feature 12 is changed twice"),
        ("7@1 7@2", "feature 7 is changed twice"),
    ],
)
def test_what_means_nothing_is_said(typed: str, said: str) -> None:
    with pytest.raises(UserError) as refusal:
        parse_changes(typed)
    assert said in str(refusal.value)


@given(
    st.lists(numbers, unique=True, max_size=3),
    st.dictionaries(numbers, finite, max_size=3),
    st.dictionaries(numbers, finite, max_size=3),
)
def test_any_change_can_be_typed(
    ablate: list[int], scale: dict[int, float], pin: dict[int, float]
) -> None:
    scale = {feature: factor for feature, factor in scale.items() if feature not in ablate}
    taken = {*ablate, *scale}
    pin = {feature: value for feature, value in pin.items() if feature not in taken}
    words = [
        *map(str, ablate),
        *(f"{feature}={factor!r}" for feature, factor in scale.items()),
        *(f"{feature}@{value!r}" for feature, value in pin.items()),
    ]
    assert parse_changes(", ".join(words)) == FeatureChanges(tuple(ablate), scale, pin)


@given(st.text())
def test_nothing_else_is_ever_raised(typed: str) -> None:
    try:
        parse_changes(typed)
    except UserError as error:
        assert error.where == "the features"
