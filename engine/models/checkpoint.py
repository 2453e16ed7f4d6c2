"""The weight files of a PM's folder: which there are, and what they hold, before any is loaded."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import UserError
from engine.files import is_plain_name
from engine.models.weights import (
    read_json,
    read_pickle,
    read_safetensor,
    safetensors_shapes,
)

HF_CKPT = "hf_ckpt.pt"
_NAMED = ("model.safetensors", "pytorch_model.bin")
_CONSTANTS = ("attn.bias", "attention.bias", "masked_bias", "inv_freq")
"""Causal masks, what they hide with, and the wave lengths of rotary positions."""
_HEADS = ("score", "v_head", "out_proj", "score_head")
"""transformers', the one beside a `transformer.*`, OpenAssistant's, safe-rlhf's."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder's weights."""

    folder: Path
    files: tuple[Path, ...]
    """In a fixed order; an index of shards comes before them."""
    places: dict[str, Path]
    """The file that each tensor is in, by its name there."""
    shapes: dict[str, tuple[int, ...]]

    @property
    def by_name(self) -> bool:
        """Whether transformers finds these files by their names."""
        return self.files[0].name.removesuffix(".index.json") in _NAMED

    @property
    def head(self) -> str | None:
        """What the reward head is called; None where there is none."""
        return next((name for name in _HEADS if f"{name}.weight" in self.shapes), None)

    @property
    def stored(self) -> str:
        """What most of its numbers are stored as, by torch's name: the dtype of its largest weight.

        Raises:
            UserError: it holds none, or its file changed meanwhile.
        """
        # Old files hold causal masks too, which are no weights.
        weights = (name for name in self.shapes if name.endswith(".weight"))
        largest = max(weights, key=lambda name: math.prod(self.shapes[name]), default="")
        return str(self.tensor(largest).dtype).removeprefix("torch.")

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor, on the CPU.

        Raises:
            UserError: it is in no file, or its file changed meanwhile.
        """
        path = self.places.get(name)
        found = None
        if path is not None:
            is_pickle = path.suffix != ".safetensors"
            found = read_pickle(path).get(name) if is_pickle else read_safetensor(path, name)
        if found is None:
            raise UserError(f"there is no tensor {name} in it", where=str(path or self.folder))
        return found


def find_checkpoint(folder: Path) -> Checkpoint:
    """The weights of a folder, in the order in which transformers looks for them.

    After those, `hf_ckpt.pt`, and any other `.pt` or `.bin` file that is there alone.

    Raises:
        UserError: there are none, a shard is missing, or a file is damaged or unsafe to read.
    """
    for name in _NAMED:
        for candidate in (folder / name, folder / f"{name}.index.json"):
            if candidate.exists():
                return _checkpoint(folder, _files(candidate))
    if (folder / HF_CKPT).exists():
        return _checkpoint(folder, (folder / HF_CKPT,))
    other = [path for path in sorted(folder.iterdir()) if path.suffix in (".pt", ".bin")]
    other = [path for path in other if path.name != "training_args.bin"]
    if len(other) == 1:
        return _checkpoint(folder, (other[0],))
    among = f" among {', '.join(path.name for path in other[:4])}" if other else ""
    raise UserError(
        f"there are no weights in this folder{among}",
        where=str(folder),
        todo=f"It needs model.safetensors, pytorch_model.bin (or their shards) or {HF_CKPT}.",
    )


def state_of(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """The tensors of a pickle by the names of a SequenceClassification model, its head left out.

    Beside a `v_head` only `transformer.*` is taken: some such files hold every weight twice, also
    under `model.*`, and old ones the causal masks as buffers.

    Raises:
        UserError: the file is damaged.
    """
    tensors = read_pickle(checkpoint.files[0])
    twice = checkpoint.head == "v_head" and any(name.startswith("transformer.") for name in tensors)
    return {
        name: tensor
        for name, tensor in tensors.items()
        if name.startswith("transformer." if twice else "")
        and not name.endswith(("attn.bias", "attn.masked_bias"))
    }


def of_a_block(name: str) -> bool:
    """Whether a tensor is some block's, and none of the constants that old checkpoints hold."""
    return re.search(r"\.\d+\.", name) is not None and not name.endswith(_CONSTANTS)


def _checkpoint(folder: Path, files: tuple[Path, ...]) -> Checkpoint:
    places: dict[str, Path] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    for path in files:
        if path.suffix == ".json":
            continue
        if path.suffix == ".safetensors":
            held = safetensors_shapes(path)
        else:
            held = {name: tuple(tensor.shape) for name, tensor in read_pickle(path).items()}
        shapes |= held
        places |= dict.fromkeys(held, path)
    return Checkpoint(folder, files, places, shapes)


def _files(path: Path) -> tuple[Path, ...]:
    if not path.name.endswith(".index.json"):
        return (path,)
    weight_map = read_json(path).get("weight_map")
    if not isinstance(weight_map, dict):
        raise UserError("it has no weight_map", where=str(path))
    shards = sorted({str(name) for name in weight_map.values()})
    outside = [name for name in shards if not is_plain_name(name)]
    if outside:
        raise UserError(f"it names a shard outside its folder: {outside[0]!r}", where=str(path))
    return (path, *(path.parent / name for name in shards))
