"""`--preset`: all that a user would type comes from one file, and what it claims is checked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.errors import UserError
from engine.live.protocol import Failed, Loaded, decode
from engine.live.worker import Worker
from engine.measure.alone import reward_alone
from engine.measure.known import KnownAnswer, check_known
from engine.models.pm import load_pm
from engine.presets import find_preset, read_preset
from engine.presets.find import OURS
from tests.docs.console import child_here
from tests.engine.live.talking import load
from tests.engine.measure.tiny import hook_of
from tests.engine.presets.hub import gated_tensors, repository, write_deep_pm
from tests.engine.tiny import TinyIndex
from tui.cli.main import main

PM = "reciprocate/dahoas-gptj-rm-static"


@pytest.fixture
def index(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Six pairs to score, and an offline stand-in for the hub with the original's tiny twins."""
    lines = [
        {"chosen": f"{asked} Yes. I don't know.", "rejected": f"{asked} See https://x.y/z."}
        for asked in (f"\n\nHuman: {row}?\n\nAssistant:" for row in range(6))
    ]
    source = tmp_path / "six.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    where = ["--cache", str(tmp_path / "cache")]
    assert main(["index", str(source), *where]) == 0
    write_deep_pm(repository(tmp_path / "hub", PM), "gptj", 13)
    torch.save(gated_tensors(32768), repository(tmp_path / "hub", "Elriggs/rm") / "ae_layer12.pt")
    capfd.readouterr()
    return where


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub is a folder, and what would be measured in a child is measured here."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("tui.cli.score.run_child", child_here)


def test_the_presets_are_listed_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--cache", str(tmp_path)]
    assert main(["presets", *where]) == 0
    listed = capsys.readouterr().out
    assert "original       the original PM" in listed
    assert main(["presets", "original", *where]) == 0
    shown = capsys.readouterr().out
    for part in (
        "24651  a URL's slash",
        "layer12 32048 24651",
        "-9.6464",
        "= 11.7 GB",
        "rm-static",
    ):
        assert part in shown
    assert main(["presets", "original", *where, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [sae["name"] for sae in document["saes"] if sae["measured"]] == ["layer12"]
    assert len(document["known"]) == 4


def test_all_from_one_word_with_pins_labels_and_a_known_reward(
    index: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The original's preset, but for its known rewards: they are the tiny twin's."""
    pm = load_pm(str(repository(tmp_path / "hub", PM)), dtype=torch.float32, device="cpu")
    text = "\n\nHuman: Who?\n\nAssistant: Me."
    reward = reward_alone(pm, pm.tokenizer.encode(text).ids)
    ours = (OURS / "original.toml").read_text().partition("[[known]]")[0]
    known = f"text = {json.dumps(text)}\nreward = {reward}\nreadout = 'last-text-token'"
    folder = tmp_path / "cache" / "presets"
    folder.mkdir()
    tolerance = "tolerance = { float32 = 0.001 }"
    (folder / "twin.toml").write_text(f"{ours}[[known]]\n{known}\n{tolerance}\n")

    options = ["--dtype", "float32", "--trained-rows", "0-2"]
    assert main(["score", "--preset", "twin", *options, *index, "--json"]) == 0
    seen = capfd.readouterr()
    (result,) = json.loads(seen.out)
    assert (result["pairs"], result["seen"]) == (6, 3)
    assert "5,844,398,080 parameters x 4 bytes (float32) = 23.4 GB" in seen.err
    assert "known rewards" in seen.err

    reader = open_reader(IndexPaths(tmp_path / "cache"))
    assert reader.run is not None
    manifest = reader.run.manifest
    assert (manifest.pm, manifest.sae_path) == (PM, "Elriggs/rm/ae_layer12.pt")
    assert (manifest.config.dtype, manifest.config.hook) == ("float32", "transformer.h.12")
    measured = {made.heuristic.name: made for made in reader.run.heuristics}
    assert measured["url"].features == (24651, 32048)
    assert measured["url"].pinned
    assert reader.feature(24651).label == "a URL's slash"
    reader.close()


def test_a_pm_that_is_not_the_presets_is_refused_with_both_numbers(
    tiny_index: TinyIndex, tmp_path: Path
) -> None:
    pm = load_pm(str(tiny_index.pm), dtype=torch.bfloat16, device="cpu")
    known = find_preset("original", tmp_path).known
    answers = [KnownAnswer(one.text, one.reward, one.tolerance["bfloat16"]) for one in known]
    with pytest.raises(UserError) as caught:
        check_known(pm, answers, "last-text-token", lambda _: None)
    assert "its reward of a known text is " in str(caught.value)
    assert "not -5.7340 (give or take 0.24)" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "no PM is named"),
        (["--pm", "x"], "no SAE is named"),
        (["--preset", "nowhere"], 'there is no preset "nowhere"'),
    ],
)
def test_what_is_missing_is_named(
    index: list[str], capfd: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert main(["score", *options, *index]) == 2
    seen = capfd.readouterr()
    assert said in seen.err
    assert "Traceback" not in seen.err


def test_a_worker_finds_the_runs_models_by_its_own_preset(
    tiny_index: TinyIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The models are elsewhere on its machine: the preset's file stands beside them."""
    shutil.copytree(tiny_index.pm, tmp_path / "pm")
    shutil.copytree(tiny_index.sae, tmp_path / "sae")
    mine = tmp_path / "mine.toml"
    mine.write_text(
        f"""
        about = "the same models, here"
        pm = "pm"
        parameters = 100
        readout = "last-text-token"
        dtype = "float32"
        sae = [{{ name = "one", path = "sae", hook = "{hook_of("gptj")}" }}]
        """
    )
    asked = load(tiny_index, pm="elsewhere/pm", sae="elsewhere/sae")
    answer = decode(Worker(set(), read_preset(mine)).answer(asked))
    assert answer == Loaded(asked.id, tiny_index.run)

    refused = decode(Worker(set(), find_preset("original", tmp_path)).answer(asked))
    assert isinstance(refused, Failed)
    assert refused.what == "the preset original has no SAE at transformer.h.1"
    command = ["rescore", "8", *tiny_index.options, "--worker", "x", "--preset", "original"]
    assert main(command) == 2
    assert "--preset NAME" in capsys.readouterr().err
