"""The weight files of a PM's folder: which there are, and what they hold, before any is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import UserError
from engine.models.weights import read_json, read_pickle, safetensors_shapes

HF_CKPT = "hf_ckpt.pt"
_SINGLE = ("model.safetensors", "pytorch_model.bin")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder's weights."""

    folder: Path
    files: tuple[Path, ...]
    """In a fixed order; an index of shards comes before them."""
    shapes: dict[str, tuple[int, ...]]
    """Of every tensor, by its name in the files."""

    @property
    def is_hf_ckpt(self) -> bool:
        """Whether it has the layout of a reward model with `transformer.*` and `v_head`."""
        return self.files[0].name == HF_CKPT

    @property
    def head_name(self) -> str:
        """What the reward head's weight is called in these files."""
        return "v_head.weight" if self.is_hf_ckpt else "score.weight"


def find_checkpoint(folder: Path) -> Checkpoint:
    """The weights of a folder, in the order in which transformers looks for them.

    Raises:
        UserError: there are none, a shard is missing, or a file is damaged or unsafe to read.
    """
    for name in _SINGLE:
        for candidate in (folder / name, folder / f"{name}.index.json"):
            if candidate.exists():
                files = _files(candidate)
                return Checkpoint(folder, files, _shapes(files))
    if (folder / HF_CKPT).exists():
        return Checkpoint(folder, (folder / HF_CKPT,), _shapes((folder / HF_CKPT,)))
    raise UserError(
        "there are no weights in this folder",
        where=str(folder),
        todo=f"It needs model.safetensors (or its shards), pytorch_model.bin or {HF_CKPT}.",
    )


def check_head(checkpoint: Checkpoint) -> None:
    """The files hold a reward head with exactly one output.

    Raises:
        UserError: there is no head, or it has more than one label.
    """
    where = str(checkpoint.files[0])
    shape = checkpoint.shapes.get(checkpoint.head_name)
    if shape is None:
        raise UserError(
            f"there is no reward head in it (no tensor {checkpoint.head_name})",
            where=where,
            todo="A preference model is a sequence classifier with one label; this is none.",
        )
    if len(shape) != 2 or shape[0] != 1:
        raise UserError(
            f"its head has {shape[0]} labels, but a preference model has exactly one: its reward",
            where=where,
            todo="Choose a model that was trained with num_labels=1.",
        )


def hf_ckpt_state(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """The tensors of an `hf_ckpt.pt` by the names of a SequenceClassification model.

    Only `transformer.*` and the head are taken: some such files hold every weight twice, also
    under `model.*`, and old ones the causal masks as buffers.

    Raises:
        UserError: its head has a bias, which a SequenceClassification head has not.
    """
    path = checkpoint.files[0]
    tensors = read_pickle(path)
    if "v_head.bias" in tensors:
        raise UserError(
            "its head has a bias (v_head.bias), which is not supported", where=str(path)
        )
    state = {
        name: tensor
        for name, tensor in tensors.items()
        if name.startswith("transformer.") and not name.endswith(("attn.bias", "attn.masked_bias"))
    }
    state["score.weight"] = tensors["v_head.weight"]
    return state


def _files(path: Path) -> tuple[Path, ...]:
    if not path.name.endswith(".index.json"):
        return (path,)
    weight_map = read_json(path).get("weight_map")
    if not isinstance(weight_map, dict):
        raise UserError("it has no weight_map", where=str(path))
    shards = sorted({str(name) for name in weight_map.values()})
    outside = [name for name in shards if Path(name).name != name]
    if outside:
        raise UserError(f"it names a shard outside its folder: {outside[0]!r}", where=str(path))
    return (path, *(path.parent / name for name in shards))


def _shapes(files: tuple[Path, ...]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for path in files:
        if path.suffix == ".safetensors":
            shapes |= safetensors_shapes(path)
        elif path.suffix != ".json":
            shapes |= {name: tuple(tensor.shape) for name, tensor in read_pickle(path).items()}
    return shapes
