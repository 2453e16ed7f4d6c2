"""One message a line: what goes out comes in again, and nothing else comes in."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from engine.heuristics import DIRECTIONS, SCOPES, Heuristic
from engine.live import protocol
from engine.live.protocol import (
    Asked,
    Cancel,
    Cancelled,
    Failed,
    Hello,
    Load,
    Loaded,
    Measure,
    Measured,
    MeasuredHeuristic,
    Message,
    decode,
    encode,
)

ids = st.integers(min_value=0, max_value=2**63)
finite = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | finite
features = st.lists(st.integers(0, 40000), max_size=3).map(tuple)
heuristics = st.builds(
    Heuristic,
    name=st.text(),
    pattern=st.text(),
    regex=st.booleans(),
    scope=st.sampled_from(SCOPES),
    fold=st.booleans(),
    direction=st.sampled_from(DIRECTIONS),
    window=st.integers(0, 9),
    replace=st.text(),
    features=features,
)
found = st.builds(
    MeasuredHeuristic,
    name=st.text(),
    bearer=st.sampled_from(["chosen", "rejected"]),
    spans=st.lists(st.tuples(st.integers(), st.integers()), max_size=2).map(tuple),
    effect=maybe,
    activation=maybe,
    random_effect=maybe,
    effect_all=finite,
    drop_without_others=maybe,
    drop_without_error=finite,
    effect_over_response=maybe,
    reward_deleted=finite,
    reward_control=maybe,
)


@st.composite
def measured(draw: st.DrawFn) -> Measured:
    active = draw(features)
    column = st.lists(finite, min_size=len(active), max_size=len(active)).map(tuple)
    return Measured(
        id=draw(ids),
        reward_chosen=draw(finite),
        reward_rejected=draw(finite),
        reward_chosen_sae=draw(finite),
        reward_rejected_sae=draw(finite),
        truncated=draw(ids),
        feature=active,
        activation_chosen=draw(column),
        activation_rejected=draw(column),
        attribution=draw(column),
        heuristics=tuple(draw(st.lists(found, max_size=2))),
    )


messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Hello, st.integers()),
    st.builds(Load, ids, *[st.text()] * 7),
    st.builds(Loaded, ids, st.text()),
    st.builds(
        Measure,
        ids,
        ids,
        *[st.text()] * 3,
        asked=st.lists(st.builds(Asked, heuristics, features), max_size=2).map(tuple),
        scales=st.dictionaries(st.integers(0, 40000), finite, max_size=3),
        pins=st.dictionaries(st.integers(0, 40000), finite, max_size=3),
    ),
    st.builds(Cancel, ids),
    st.builds(Cancelled, ids),
    st.builds(Failed, ids, st.text(), st.none() | st.text(), st.none() | st.text()),
    measured(),
)


@given(messages)
def test_a_message_comes_back_as_it_was_on_one_line(message: Message) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert decode(line) == message


MEASURED = Measured(1, 0.5, -0.5, 0.4, -0.4, 0, (3, 7), (1.0, 0.0), (0.0, 2.0), (0.1, -0.1), ())


def altered(**changes: object) -> bytes:
    return json.dumps(json.loads(encode(MEASURED)) | changes).encode()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "Expecting value"),
        (b"Welcome to gpu1!\n", "Welcome to gpu1!"),
        (b"\xff\xfe{\n", "no message of protocol"),
        (b"[1, 2]", "no known type"),
        (b"3", "no known type"),
        (b"{}", "no known type"),
        (b'{"type": "shutdown"}', "no known type"),
        (b'{"type": ["cancel"], "id": 1}', "no known type"),
        (b'{"type": "cancel"}', "lacks id"),
        (b'{"type": "cancel", "id": true}', "message.id is no int"),
        (b'{"type": "cancel", "id": 1, "and": 2}', "does not know and"),
        (b'{"type": "hello", "protocol": "1"}', "message.protocol is no int"),
        (b"[" * 100_000, "recursion"),
        (altered(reward_chosen=float("nan")), "reward_chosen is no finite number"),
        (altered(reward_chosen=None), "reward_chosen is no float"),
        (altered(attribution=[0.1, float("inf")]), r"attribution\[1\] is no finite number"),
        (altered(attribution=[0.1]), "not equally long"),
        (altered(heuristics=[{}]), r"heuristics\[0\] lacks"),
    ],
)
def test_what_is_no_message_is_refused_by_name(line: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said) as refusal:
        decode(line)
    assert "same Outvoted on both ends" in str(refusal.value)


def test_a_refusal_shows_no_control_character() -> None:
    with pytest.raises(UserError) as refusal:
        decode(b"\x1b]0;owned\x07\n")
    assert "\x1b" not in str(refusal.value)
    assert "␛]0;owned␇" in str(refusal.value)


def test_a_line_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LONGEST_LINE", 50)
    assert len(encode(Cancel(1))) < 50
    with pytest.raises(UserError, match="50 at most are read"):
        encode(Failed(1, "x" * 50, None, None))
    with pytest.raises(UserError, match="longer than 50 bytes"):
        decode(b'{"type": "cancel", "id": 1}' + b" " * 50)


def test_a_reward_that_overflowed_is_not_sent() -> None:
    with pytest.raises(UserError, match="not a finite number"):
        encode(replace(MEASURED, reward_chosen=float("inf")))
