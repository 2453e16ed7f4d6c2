"""JSON from another program becomes our dataclasses, or is refused by name."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.canonical import Json
from engine.shapes import build


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    side: Literal["chosen", "rejected"]


class Colour(StrEnum):
    BLUE = "blue"
    ORANGE = "orange"


@dataclass(frozen=True, slots=True)
class Outer:
    count: int
    figure: float
    maybe: float | None
    flag: bool
    inner: tuple[Inner, ...]
    span: tuple[int, int]
    scales: dict[int, float]
    colour: Colour


GOOD: dict[str, Json] = {
    "count": 3,
    "figure": 1.5,
    "maybe": None,
    "flag": True,
    "inner": [{"name": "url", "side": "chosen"}],
    "span": [2, 5],
    "scales": {"12": 2.0, "-1": 0},
    "colour": "blue",
}


def test_every_field_finds_its_place() -> None:
    inner = (Inner("url", "chosen"),)
    made = build(Outer, GOOD)
    assert made == Outer(3, 1.5, None, True, inner, (2, 5), {12: 2.0, -1: 0.0}, Colour.BLUE)
    assert isinstance(made.colour, Colour)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("count", True, "message.count is no int"),
        ("count", 3.0, "message.count is no int"),
        ("count", "3", "message.count is no int"),
        ("figure", False, "message.figure is no float"),
        ("figure", float("nan"), "message.figure is no finite number"),
        ("figure", float("inf"), "message.figure is no finite number"),
        ("figure", 10**400, "message.figure is no finite number"),
        ("maybe", "none", "message.maybe is no float"),
        ("flag", 1, "message.flag is no bool"),
        ("inner", {}, "message.inner is no list"),
        ("inner", [{"name": "url"}], r"message.inner\[0\] lacks side"),
        ("inner", [{"name": "url", "side": "both"}], r"inner\[0\].side is none of chosen"),
        ("inner", [{"name": "\ud800", "side": "chosen"}], "surrogates not allowed"),
        ("span", [1], "message.span has 1 values, not 2"),
        ("scales", [], "message.scales is no object"),
        ("scales", {"1_0": 1.0}, "message.scales has a key that is no int"),
        ("scales", {"9" * 5000: 1.0}, "limit"),
        ("colour", "red", "message.colour is none of blue, orange"),
        ("colour", [], "message.colour is none of"),
        ("other", 1, "message does not know other"),
    ],
)
def test_what_does_not_fit_is_named(field: str, value: Json, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build(Outer, GOOD | {field: value})


def test_what_is_missing_is_named() -> None:
    without = {name: value for name, value in GOOD.items() if name != "flag"}
    with pytest.raises(ValueError, match="message lacks flag"):
        build(Outer, without)
    with pytest.raises(ValueError, match="request is no object"):
        build(Outer, [1, 2], "request")


finite = st.floats(allow_nan=False, allow_infinity=False)
outers = st.builds(
    Outer,
    count=st.integers(),
    figure=finite,
    maybe=st.none() | finite,
    flag=st.booleans(),
    inner=st.lists(st.builds(Inner, st.text(), st.sampled_from(["chosen", "rejected"]))).map(tuple),
    span=st.tuples(st.integers(), st.integers()),
    scales=st.dictionaries(st.integers(), finite),
    colour=st.sampled_from(Colour),
)


@given(outers)
def test_what_json_carried_is_what_it_was(outer: Outer) -> None:
    assert build(Outer, json.loads(json.dumps(asdict(outer)))) == outer


@dataclass(frozen=True, slots=True)
class Placed:
    folder: Path


def test_a_path_is_a_text() -> None:
    assert build(Placed, {"folder": "a/b"}) == Placed(Path("a/b"))
    with pytest.raises(ValueError, match=r"message\.folder is no str"):
        build(Placed, {"folder": 3})
