"""The control that needs no SAE: the text without the pattern, and without as much of anything."""

from __future__ import annotations

import pytest

from engine.cache.bearers import Borne
from engine.heuristics import Heuristic, bearing, compile_heuristic
from engine.heuristics.edit import random_spans_like
from engine.hh import Pair
from engine.measure.deleting import delete_from
from engine.measure.deletion import (
    Deletion,
    deletion,
    rewards_without,
    rewards_without_again,
)
from engine.measure.stages import spans_stage
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.real import Bearer, Real
from tests.engine.measure.tiny import ARCHITECTURES, QUESTION, Tiny, pair

DUNNO = Heuristic("dunno", "I don't know", fold=True)


def deleted(tiny: Tiny, some: Pair, heuristic: Heuristic) -> Deletion:
    found = bearing(compile_heuristic(heuristic), some)
    assert found is not None
    made = deletion(tiny.instrument, some, heuristic, Borne(some.id, found.bearer, found.spans))
    assert made is not None
    return made


def texts(made: Deletion) -> tuple[str, str]:
    return made.prepared.pair.transcripts


def test_the_pattern_is_gone_and_nothing_else(tiny: Tiny) -> None:
    rest = " whom else, there is surely somebody around here, or so one would think!"
    some = pair(" yes", " I don't know. Ask I don’t know" + rest)
    without, control = texts(deleted(tiny, some, DUNNO))
    assert without == QUESTION + " . Ask " + rest
    assert "I don't know" in control
    assert "I don’t know" in control
    assert len(control) == len(without)


def test_the_replacement_stands_in_its_place(tiny: Tiny) -> None:
    swap = Heuristic("dunno", "I don't know", replace="Sure")
    without, _ = texts(deleted(tiny, pair(" Well, I don't know it.", " yes"), swap))
    assert without == QUESTION + " Well, Sure it."


def test_a_replacement_that_the_pm_has_no_room_for_is_no_figure_and_stops_nothing(
    tiny: Tiny,
) -> None:
    long = Heuristic("dunno", "I don't know", replace="why? " * 15)
    some = [
        pair(" Well, I don't know it.", " yes", row=0),
        pair(" I don't know." + " I do." * 18, " yes", row=1),
    ]
    found = [bearing(compile_heuristic(long), each) for each in some]
    borne = {
        each.id: Borne(each.id, made.bearer, made.spans)
        for each, made in zip(some, found, strict=True)
        if made is not None
    }
    assert deletion(tiny.instrument, some[1], long, borne[1]) is None
    made = spans_stage(tiny.instrument, "spans", long, borne)(some).tables["spans"].to_pylist()
    assert [row["reward_deleted"] is None for row in made] == [False, True]
    assert [len(row["span_position"]) > 0 for row in made] == [True, True]
    view = tiny.instrument.view([tiny.instrument.prepare(some[0])])
    before = float(view.captured.rewards[0, 0])
    told = delete_from(tiny.instrument, long, some)
    assert told is not None
    assert told.bearers == 1
    assert told.mean == pytest.approx(before - made[0]["reward_deleted"], abs=1e-5)


def test_the_control_is_the_span_that_edit_draws(tiny: Tiny) -> None:
    some = pair(" I don't know, but others surely do, as far as one can say", " yes")
    found = bearing(compile_heuristic(DUNNO), some)
    assert found is not None
    ((start, end),) = random_spans_like(
        some.transcript("chosen"),
        found.spans,
        context=len(some.context),
        content_hash=some.content_hash,
        key=DUNNO.key,
    ) or [(0, 0)]
    assert end - start == len("I don't know")
    _, control = texts(deleted(tiny, some, DUNNO))
    text = some.transcript("chosen")
    assert control == text[:start] + text[end:]


def test_a_response_that_is_all_pattern_has_no_control(tiny: Tiny) -> None:
    made = deleted(tiny, pair(" I don't know", " yes"), DUNNO)
    assert not made.has_control
    (rewards,) = rewards_without(tiny.instrument, [made])
    assert rewards.reward_control is None
    expected = tiny.plain.reward(tiny.pm.tokenizer.encode(QUESTION + " ").ids)
    assert rewards.reward_deleted == pytest.approx(expected, abs=1e-5)


