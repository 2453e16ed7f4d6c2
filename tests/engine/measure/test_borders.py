"""Texts at the borders of what is measured: empty, equal, or parting inside a character."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.heuristics import Heuristic, bearing, compile_heuristic
from engine.hh import SIDES, Pair
from engine.measure.base import measure
from engine.measure.packing import pack
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import ARCHITECTURES, QUESTION, Tiny, pair
from tests.examples import few

# Several bytes, several tokens: ’ and “ share two of three, é and è one of two.
TEXTS = st.text(alphabet="aéè’“”字😀 \n", max_size=8)
seldom = settings(max_examples=few(8), deadline=None, suppress_health_check=list(HealthCheck))


def assert_separate(tiny: Tiny, some: Pair) -> None:
    """Packed, the two sides get the rewards that each gets by itself."""
    prepared = tiny.instrument.prepare(some)
    rewards = tiny.instrument.forward.rewards(tiny.instrument.pack([prepared]))[0]
    for side, reward in zip(SIDES, rewards.tolist(), strict=True):
        ids = tiny.pm.tokenizer.encode(some.transcript(side)).ids
        assert prepared.tokens(side).ids == tuple(ids)
        assert reward == pytest.approx(tiny.plain.reward(ids), abs=1e-5)


@pytest.mark.hypothesis
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_packed_is_separate_whatever_the_texts(tiny_of: MakeTiny, architecture: str) -> None:
    tiny = tiny_of(architecture)

    @seldom
    @given(shared=TEXTS, chosen=TEXTS, rejected=TEXTS)
    def law(shared: str, chosen: str, rejected: str) -> None:
        assert_separate(tiny, pair(shared + chosen, shared + rejected))

    law()
    for sides in (("", ""), ("", " a"), (" a", ""), (" same’", " same’"), (" ’", " “")):
        assert_separate(tiny, pair(*sides))


def test_sides_may_part_in_the_middle_of_a_character(tiny: Tiny) -> None:
    """The tokens before it are shared; the character's own belong to S on its side, whole."""
    some = pair(" “yes", " ’yes")
    prepared = tiny.instrument.prepare(some)
    cut = len(QUESTION) + 1
    last, first = (prepared.chosen.offsets[prepared.divergence + step] for step in (-1, 0))
    assert last == first == (cut, cut + 1)
    found = bearing(compile_heuristic(Heuristic("mark", "“")), some)
    assert found is not None
    span = prepared.overlapping("chosen", found.spans)
    ids = [prepared.chosen.ids[place] for place in span]
    assert tiny.pm.tokenizer.decode(ids).strip() == "“"
    assert min(span) < prepared.divergence <= max(span)
    assert_separate(tiny, some)


@pytest.mark.parametrize("sides", [("", ""), (" same", " same")])
def test_equal_sides_have_no_p_no_margin_and_no_attribution(
    tiny: Tiny, sides: tuple[str, str]
) -> None:
    view = tiny.instrument.view([tiny.instrument.prepare(pair(*sides))])
    (figures,) = measure(tiny.instrument, view)
    assert figures.reward_chosen == pytest.approx(figures.reward_rejected, abs=1e-6)
    assert figures.reward_chosen_sae == pytest.approx(figures.reward_rejected_sae, abs=1e-6)
    assert figures.margin_random_error == pytest.approx(0, abs=1e-6)
    assert len(figures.features.feature) == 0
    assert view.response_columns(0) == ([], [])


def test_an_empty_side_has_no_p_of_its_own(tiny: Tiny) -> None:
    prepared = tiny.instrument.prepare(pair("", " something"))
    assert len(prepared.response_positions("chosen")) == 0
    assert prepared.text_positions("chosen") == ()
    view = tiny.instrument.view([prepared])
    (figures,) = measure(tiny.instrument, view)
    assert (figures.features.activation_chosen == 0).all()
    assert figures.reward_chosen != figures.reward_rejected


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_padding_may_be_any_token(tiny_of: MakeTiny, architecture: str) -> None:
    """No tokenizer here has a pad token, and none is needed: what pads is seen by nobody."""
    tiny = tiny_of(architecture)
    prepared = [
        tiny.instrument.prepare(pair(*sides)) for sides in ((" a", " bc" * 9), ("", " 字字"))
    ]

    def rewards(padding: int) -> torch.Tensor:
        packed = pack(
            [one.bundle() for one in prepared],
            padding=padding,
            dtype=tiny.pm.dtype,
            device=tiny.pm.device,
        )
        return tiny.instrument.forward.rewards(packed)

    first = rewards(0)
    for padding in (1, 17, 319):
        assert torch.equal(rewards(padding), first)
