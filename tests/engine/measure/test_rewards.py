"""Rewards are those of plain transformers, whatever they are packed and batched with."""

from __future__ import annotations

import pytest
import torch

from engine.hh import Pair
from engine.measure.alone import margin_alone
from engine.measure.batches import batches
from engine.measure.instrument import Instrument
from engine.models.tokens import READOUTS, Readout
from tests.engine.measure.conftest import MakeTiny, Record
from tests.engine.measure.plain import PlainModel
from tests.engine.measure.real import HOOK, Real
from tests.engine.measure.tiny import ARCHITECTURES, Tiny, from_ids, pair

TEXTS = (
    (" I don’t know it.", " I do know it, and well"),
    (" no", " no, never"),
    (" same", " same"),
    ("", " something"),
    (" x", " y\n\nHuman: And?\n\nAssistant: I don't know."),
)


def measured(instrument: Instrument, pairs: tuple[Pair, ...]) -> torch.Tensor:
    """[pairs, 2], through preparing, sorting into batches and packing."""
    rewards = {}
    for batch in batches([instrument.prepare(some) for some in pairs], resumed=False, budget=400):
        for prepared, row in zip(
            batch, instrument.forward.rewards(instrument.pack(batch)), strict=True
        ):
            rewards[prepared.pair.id] = row
    return torch.stack([rewards[some.id] for some in pairs])


def plain_rewards(
    plain: PlainModel, instrument: Instrument, pairs: tuple[Pair, ...], readout: Readout
) -> torch.Tensor:
    end = [instrument.pm.end_of_text] if readout == "appended-end-of-text" else []
    encode = instrument.pm.tokenizer.encode
    return torch.tensor(
        [[plain.reward(encode(text).ids + end) for text in some.transcripts] for some in pairs]
    )


@pytest.mark.parametrize("readout", READOUTS[:2])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_of_a_tiny_pm(tiny_of: MakeTiny, architecture: str, readout: Readout) -> None:
    tiny = tiny_of(architecture)
    pairs = tuple(pair(*sides, row=row) for row, sides in enumerate(TEXTS))
    instrument = tiny.read_by(readout)
    rewards = measured(instrument, pairs)
    expected = plain_rewards(tiny.plain, instrument, pairs, readout)
    assert (rewards - expected).abs().max() < 1e-5
    assert expected.std() > 0.1


@pytest.mark.parametrize("readout", READOUTS[:2])
@pytest.mark.parametrize("real", ["gated"], indirect=True)
def test_of_the_real_pm(
    real: Real, hh: tuple[Pair, ...], readout: Readout, record_property: Record
) -> None:
    pm, sae = real.instrument.pm, real.instrument.sae
    instrument = Instrument(pm, sae, hook=HOOK, readout=readout, positions="all")
    # Row 86 has a blank response, 1254 parts before its last marker, 2130 begins alike.
    pairs = tuple(hh[row] for row in (0, 3, 86, 516, 1254, 2130))
    rewards = measured(instrument, pairs)
    expected = plain_rewards(real.plain, instrument, pairs, readout)
    difference = (rewards - expected).abs().max()
    record_property("largest difference", float(difference))
    assert difference < 1e-4
    mixed = measured(instrument, pairs[::-1][:3])
    assert (mixed - rewards.flip(0)[:3]).abs().max() < 1e-5


def test_a_margin_alone_is_the_plain_one(tiny: Tiny) -> None:
    """What the noise floor compares with is itself no packed figure."""
    for sides in TEXTS:
        prepared = tiny.instrument.prepare(pair(*sides))
        expected = tiny.plain.margin([prepared.chosen.ids, prepared.rejected.ids])
        assert margin_alone(tiny.instrument, prepared) == pytest.approx(expected, abs=1e-5)


def test_alone_a_pair_runs_what_its_texts_begin_with_once(tiny: Tiny) -> None:
    prepared = tiny.instrument.prepare(pair(" I don’t know it.", " I do know it, and well"))
    run = list[int]()
    block = tiny.pm.blocks[0]
    handle = block.register_forward_hook(
        lambda _block, inputs, _out: run.append(inputs[0].shape[1])
    )
    margin_alone(tiny.instrument, prepared)
    handle.remove()
    assert sum(run) == prepared.bundle().tokens


@pytest.mark.parametrize("resumed", [False, True])
def test_batches_hold_every_pair_once_within_their_budget(resumed: bool) -> None:
    sizes = (9, 3, 50, 4, 5, 8)
    pairs = [from_ids((1,) * size, (1,) * size + (2,), row=size) for size in sizes]
    made = list(batches(pairs, resumed=resumed, budget=20))
    assert sorted(one.pair.id for batch in made for one in batch) == sorted(sizes)
    for batch in made:
        columns = max(one.bundle().tokens for one in batch) * len(batch)
        assert columns <= 20 or len(batch) == 1
    assert len(made) < len(pairs)
    # The order in which pairs come decides nothing.
    again = list(batches(pairs[::-1], resumed=resumed, budget=20))
    assert [[one.pair.id for one in batch] for batch in again] == [
        [one.pair.id for one in batch] for batch in made
    ]
