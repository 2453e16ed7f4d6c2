"""SAEs in dictionary_learning's layout: a `.pt` state dict, and a config.json where there is one.

The keys of the state dict say which class it is. Where two classes share them (AutoEncoderTopK and
BatchTopKSAE) the config must say which; the config also names the hook point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.canonical import file_hash
from engine.errors import UserError
from engine.models.sae.batchtopk import BatchTopKSae
from engine.models.sae.gated import GatedSae
from engine.models.sae.jumprelu import JumpReluSae
from engine.models.sae.matryoshka import MatryoshkaSae
from engine.models.sae.sae import Sae
from engine.models.sae.shapes import (
    Sizes,
    as_float,
    check_k,
    check_stated,
    unknown_tensors,
    widths,
)
from engine.models.sae.standard import StandardSae
from engine.models.sae.topk import TopKSae
from engine.models.weights import read_json, read_pickle
from engine.plain import plain


@dataclass(frozen=True, slots=True)
class Layout:
    """The state dict of one of the library's classes."""

    dict_class: str
    encoder: str
    sizes: Sizes


def _linear(dict_class: str, **other: str) -> Layout:
    # As torch's Linear keeps them: [out, in].
    sizes = {"encoder.weight": "si", "encoder.bias": "s", "decoder.weight": "is"} | other
    return Layout(dict_class, "encoder.weight", sizes)


_JUMP = {"W_enc": "is", "b_enc": "s", "W_dec": "si", "b_dec": "i"}
LAYOUTS = (
    Layout(
        "GatedAutoEncoder",
        "encoder.weight",
        {"encoder.weight": "si", "decoder.weight": "is", "decoder_bias": "i"}
        | dict.fromkeys(("r_mag", "gate_bias", "mag_bias"), "s"),
    ),
    _linear("AutoEncoder", bias="i"),
    _linear("AutoEncoderNew", **{"decoder.bias": "i"}),
    _linear("AutoEncoderTopK", b_dec="i", k=""),  # before it kept a threshold
    _linear("AutoEncoderTopK", b_dec="i", k="", threshold=""),
    _linear("BatchTopKSAE", b_dec="i", k="", threshold=""),
    # The next two keep [in, out], the transpose of what torch's Linear does.
    Layout("JumpReluAutoEncoder", "W_enc", _JUMP | {"threshold": "s"}),
    Layout(
        "MatryoshkaBatchTopKSAE", "W_enc", _JUMP | {"k": "", "threshold": "", "group_sizes": "g"}
    ),
)


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
    trainer = _part(config, "trainer")
    tensors = read_pickle(path)
    layout = _layout(tensors, trainer, path, config_path, supported)
    sizes = {name: letters for name, letters in layout.sizes.items() if letters != "g"}
    known = widths(tensors, sizes, layout.encoder, path)
    check_stated(trainer.get("activation_dim"), known["i"], "activation_dim", config_path)
    check_stated(trainer.get("dict_size"), known["s"], "dict_size", config_path)
    name = path.parent.name if path.name == "ae.pt" else path.stem
    identity = file_hash(path, config_path) if has_config else file_hash(path)
    hook = _hook(config, config_path)
    values = as_float(tensors, path, device)
    if layout.encoder == "encoder.weight":
        w_enc, w_dec = values["encoder.weight"].T, values["decoder.weight"].T.contiguous()
    else:
        w_enc, w_dec = values["W_enc"], values["W_dec"]
    match layout.dict_class:
        case "GatedAutoEncoder":
            b_dec = values["decoder_bias"]
            r_mag, gate, mag = (values[part] for part in ("r_mag", "gate_bias", "mag_bias"))
            return GatedSae(name, identity, hook, w_dec, b_dec, w_enc, r_mag, gate, mag)
        case "AutoEncoder" | "AutoEncoderNew" as which:
            centred = which == "AutoEncoder"
            b_dec, b_enc = values["bias" if centred else "decoder.bias"], values["encoder.bias"]
            return StandardSae(name, identity, hook, w_dec, b_dec, w_enc, b_enc, centred)
        case "JumpReluAutoEncoder":
            b_dec, b_enc, threshold = (values[part] for part in ("b_dec", "b_enc", "threshold"))
            # Its apply_b_dec_to_input is False, and nothing in its files could say otherwise.
            return JumpReluSae(name, identity, hook, w_dec, b_dec, w_enc, b_enc, False, threshold)
    k = check_k(tensors["k"].item(), known["s"], path)
    check_stated(trainer.get("k"), k, "k", config_path)
    b_dec = values["b_dec"]
    b_enc = values["encoder.bias" if "encoder.bias" in values else "b_enc"]
    if layout.dict_class == "AutoEncoderTopK":
        return TopKSae(name, identity, hook, w_dec, b_dec, w_enc, b_enc, True, k)
    threshold = _threshold(values["threshold"], path)
    if layout.dict_class == "BatchTopKSAE":
        return BatchTopKSae(name, identity, hook, w_dec, b_dec, w_enc, b_enc, True, threshold)
    _check_groups(tensors["group_sizes"], known["s"], path)
    return MatryoshkaSae(name, identity, hook, w_dec, b_dec, w_enc, b_enc, True, threshold)


def _layout(
    tensors: Mapping[str, torch.Tensor],
    trainer: Mapping[str, object],
    path: Path,
    config_path: Path,
    supported: str,
) -> Layout:
    fitting = [layout for layout in LAYOUTS if layout.sizes.keys() == tensors.keys()]
    if not fitting:
        raise unknown_tensors(tensors, path, supported)
    classes = " or ".join(layout.dict_class for layout in fitting)
    named = trainer.get("dict_class")
    if isinstance(named, str):
        for layout in fitting:
            if layout.dict_class == named:
                return layout
        raise UserError(
            f"it says {plain(named, keep_newlines=False)}, but the tensors are those of {classes}",
            where=str(config_path),
            todo=supported,
        )
    if len(fitting) > 1:
        raise UserError(
            f"its tensors are those of {classes}, which compute different features",
            where=str(path),
            todo="Put its config.json beside it, which says which: "
            '{"trainer": {"dict_class": "…"}}.',
        )
    return fitting[0]


def _threshold(threshold: torch.Tensor, path: Path) -> torch.Tensor:
    if threshold.item() < 0:
        raise UserError(
            f"its threshold was never estimated (it is {threshold.item():g}), so that every "
            "feature above zero would fire",
            where=str(path),
            todo="Train it beyond threshold_start_step, or take a later checkpoint.",
        )
    return threshold


def _check_groups(sizes: torch.Tensor, d_sae: int, path: Path) -> None:
    if sizes.ndim != 1 or int(sizes.sum()) != d_sae:
        raise UserError(
            f"its group_sizes {sizes.tolist()} do not add up to its {d_sae} features",
            where=str(path),
            todo="The file does not belong to one SAE; export it again.",
        )


def _part(config: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = config.get(name)
    return part if isinstance(part, dict) else {}


def _hook(config: Mapping[str, object], where: Path) -> str | None:
    io = _part(config, "buffer").get("io", "out")
    if io == "in_and_out":
        raise UserError(
            "it is a transcoder: it maps the input of a module to its output",
            where=str(where),
            todo="Only SAEs of a block's output can be spliced into the PM.",
        )
    if io != "out":
        raise UserError(
            f"it was trained on the {plain(str(io), keep_newlines=False)}put of a module",
            where=str(where),
            todo="Only SAEs of a block's output are supported.",
        )
    named = _part(config, "trainer").get("submodule_name")
    return named if isinstance(named, str) else None
