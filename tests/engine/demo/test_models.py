"""The demo's PM and SAE: plain files that plain libraries load, and that do what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GPTJForSequenceClassification,
)

from engine.demo import HOOK, PAIRS, PM, SAE, UNSEEN_ROWS
from engine.demo.compose import more, shipped, unseen_rows
from engine.demo.gated import GatedSAE, SparseRecipe, faithfulness, residuals, train_sae
from engine.demo.preference import Recipe, Shape, new_pm, rewards, score, train_pm
from engine.demo.tokens import END_OF_TEXT, learn_tokenizer, save_tokenizer
from engine.demo.train import save_sae, texts_of

SMALL = Shape(width=16, blocks=2, heads=2, rotary=4, positions=512)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(PM / "tokenizer.json"))


@pytest.fixture(scope="module")
def pm() -> GPTJForSequenceClassification:
    return GPTJForSequenceClassification.from_pretrained(PM, dtype=torch.float32)


@pytest.fixture(scope="module")
def sae() -> GatedSAE:
    state = torch.load(SAE / "ae.pt", weights_only=True)
    features, width = state["encoder.weight"].shape
    loaded = GatedSAE(width, features)
    loaded.load_state_dict(state)
    return loaded


def test_pm_and_sae_fit_in_eight_megabytes() -> None:
    files = [path for folder in (PM, SAE) for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 8_000_000


def test_the_pm_has_the_originals_architecture_and_one_label() -> None:
    config = json.loads((PM / "config.json").read_text())
    assert config["architectures"] == ["GPTJForSequenceClassification"]
    loaded = AutoModelForSequenceClassification.from_pretrained(PM)
    assert loaded.config.num_labels == 1
    assert loaded.score.out_features == 1
    assert loaded.score.bias is None


def test_the_tokenizer_loads_by_itself_and_adds_nothing(tokenizer: Tokenizer) -> None:
    plain = AutoTokenizer.from_pretrained(PM)
    text = json.loads(PAIRS.read_text(encoding="utf-8").splitlines()[0])["chosen"]
    assert plain(text)["input_ids"] == tokenizer.encode(text).ids
    assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert plain.bos_token == plain.eos_token == plain.pad_token == END_OF_TEXT
    assert plain.pad_token_id == 0


def test_the_pm_tells_pairs_apart_that_it_never_saw(
    pm: GPTJForSequenceClassification, tokenizer: Tokenizer
) -> None:
    """Better than chance by far, and not perfectly: margins of both signs are there to browse."""
    assert unseen_rows() == UNSEEN_ROWS
    pairs = texts_of(shipped()[:UNSEEN_ROWS:3])
    chosen = torch.tensor(score(pm, tokenizer, [pair[0] for pair in pairs]))
    rejected = torch.tensor(score(pm, tokenizer, [pair[1] for pair in pairs]))
    accuracy = (chosen > rejected).float().mean().item()
    assert 0.65 < accuracy < 0.95


def test_rewards_are_those_of_plain_transformers(
    pm: GPTJForSequenceClassification, tokenizer: Tokenizer
) -> None:
    text = json.loads(PAIRS.read_text(encoding="utf-8").splitlines()[0])["chosen"]
    with torch.no_grad():
        plain = pm(input_ids=torch.tensor([tokenizer.encode(text).ids])).logits[0, 0]
    padded = score(pm, tokenizer, [text, text + " And a longer text beside it in the batch."])[0]
    assert padded == pytest.approx(plain.item(), abs=1e-5)


def test_the_sae_is_in_dictionary_learnings_layout(sae: GatedSAE) -> None:
    config = json.loads((SAE / "config.json").read_text())
    trainer = config["trainer"]
    assert trainer["dict_class"] == "GatedAutoEncoder"
    assert trainer["submodule_name"] == HOOK
    assert (config["buffer"]["io"], config["buffer"]["d_submodule"]) == (
        "out",
        trainer["activation_dim"],
    )
    width, features = trainer["activation_dim"], trainer["dict_size"]
    assert {name: tuple(value.shape) for name, value in sae.state_dict().items()} == {
        "decoder_bias": (width,),
        "r_mag": (features,),
        "gate_bias": (features,),
        "mag_bias": (features,),
        "encoder.weight": (features, width),
        "decoder.weight": (width, features),
    }
    norms = sae.decoder.weight.norm(dim=0)
    assert torch.allclose(norms, torch.ones(features), atol=1e-5)


def test_the_sae_rebuilds_the_residuals_of_texts_it_never_saw(
    pm: GPTJForSequenceClassification, tokenizer: Tokenizer, sae: GatedSAE
) -> None:
    texts = [text for pair in texts_of(shipped()[:30]) for text in pair]
    fvu, l0 = faithfulness(sae, residuals(pm, tokenizer, texts, int(HOOK[-1])))
    assert fvu < 0.15
    assert 5 < l0 < 60


def test_training_lowers_the_loss_and_repeats_itself(tmp_path: Path) -> None:
    pairs = texts_of(more(64, seed=5))
    small = learn_tokenizer([text for pair in pairs for text in pair], 400)
    save_tokenizer(small, tmp_path)
    assert AutoTokenizer.from_pretrained(tmp_path).vocab_size == small.get_vocab_size()

    def run() -> list[float]:
        model = new_pm(small.get_vocab_size(), SMALL, dropout=0.0, seed=1)
        return train_pm(model, small, pairs, Recipe(epochs=2, batch=32, learning_rate=1e-2))

    losses = run()
    assert len(losses) == 4
    assert losses[-1] < losses[0]
    assert run() == losses


def test_a_reward_is_read_at_the_last_text_token_whatever_stands_beside_it() -> None:
    pairs = texts_of(more(8, seed=6))
    small = learn_tokenizer([text for pair in pairs for text in pair], 400)
    model = new_pm(small.get_vocab_size(), SMALL, dropout=0.0, seed=1).train(False)
    together = rewards(model, small, [pair[0] for pair in pairs])
    alone = torch.cat([rewards(model, small, [pair[0]]) for pair in pairs])
    assert torch.allclose(together, alone, atol=1e-5)


def test_a_sae_learns_sparse_directions_in_the_inputs_own_units(tmp_path: Path) -> None:
    torch.manual_seed(0)
    directions = torch.nn.functional.normalize(torch.randn(8, 24), dim=1)
    x = (torch.rand(4000, 8) * (torch.rand(4000, 8) < 0.2)) @ directions * 7
    sae = train_sae(x, SparseRecipe(features=16, steps=200, batch=256, sparsity=0.05))
    fvu, l0 = faithfulness(sae, x)
    assert fvu < 0.3
    assert l0 < 16
    save_sae(sae, tmp_path, block=2)
    state = torch.load(tmp_path / "ae.pt", weights_only=True)
    assert state["decoder.weight"].shape == (24, 16)
