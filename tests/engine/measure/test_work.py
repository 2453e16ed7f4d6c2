"""What is multiplied and what is not: figures alone would not tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from engine.measure.base import attributions, gradient_of_margin
from engine.measure.instrument import Instrument
from engine.models.packed_linear import PackedLinear, has_onednn
from engine.models.pm import load_pm
from engine.models.sae.gated import GatedSae
from tests.counting import products
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import Tiny, pair

PAIRS = [pair(" I don’t know it, sorry.", " I do know it"), pair(" no", " no, never", row=1)]


def gated(tiny: Tiny, less: float) -> tuple[Instrument, GatedSae]:
    """The tiny PM with its SAE, whose features fire the less the higher the gate."""
    sae = tiny.instrument.sae
    assert isinstance(sae, GatedSae)
    sae = replace(sae, gate_bias=sae.gate_bias - less)
    hook = tiny.instrument.hook
    return Instrument(tiny.pm, sae, hook=hook, readout="last-text-token", positions="all"), sae


# Where more than one in sixteen fires, the whole product is as fast, and is taken.
@pytest.mark.parametrize(("less", "few"), [(8.0, True), (-3.0, False)])
def test_only_active_features_are_decoded_and_attributed(
    tiny: Tiny, less: float, few: bool
) -> None:
    reads, sae = gated(tiny, less)
    prepared = [reads.prepare(one) for one in PAIRS]
    packed = reads.pack(prepared)
    view = reads.view(prepared)
    assert view.activations.count_nonzero() > 0
    whole = 2 * packed.real.numel() * sae.d_sae * sae.d_in
    encoded = products(lambda: sae.encode(view.residual))
    assert encoded == whole  # there every feature counts
    decoded = products(lambda: reads.view(prepared)) - products(
        lambda: reads.forward.capture(packed)
    )
    assert decoded == (encoded if few else encoded + whole)
    gradient = gradient_of_margin(reads, view)
    attributed = products(lambda: attributions(reads, view, gradient))
    responses = sum(len(side) for row in range(2) for side in view.response_columns(row))
    assert attributed == (0 if few else 2 * responses * sae.d_sae * sae.d_in)


@pytest.mark.skipif(not has_onednn(), reason="this torch was built without oneDNN")
@pytest.mark.parametrize("architecture", ["gptj", "llama"])
def test_gradients_flow_through_packed_layers_and_no_further_than_the_hook(
    tiny_of: MakeTiny, architecture: str
) -> None:
    tiny = tiny_of(architecture)
    hook, sae = tiny.instrument.hook, tiny.instrument.sae
    # A PM of its own: gradients of other tests flowed through the shared one.
    pm = load_pm(str(tiny.folder / "pm"), dtype=torch.float32, device="cpu")
    reads = Instrument(pm, sae, hook=hook, readout="last-text-token", positions="all")
    view = reads.view([reads.prepare(one) for one in PAIRS])
    gradient_of_margin(reads, view)
    above = reads.forward.block + 1
    below = pm.blocks[:above]
    packed = [module for module in pm.blocks[above:].modules() if isinstance(module, PackedLinear)]
    assert packed
    # A weight is turned round for its gradient once, and only where one flows.
    assert all("packed_back" in vars(module) for module in packed)
    assert not any("packed_back" in vars(module) for module in below.modules())
    # The head is a plain layer, there and back; no other weight is multiplied as one.
    head = 2 * view.packed.readouts.numel() * pm.d_model
    assert products(lambda: gradient_of_margin(reads, view)) == 2 * head
