"""Two texts in one row are two texts: each sees what it would see alone, in every architecture."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.measure.packing import Bundle, bundle, common_prefix, pack
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import ARCHITECTURES, Tiny, from_ids
from tests.examples import few

tokens = st.integers(1, 299)
ids = st.lists(tokens, max_size=12).map(tuple)
Ids = tuple[int, ...]


@st.composite
def two_texts(draw: st.DrawFn) -> tuple[Ids, Ids]:
    """Two texts with a common beginning; what follows it may be nothing on either side."""
    start = draw(st.lists(tokens, min_size=1, max_size=12).map(tuple))
    return start + draw(ids), start + draw(ids)


batches = st.lists(two_texts(), min_size=1, max_size=4)
seldom = settings(max_examples=few(10), deadline=None, suppress_health_check=list(HealthCheck))


@given(two_texts())
def test_a_bundle_gives_every_text_back(texts: tuple[Ids, Ids]) -> None:
    made = bundle(texts)
    assert tuple(made.prefix + branch for branch in made.branches) == texts
    assert made.tokens == len(made.prefix) + made.rest <= sum(map(len, texts))
    firsts = [branch[0] for branch in made.branches if branch]
    assert len(firsts) < 2 or len(set(firsts)) == 2


def test_the_prefix_is_the_longest_that_all_share() -> None:
    assert common_prefix([(1, 2, 3), (1, 2, 4)]) == 2
    assert common_prefix([(1, 2), (1, 2, 4), (1, 3)]) == 1
    assert common_prefix([(1, 2), (1, 2)]) == 2
    assert common_prefix([(5,), (6,)]) == 0
    assert bundle([(1, 2), (1, 2, 3)]) == Bundle((1, 2), ((), (3,)))


@given(batches)
def test_every_token_is_found_where_it_lies(pairs: list[tuple[Ids, Ids]]) -> None:
    packed = pack(
        [bundle(pair) for pair in pairs],
        padding=0,
        dtype=torch.float32,
        device=torch.device("cpu"),
    )
    assert packed.real.sum() == sum(made.tokens for made in packed.bundles)
    for row, pair in enumerate(pairs):
        for branch, text in enumerate(pair):
            columns = [packed.column(row, branch, position) for position in range(len(text))]
            assert packed.input_ids[row, columns].tolist() == list(text)
            assert packed.position_ids[row, columns].tolist() == list(range(len(text)))
            assert packed.real[row, columns].all()
            assert packed.readouts[row, branch] == columns[-1]
            # Every token sees its own text up to itself, and nothing else.
            for position, column in enumerate(columns):
                seen = (packed.mask[row, 0, column] == 0).nonzero().squeeze(-1).tolist()
                assert sorted(seen) == sorted(columns[: position + 1])


@pytest.mark.hypothesis
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_packed_rewards_are_the_separate_ones(tiny_of: MakeTiny, architecture: str) -> None:
    tiny = tiny_of(architecture)

    @seldom
    @given(batches)
    def law(pairs: list[tuple[Ids, Ids]]) -> None:
        assert_separate(tiny, pairs)

    law()
    # The borders of the law, whatever hypothesis happens to draw.
    assert_separate(tiny, [((1, 2, 3), (1, 2, 3))])
    assert_separate(tiny, [((1, 2), (1, 2, 3)), ((4, 5, 6), (4,)), ((7,), (8,)), ((9,), (9,))])
    assert_separate(tiny, [((5,), (6,))])


def assert_separate(tiny: Tiny, pairs: Sequence[tuple[Ids, Ids]]) -> None:
    packed = tiny.instrument.pack([from_ids(*pair) for pair in pairs])
    rewards = tiny.instrument.forward.rewards(packed)
    captured = tiny.instrument.forward.capture(packed)
    alone = torch.tensor([[tiny.plain.reward(text) for text in pair] for pair in pairs])
    # The rewards are of size one; a residual stream of random weights is larger.
    fine = 1e-5 * float(captured.residual.abs().max().clamp(min=1))
    assert (rewards - alone).abs().max() < 1e-5
    assert (captured.rewards - alone).abs().max() < 1e-5
    for row, pair in enumerate(pairs):
        for branch, text in enumerate(pair):
            columns = [packed.column(row, branch, position) for position in range(len(text))]
            difference = captured.residual[row, columns] - tiny.plain.residual(text)
            assert difference.abs().max() < fine


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_neither_order_nor_company_changes_a_reward(tiny_of: MakeTiny, architecture: str) -> None:
    instrument = tiny_of(architecture).instrument
    pairs = [
        from_ids((1, 2, 3, 4), (1, 2, 9)),
        from_ids((7,), (7, 8, 9, 10, 11, 12, 13)),
        from_ids(tuple(range(20, 60)), tuple(range(20, 50))),
    ]

    def rewards(order: Sequence[int]) -> torch.Tensor:
        packed = instrument.pack([pairs[place] for place in order])
        return instrument.forward.rewards(packed)

    together = rewards((0, 1, 2))
    assert (rewards((2, 0, 1)) - together[[2, 0, 1]]).abs().max() < 1e-5
    for place in range(3):
        assert (rewards((place,))[0] - together[place]).abs().max() < 1e-5
    assert together.std() > 0.1  # rewards that are all alike would prove nothing
