"""Attributions by token: they add up to the attributions, on whole characters of the response."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.measure.base import attributions, gradient_of_margin
from engine.measure.tokens import token_effects, whole_characters
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import ARCHITECTURES, pair

SPLIT = pair(" I don’t know 🙂 it.", " I do know it, and well")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_they_add_up_to_the_pair_s_attributions(tiny_of: MakeTiny, architecture: str) -> None:
    instrument = tiny_of(architecture).instrument
    pairs = [SPLIT, pair(" no", " no, never"), pair(" same", " same")]
    view = instrument.view([instrument.prepare(some) for some in pairs])
    gradient = gradient_of_margin(instrument, view)
    for row, whole in enumerate(attributions(instrument, view)):
        made = token_effects(instrument, view, row, gradient)
        summed = np.bincount(made.feature, made.attribution, minlength=instrument.sae.d_sae)
        assert summed[whole.feature] == pytest.approx(whole.attribution, abs=1e-5)
        assert np.abs(summed).sum() == pytest.approx(np.abs(whole.attribution).sum(), abs=1e-4)
        assert made.total.sum() == pytest.approx(made.attribution.sum(), abs=1e-5)


def test_they_lie_on_whole_characters_of_the_response(tiny_of: MakeTiny) -> None:
    instrument = tiny_of("llama").instrument
    view = instrument.view([instrument.prepare(SPLIT)])
    made = token_effects(instrument, view, 0, gradient_of_margin(instrument, view))
    prepared = view.pairs[0]
    assert len(made.side) < sum(len(prepared.text_positions(s)) for s in ("chosen", "rejected"))
    for number, text in enumerate((SPLIT.chosen, SPLIT.rejected)):
        ours = made.side == number
        pieces = [text[a:b] for a, b in zip(made.start[ours], made.end[ours], strict=True)]
        assert "".join(pieces) == text
        assert "🙂" not in text or any("🙂" in piece for piece in pieces)


@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_however_bytes_are_cut_no_character_is(text: str) -> None:
    """Each byte a token of its own, as the worst of tokenizers would have it."""
    offsets = [
        (at, at + 1) for at, char in enumerate(text) for _ in char.encode("utf-8", "replace")
    ]
    joined, units = whole_characters(offsets)
    assert units == [(at, at + 1) for at in range(len(text))]
    assert [units[unit] for unit in joined] == offsets
