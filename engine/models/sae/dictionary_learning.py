"""SAEs in dictionary_learning's layout: a `.pt` state dict, and a config.json where there is one.

The keys of the state dict say what it is; the config only names the hook point. Variants whose
keys do not tell them apart (TopK and BatchTopK), or which its versions stored differently
(JumpReLU is transposed), are refused rather than guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from engine.canonical import file_hash
from engine.errors import UserError
from engine.models.sae.gated import GatedSae
from engine.models.sae.sae import Sae
from engine.models.sae.shapes import check_shapes, matrix_shape
from engine.models.sae.standard import StandardSae
from engine.models.weights import check_finite, read_json, read_pickle
from engine.plain import plain

GATED = frozenset(
    {"decoder_bias", "r_mag", "gate_bias", "mag_bias", "encoder.weight", "decoder.weight"}
)
STANDARD = frozenset({"bias", "encoder.weight", "encoder.bias", "decoder.weight"})
_CLASSES = {"gated": "GatedAutoEncoder", "standard": "AutoEncoder"}


def read(path: Path, supported: str, device: torch.device) -> Sae:
    """The SAE of a state dict, in fp32 on the device, with the config.json beside it, if any.

    The numbers are the file's own: `AutoEncoder.from_pretrained` rescales features by the norm of
    their decoder directions, which changes activations but no reconstruction and no effect.

    Raises:
        UserError: the file is damaged, holds code, is no supported variant, or has NaN.
    """
    config_path = path.with_name("config.json")
    has_config = config_path.exists()
    config = read_json(config_path) if has_config else {}
    tensors = read_pickle(path)
    kind = {GATED: "gated", STANDARD: "standard"}.get(frozenset(tensors))
    if kind is None:
        keys = plain(", ".join(sorted(tensors)), keep_newlines=False)
        raise UserError(
            f"no supported SAE has exactly these tensors: {keys}", where=str(path), todo=supported
        )
    _check_class(config, kind, config_path, supported)
    check_finite(tensors.items(), str(path))
    d_sae, d_in = matrix_shape(tensors, "encoder.weight", path)
    wide: dict[str, tuple[int, ...]] = {"encoder.weight": (d_sae, d_in)}
    wide["decoder.weight"] = (d_in, d_sae)
    b_dec = "decoder_bias" if kind == "gated" else "bias"
    wide[b_dec] = (d_in,)
    wide |= {name: (d_sae,) for name in tensors if name not in wide}
    check_shapes(tensors, wide, path)

    tensors = {name: tensor.to(device, torch.float32) for name, tensor in tensors.items()}
    name = path.parent.name if path.name == "ae.pt" else path.stem
    identity = file_hash(path, config_path) if has_config else file_hash(path)
    hook = _hook(config, config_path)
    w_enc, w_dec = tensors["encoder.weight"].T, tensors["decoder.weight"].T.contiguous()
    if kind == "gated":
        return GatedSae(
            name,
            identity,
            hook,
            w_dec,
            tensors[b_dec],
            w_enc,
            tensors["r_mag"],
            tensors["gate_bias"],
            tensors["mag_bias"],
        )
    return StandardSae(
        name, identity, hook, w_dec, tensors[b_dec], w_enc, tensors["encoder.bias"], centred=True
    )


def _part(config: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = config.get(name)
    return part if isinstance(part, dict) else {}


def _check_class(config: Mapping[str, object], kind: str, where: Path, supported: str) -> None:
    named = _part(config, "trainer").get("dict_class")
    if isinstance(named, str) and named != _CLASSES[kind]:
        raise UserError(
            f"it says {plain(named, keep_newlines=False)}, but the tensors are those of "
            f"{_CLASSES[kind]}",
            where=str(where),
            todo=supported,
        )


def _hook(config: Mapping[str, object], where: Path) -> str | None:
    io = _part(config, "buffer").get("io", "out")
    if io != "out":
        raise UserError(
            f"it was trained on the {plain(str(io), keep_newlines=False)}put of a module",
            where=str(where),
            todo="Only SAEs of a block's output are supported.",
        )
    named = _part(config, "trainer").get("submodule_name")
    return named if isinstance(named, str) else None