def test_a_pattern_that_begins_in_the_context_is_deleted_there(tiny: Tiny) -> None:
    """The marker's colon and the response's first word: the context itself is edited."""
    across = Heuristic("start", "Assistant: I", scope="transcript")
    some = pair(" I do, and so does everyone else here", " no")
    without, control = texts(deleted(tiny, some, across))
    assert without == "\n\nHuman: Who?\n\n do, and so does everyone else here"
    assert control.startswith(QUESTION)
    assert len(control) == len(without)


def test_such_a_pair_is_truncated_like_any_other(tiny: Tiny) -> None:
    """Its context is edited, and still the context: too long, it loses its oldest tokens."""
    across = Heuristic("start", "Assistant: I", scope="transcript")
    long = "\n\nHuman: " + "why? " * 60 + "\n\nAssistant:"
    made = deleted(tiny, pair(" I do, and so does everyone else", " no", long), across)
    assert made.prepared.truncated > 0
    assert len(made.prepared.chosen.ids) <= tiny.pm.max_tokens


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_rewards_are_those_of_the_edited_texts(tiny_of: MakeTiny, architecture: str) -> None:
    tiny = tiny_of(architecture)
    made = [
        deleted(tiny, some, DUNNO)
        for some in (
            pair(" Oh, I don't know. Ask someone who does, or read about it", " yes"),
            pair(" no", " I don’t know and I would not say so if I did, you see"),
        )
    ]
    for one, rewards in zip(made, rewards_without(tiny.instrument, made), strict=True):
        without, control = (tiny.pm.tokenizer.encode(text).ids for text in texts(one))
        assert rewards.reward_deleted == pytest.approx(tiny.plain.reward(without), abs=1e-5)
        assert rewards.reward_control == pytest.approx(tiny.plain.reward(control), abs=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(
    ("some", "heuristic"),
    [
        (pair(" Oh, I don't know. Ask someone who does, or read about it", " yes"), DUNNO),
        (pair(" no", " I don’t know and I would not say so if I did, you see"), DUNNO),
        (pair(" yes", " yes, or no: I don't know"), DUNNO),
        (pair(" I don't know", " yes"), DUNNO),
        (pair(" I do, and so does everyone", " no"), Heuristic("a", "t: I", scope="transcript")),
        (pair(" I don't know", " yes", "\n\nHuman: " + "why? " * 60 + "\n\nAssistant:"), DUNNO),
    ],
)
def test_what_stands_before_the_deletion_need_not_run_again(
    tiny_of: MakeTiny, architecture: str, some: Pair, heuristic: Heuristic
) -> None:
    """The same rewards from the memory of the pair as it is, wherever the two part."""
    tiny = tiny_of(architecture)
    made = deleted(tiny, some, heuristic)
    (expected,) = rewards_without(tiny.instrument, [made])
    view = tiny.instrument.view([tiny.instrument.prepare(some)], whole_memory=True)
    again = rewards_without_again(tiny.instrument, view, made)
    assert again.reward_deleted == pytest.approx(expected.reward_deleted, abs=1e-5)
    assert again.reward_control == pytest.approx(expected.reward_control, abs=1e-5)
    forgetful = tiny.instrument.view([tiny.instrument.prepare(some)])
    assert rewards_without_again(tiny.instrument, forgetful, made) == expected


@pytest.mark.parametrize("real", ["gated"], indirect=True)
def test_rewards_on_the_real_pm(real: Real, hh_bearers: tuple[Bearer, ...]) -> None:
    encode = real.instrument.pm.tokenizer.encode
    made = [
        edited
        for one in hh_bearers[::3]
        if (edited := deletion(real.instrument, one.pair, one.heuristic, one.borne))
    ]
    assert len(made) == len(hh_bearers[::3])
    for one, rewards in zip(made, rewards_without(real.instrument, made), strict=True):
        without, control = (real.plain.reward(encode(text).ids) for text in texts(one))
        assert rewards.reward_deleted == pytest.approx(without, abs=1e-4)
        if one.has_control:
            assert rewards.reward_control == pytest.approx(control, abs=1e-4)
