"""Activations and reconstructions are those of dictionary-learning and sae-lens, to 1e-5."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch

from engine.models.pm import load_pm
from engine.models.sae.load import check_fits, load_sae
from engine.models.sae.sae import Sae
from engine.models.tokens import tokenise
from tests.engine.models.sae.references import Reference, dictionary_learning, sae_lens
from tests.engine.models.sae.tiny import D_IN, write_gated, write_saelens, write_standard

# One worker imports sae-lens once, not every worker.
pytestmark = pytest.mark.xdist_group("sae-lens")


def check_equal(ours: Sae, reference: Reference, x: torch.Tensor) -> None:
    with torch.no_grad():
        f, expected = ours.encode(x), reference.encode(x)
        assert (f - expected).abs().max() < 1e-5
        assert (f > 0).float().mean() * x.shape[-1] > 0.01  # something fires
        assert (ours.decode(f) - reference.decode(expected)).abs().max() < 1e-4


def inputs() -> torch.Tensor:
    return torch.randn(4, 16, D_IN, generator=torch.Generator().manual_seed(7))


def test_gated_of_dictionary_learning(tmp_path: Path) -> None:
    path = write_gated(tmp_path)
    check_equal(
        load_sae(str(tmp_path), device="cpu"),
        dictionary_learning("GatedAutoEncoder", path),
        inputs(),
    )


def test_standard_of_dictionary_learning(tmp_path: Path) -> None:
    path = write_standard(tmp_path)
    check_equal(
        load_sae(str(tmp_path), device="cpu"), dictionary_learning("AutoEncoder", path), inputs()
    )


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("architecture", ["standard", "topk"])
def test_saelens(tmp_path: Path, architecture: str, centred: bool) -> None:
    folder = write_saelens(tmp_path, architecture, {"apply_b_dec_to_input": centred})
    check_equal(load_sae(str(folder), device="cpu"), sae_lens(folder), inputs())


def test_saelens_topk_rescaled_by_decoder_norms(tmp_path: Path) -> None:
    folder = write_saelens(tmp_path, "topk", {"rescale_acts_by_decoder_norm": True})
    sae = load_sae(str(folder), device="cpu")
    reference = sae_lens(folder)
    x = inputs()
    f = sae.encode(x)
    # These activations reach 100: the tolerance is relative here.
    torch.testing.assert_close(f, reference.encode(x), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(sae.decode(f), reference.decode(f), rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(sae.decoder_norms, torch.ones(sae.d_sae))


def test_the_real_saes_on_random_and_on_real_residuals(
    real_pm: Path, real_pairs: Path, real_gated_sae: Path, real_topk_sae: Path
) -> None:
    pm = load_pm(str(real_pm), dtype=torch.float32, device="cpu")
    with gzip.open(real_pairs, "rt", encoding="utf-8") as lines:
        texts = [json.loads(next(lines))["chosen"] for _ in range(8)]
    residuals: list[torch.Tensor] = []
    hook = pm.blocks[4].register_forward_hook(lambda _module, _args, out: residuals.append(out[0]))
    for text in texts:
        ids = tokenise(pm.tokenizer, pm.end_of_text, text, "last-text-token").ids
        pm.backbone(input_ids=torch.tensor([ids]), use_cache=False)
    hook.remove()
    real = torch.cat([residual[1:] for residual in residuals])  # trained without first tokens
    noise = torch.randn(64, pm.d_model, generator=torch.Generator().manual_seed(7))
    random = real.mean(dim=0) + noise * real.std(dim=0)

    gated = load_sae(str(real_gated_sae), device="cpu")
    topk = load_sae(str(real_topk_sae), device="cpu")
    for sae, reference, l0 in (
        (gated, dictionary_learning("GatedAutoEncoder", real_gated_sae / "ae.pt"), 51),
        (topk, sae_lens(real_topk_sae), 32),
    ):
        check_fits(sae, pm, "model.layers.4")
        check_equal(sae, reference, real)
        check_equal(sae, reference, random)
        f = sae.encode(real)
        assert float((f > 0).sum(dim=-1).float().mean()) == pytest.approx(l0, rel=0.25)
        x_hat, mean = sae.decode(f), real.mean(dim=0)
        fvu = float((real - x_hat).square().sum() / (real - mean).square().sum())
        assert 0.03 < fvu < 0.12  # 0.066 and 0.067 on the tokens it was held out from
