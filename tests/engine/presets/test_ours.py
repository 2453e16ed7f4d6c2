"""The presets that ship: each reads, and its tiny twin is found, loaded and read as it says."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch

from engine.measure.loading import make_instrument
from engine.models.pm import load_pm
from engine.models.tokens import tokenise
from engine.presets import find_preset, memory_lines, preset_names
from tests.engine.models.chat_templates import BOS_AND_TRIM, write_chat_tokenizer
from tests.engine.models.reward_models import write_model_for_score
from tests.engine.presets.hub import repository, write_deep_pm, write_saelens_gated

TALK = "\n\nHuman: hi\n\nAssistant: A\n\nHuman: more\n\nAssistant: B"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def test_ours_read_and_name_what_they_measure(tmp_path: Path) -> None:
    names = preset_names(tmp_path)
    assert list(names) == ["beaver", "original", "skywork-llama", "skywork-qwen"]
    for name in names:
        preset = find_preset(name, tmp_path)
        assert preset.measure == ("layer12",)
        heuristics = [heuristic.name for heuristic in preset.heuristics]
        assert heuristics == ["url", "dont-know", "thanks", "youre-right"]


def test_the_original_knows_its_features_and_its_size(tmp_path: Path) -> None:
    preset = find_preset("original", tmp_path)
    sae = preset.sae("layer12")
    assert sae is not None
    assert sae.labels[24651] == "a URL's slash"
    assert {h.name: h.features for h in preset.pinned(sae)}["url"] == (32048, 24651)
    assert [layer.hook for layer in preset.saes] == [
        f"transformer.h.{block}" for block in (2, 8, 12, 14, 16, 20)
    ]
    assert memory_lines(preset, "bfloat16", [sae]) == [
        "reciprocate/dahoas-gptj-rm-static: 5,844,398,080 parameters x 2 bytes (bfloat16)"
        " = 11.7 GB",
        "SAE layer12: 2 x 4,096 x 32,768 x 4 bytes (float32) = 1.1 GB",
        "in memory at once: 12.8 GB, and a batch's activations",
    ]
    # A wrong readout must not pass for the right one, in any precision.
    rewards = sorted(known.reward for known in preset.known)
    nearest = min(right - left for left, right in pairwise(rewards))
    assert all(2 * max(known.tolerance.values()) < nearest for known in preset.known)


def test_skywork_is_scored_through_its_own_template(hub: Path, tmp_path: Path) -> None:
    preset = find_preset("skywork-llama", tmp_path)
    sae = preset.sae("layer12")
    assert sae is not None
    pm_folder = repository(hub, preset.pm)
    write_deep_pm(pm_folder, "llama", 14)
    write_chat_tokenizer(pm_folder, BOS_AND_TRIM)
    inner = sae.path.removeprefix("Shunchang/sae-rm-checkpoints/")
    write_saelens_gated(repository(hub, "Shunchang/sae-rm-checkpoints") / inner, sae.hook)
    pm = load_pm(preset.pm, dtype=torch.float32, device="cpu")
    instrument = make_instrument(
        pm, sae.path, hook=sae.hook, readout="chat-template", positions="all", device="cpu"
    )
    assert (pm.name, instrument.hook, instrument.sae.name) == (preset.pm, sae.hook, inner)


def test_beaver_has_no_template_and_is_given_one(hub: Path, tmp_path: Path) -> None:
    preset = find_preset("beaver", tmp_path)
    write_model_for_score(repository(hub, preset.pm), {"do_normalize": False})
    plain = load_pm(preset.pm, dtype=torch.float32, device="cpu")
    assert plain.chat is None
    pm = load_pm(preset.pm, dtype=torch.float32, device="cpu", chat_template=preset.chat_template)
    assert pm.chat is not None
    assert pm.tokenizer_hash != plain.tokenizer_hash, "it is another way of measuring"
    text = pm.chat.render(TALK).text
    end = "<|endoftext|>"
    assert text == (
        f"BEGINNING OF CONVERSATION: USER: hi ASSISTANT:A{end}USER: more ASSISTANT:B{end}"
    )
    tokens = tokenise(pm.tokenizer, pm.end_of_text, TALK, "chat-template", pm.chat)
    assert tokens.ids[-1] == pm.end_of_text
