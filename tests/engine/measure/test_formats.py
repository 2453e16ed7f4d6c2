"""Exact effects hold for SAEs of every variant, also where one normalises each token's residual."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.measure.instrument import Instrument
from engine.models.sae.load import load_sae
from engine.models.sae.norm import NORMS
from tests.engine.measure.ablation import borne_of, compare
from tests.engine.measure.test_effects import DUNNO, PAIRS
from tests.engine.measure.tiny import Tiny
from tests.engine.models.sae.tiny import ARCHITECTURES, write_saelens
from tests.engine.models.tiny import D_MODEL


@pytest.mark.parametrize("norm", ["none", *NORMS])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_effects_are_those_of_a_plain_hook(
    tiny: Tiny, tmp_path: Path, architecture: str, norm: str
) -> None:
    hook = tiny.instrument.hook
    config = {"normalize_activations": norm, "metadata": {"hook_name": hook}}
    folder = write_saelens(tmp_path, architecture, config, width=D_MODEL)
    sae = load_sae(str(folder), device="cpu")
    instrument = Instrument(tiny.pm, sae, hook=hook, readout="last-text-token", positions="all")
    exact = 0
    for some in PAIRS[:2]:
        made = compare(tiny.plain, instrument, some, borne_of(some, DUNNO), DUNNO)
        if not made.flips:
            exact += 1
            assert made.difference < 1e-4 * max(1, made.largest), some.name
            assert made.largest > 0.01
    assert exact > 0
