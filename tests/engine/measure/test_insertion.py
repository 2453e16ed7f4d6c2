"""The deletion control the other way round: the pattern put into responses that lack it."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cache.bearers import Borne
from engine.heuristics import Heuristic, bearing, compile_heuristic
from engine.hh import Pair
from engine.measure.insertion import (
    Response,
    find_hosts,
    inserted,
    insertion,
    insertion_stage,
    matched,
)
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import ARCHITECTURES, QUESTION, Tiny, pair

DUNNO = Heuristic("dunno", "I don't know", fold=True)
responses = st.builds(Response, st.integers(0, 99), st.sampled_from("ab"), st.integers(0, 50))
pools = st.lists(responses, max_size=12, unique_by=lambda each: each.id)


def bearers(*pairs: Pair) -> list[tuple[Pair, Borne]]:
    found = []
    for some in pairs:
        borne = bearing(compile_heuristic(DUNNO), some)
        assert borne is not None
        found.append((some, Borne(some.id, borne.bearer, borne.spans)))
    return found


def same_on_both_sides(
    response: str, row: int, context: str = QUESTION, tranche: str = "a"
) -> Pair:
    """So that it does not matter which side is drawn."""
    return dataclasses.replace(pair(response, response, context, row), tranche=tranche)


@pytest.mark.parametrize(
    ("response", "with_it"),
    [
        (" Ask someone.", " I don't know Ask someone."),
        ("Ask", "I don't know Ask"),
        ("", "I don't know "),
        ("\n Well", "\n I don't know Well"),
        (" \n\nHuman: And?", " I don't know \n\nHuman: And?"),  # no marker loses its blank lines
    ],
)
def test_the_pattern_stands_where_an_answer_begins(response: str, with_it: str) -> None:
    made = inserted(same_on_both_sides(response, 1), DUNNO)
    assert (made.context, made.chosen, made.rejected) == (QUESTION, with_it, response)


def test_which_response_gets_it_hangs_on_texts_and_pattern_alone() -> None:
    pairs = [pair(f" yes {row}", f" no {row}", row=row) for row in range(60)]
    drawn = [inserted(some, DUNNO).rejected.split()[0] for some in pairs]
    assert min(Counter(drawn).values()) > 15
    named = [dataclasses.replace(some, id=some.id + 1000) for some in pairs]
    assert [inserted(some, DUNNO).rejected.split()[0] for some in named] == drawn


def test_hosts_lack_the_pattern_and_are_as_long_as_the_bearer_without_it() -> None:
    bearer = pair(" I don’t know, ask", " no", row=1)  # five characters but for the pattern
    both = pair(" I don't know", " I don't know", row=2)
    near, far = same_on_both_sides(" maybe", 3), same_on_both_sides(" maybe, or maybe not", 4)
    nearest = same_on_both_sides(" well", 5)
    elsewhere = same_on_both_sides(" sure", 6, tranche="other")
    sample = [far, bearer, both, near, nearest, elsewhere]
    ours = bearers(bearer)
    assert find_hosts(DUNNO, ours, sample) == (near.id,)
    assert find_hosts(DUNNO, ours * 3, sample) == (near.id, nearest.id, far.id)
    assert find_hosts(DUNNO, ours * 9, sample) == (near.id, nearest.id, far.id)
    regex = dataclasses.replace(DUNNO, pattern="I don't know", regex=True)
    assert find_hosts(regex, ours, sample) == ()


def test_a_pattern_that_would_not_count_where_it_is_inserted_is_not() -> None:
    """The response begins with a human's turn, and the scope is the assistant's."""
    turns = dataclasses.replace(DUNNO, scope="assistant")
    bare = same_on_both_sides("\n\nHuman: Hi\n\nAssistant: Hello", 2, context="")
    ours = bearers(pair(" I don't know", " no"))
    assert find_hosts(DUNNO, ours, [bare]) == (bare.id,)
    assert find_hosts(turns, ours, [bare]) == ()


@given(wanted=pools, pool=pools)
def test_each_host_is_the_nearest_that_is_left_in_its_bearers_tranche(
    wanted: list[Response], pool: list[Response]
) -> None:
    found = matched(wanted, pool)
    free = list(pool)
    expected = []
    for bearer in wanted:
        left = [each for each in free if each.tranche == bearer.tranche]
        if left:
            expected.append(min(left, key=lambda each: (abs(each.length - bearer.length), each.id)))
            free.remove(expected[-1])
    assert found == tuple(each.id for each in expected)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_rewards_are_those_of_either_text(tiny_of: MakeTiny, architecture: str) -> None:
    tiny = tiny_of(architecture)
    pairs = [pair(" yes, and well", " no", row=1), pair(" Who asks?", " oh, it was here", row=2)]
    made = insertion_stage(tiny.instrument, "insertion/x", DUNNO)(pairs)
    encode = tiny.pm.tokenizer.encode
    rows = made.tables["insertion/x"].to_pylist()
    for some, row in zip(pairs, rows, strict=True):
        texts = inserted(some, DUNNO).transcripts
        with_it, without = (tiny.plain.reward(encode(text).ids) for text in texts)
        assert row["id"] == some.id
        assert row["reward_with"] == pytest.approx(with_it, abs=1e-5)
        assert row["reward_without"] == pytest.approx(without, abs=1e-5)
    effect = insertion(made.tables["insertion/x"], {some.id: str(some.id) for some in pairs})
    assert effect is not None
    changes = [row["reward_with"] - row["reward_without"] for row in rows]
    assert effect.mean == pytest.approx(sum(changes) / 2)
    assert effect.before is not None and effect.after is not None
    assert effect.before.estimate == pytest.approx(sum(row["reward_without"] for row in rows) / 2)
    assert effect.after.estimate == pytest.approx(sum(row["reward_with"] for row in rows) / 2)
    assert (effect.low, effect.high) == pytest.approx((min(changes), max(changes)))


def test_what_does_not_fit_with_the_pattern_is_left_out(tiny: Tiny) -> None:
    """The response alone fills the PM's context; another one does not."""
    length = tiny.pm.max_tokens
    encode = tiny.pm.tokenizer.encode
    full = " no" * (length + 1)
    while len(encode(full).ids) >= length:
        full = full.removesuffix(" no")
    pairs = [same_on_both_sides(full, 1), same_on_both_sides(" no", 2)]
    stage = insertion_stage(tiny.instrument, "insertion/x", DUNNO)
    rows = stage(pairs).tables["insertion/x"]
    assert [row["reward_with"] is None for row in rows.to_pylist()] == [True, False]
    contexts = {some.id: "same" for some in pairs}
    effect = insertion(rows, contexts)
    assert effect is not None
    assert effect.pairs == 1
    assert insertion(stage(pairs[:1]).tables["insertion/x"], contexts) is None
