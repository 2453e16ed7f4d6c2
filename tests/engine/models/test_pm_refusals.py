"""A PM that cannot be used is refused by name, with what to do; nothing in it is ever run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import load_file, save_file

from engine.errors import UserError
from engine.models.pm import load_pm
from tests.engine.models.tiny import write_hf_ckpt, write_pm


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pm")
    write_pm(folder)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A sound PM of one's own, to be broken."""
    return Path(shutil.copytree(written, tmp_path / "pm"))


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_pm(str(folder), dtype=torch.float32, device="cpu")
    assert caught.value.where is not None
    assert len(str(caught.value).splitlines()) <= 2
    return str(caught.value)


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})


def test_more_than_one_label(tmp_path: Path) -> None:
    write_pm(tmp_path, labels=3)
    said = refusal(tmp_path)
    assert "3 labels" in said
    assert "model.safetensors" in said
    assert "num_labels=1" in said


def test_a_language_model_without_a_head(folder: Path) -> None:
    change_weights(folder, lambda tensors: tensors.__delitem__("score.weight"))
    assert "no reward head" in refusal(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    said = refusal(folder)
    assert name in said
    assert "missing" in said


def test_missing_weights_are_named(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert "model.safetensors" in refusal(folder)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    model = write_pm(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    model.save_pretrained(tmp_path, max_shard_size="50kB")
    shard = sorted(tmp_path.glob("model-*.safetensors"))[0]
    shard.unlink()
    assert shard.name in refusal(tmp_path)


@pytest.mark.parametrize("keep", [0, 5, 1000, 20_000])
def test_a_truncated_safetensors_file(folder: Path, keep: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    assert "model.safetensors: it is no sound safetensors file" in refusal(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00\xff", '"llama"'])
def test_a_config_that_is_no_json_object(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    assert "config.json: it" in refusal(folder)


def test_a_config_of_an_unknown_model(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "no-such-model"}))
    assert "transformers cannot load it" in refusal(folder)


def test_a_config_of_another_size(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["hidden_size"] = 64
    (folder / "config.json").write_text(json.dumps(config))
    assert "its head reads vectors of width 32, its blocks write 64" in refusal(folder)
    config |= {"hidden_size": 32, "intermediate_size": 48}
    (folder / "config.json").write_text(json.dumps(config))
    assert "transformers cannot load it" in refusal(folder)


def test_code_that_comes_with_a_model_is_not_run(folder: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "mine.MyConfig"}}
    (folder / "config.json").write_text(json.dumps(config))
    trace = tmp_path / "ran"
    (folder / "mine.py").write_text(f"open({str(trace)!r}, 'w')")
    assert "transformers cannot load it" in refusal(folder)
    assert not trace.exists()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["model.layers.1.mlp.up_proj.weight", "score.weight"])
def test_nan_and_infinity_are_named(folder: Path, name: str, bad: float) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        tensors[name][0, 0] = bad

    change_weights(folder, spoil)
    assert f"the tensor {name} holds NaN or infinity" in refusal(folder)


def test_weights_too_large_for_the_dtype(folder: Path) -> None:
    def enlarge(tensors: dict[str, torch.Tensor]) -> None:
        tensors["score.weight"][0, 0] = 1e6

    change_weights(folder, enlarge)
    with pytest.raises(UserError, match=r"score\.weight.*as float16"):
        load_pm(str(folder), dtype=torch.float16, device="cpu")


def test_a_checkpoint_that_lacks_a_tensor_is_not_filled_with_random_numbers(folder: Path) -> None:
    name = "model.layers.1.mlp.up_proj.weight"
    change_weights(folder, lambda tensors: tensors.__delitem__(name))
    assert name in refusal(folder)


@pytest.mark.parametrize(
    "name", ["self_attn.q_proj.lora_A.weight", "mlp.up_proj.weight_scale", "self_attn.q_proj.bias"]
)
def test_a_tensor_that_the_model_has_no_place_for_is_not_left_out(folder: Path, name: str) -> None:
    """An adapter, a scale of quantised weights, a bias that the config knows nothing of."""
    whole = f"model.layers.1.{name}"
    change_weights(folder, lambda tensors: tensors.update({whole: torch.ones(4)}))
    assert f"1 of its tensors have no place in the blocks of the model, {whole} first" in refusal(
        folder
    )


def test_constants_that_old_checkpoints_hold_are_left_out(folder: Path) -> None:
    name = "model.layers.1.self_attn.rotary_emb.inv_freq"
    change_weights(folder, lambda tensors: tensors.update({name: torch.ones(4)}))
    load_pm(str(folder), dtype=torch.float32, device="cpu")


class Bomb:
    """Unpickled with code allowed, it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return (Path.touch, (self.trace,))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "hf_ckpt.pt"])
def test_a_pickle_with_code_is_refused_unread(folder: Path, name: str) -> None:
    (folder / "model.safetensors").unlink()
    trace = folder / "ran"
    torch.save({"score.weight": torch.ones(1, 32), "x": Bomb(trace)}, folder / name)
    said = refusal(folder)
    assert not trace.exists()
    assert name in said
    assert "nothing of it was run" in said


@pytest.mark.parametrize(
    "content", [b"", b"\x80\x02", b"\x80\x020.", b"PK\x03\x04rest", b"not a pickle"]
)
def test_a_damaged_pickle(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(content)
    assert "pytorch_model.bin: it" in refusal(folder)


def test_a_pickle_of_something_else_than_tensors(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save([torch.ones(2)], folder / "pytorch_model.bin")
    assert "holds no tensors by name, but a list" in refusal(folder)
    torch.save({"step\x1b[2J": 3}, folder / "pytorch_model.bin")
    said = refusal(folder)
    assert "is no tensor" in said
    assert "\x1b" not in said


def test_an_hf_ckpt_without_its_head(tmp_path: Path) -> None:
    write_hf_ckpt(tmp_path)
    state = torch.load(tmp_path / "hf_ckpt.pt", weights_only=True)
    del state["v_head.weight"]
    torch.save(state, tmp_path / "hf_ckpt.pt")
    assert "there is no reward head in it" in refusal(tmp_path)


def test_a_damaged_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")
    assert "tokenizer.json: it is no tokenizer" in refusal(folder)


def test_a_tokenizer_of_another_model(folder: Path) -> None:
    def shrink(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.embed_tokens.weight"] = tensors["model.embed_tokens.weight"][:100].clone()

    change_weights(folder, shrink)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 100}))
    said = refusal(folder)
    assert "the tokenizer has 3" in said
    assert "the model knows 100" in said


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert "there is no such folder" in refusal(tmp_path / "absent")
    assert "there is no such folder" in refusal(tmp_path / ("too-long" * 40))
    (tmp_path / "file").write_text("")
    assert "it is a file" in refusal(tmp_path / "file")


def test_a_hub_model_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(repository: str, *, allow_patterns: list[str]) -> str:
        assert "*.safetensors" in allow_patterns
        assert not any(pattern.endswith(".py") for pattern in allow_patterns)
        raise LocalEntryNotFoundError(f"cannot reach the host of {repository}\nand more lines")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(UserError) as caught:
        load_pm("some-org/some-model", dtype=torch.float32, device="cpu")
    said = str(caught.value)
    assert said.startswith("some-org/some-model: ")
    assert "cannot be reached" in said
    assert "\n" not in said


def test_a_hub_model_is_read_from_where_it_was_fetched(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched(repository: str, *, allow_patterns: list[str]) -> str:
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetched)
    pm = load_pm("some-org/some-model", dtype=torch.float32, device="cpu")
    assert pm.name == "some-org/some-model"


def test_a_device_that_is_not_here_is_refused_before_a_weight_is_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="this machine has no such device") as caught:
        load_pm(str(tmp_path / "nothing"), dtype=None, device="cuda:99")
    assert caught.value.where == "cuda:99"
