"""An SAE from its folder or file, whichever layout it has, and whether it fits a PM."""

from __future__ import annotations

import re

import torch

from engine.errors import UserError
from engine.files import is_there
from engine.models.fetch import sae_place
from engine.models.pm import PreferenceModel
from engine.models.sae import dictionary_learning, saelens
from engine.models.sae.sae import Sae
from engine.plain import plain

SUPPORTED = (
    "Supported: SAEs of dictionary_learning as ae.pt or another .pt file, with config.json beside "
    "it where there is one (AutoEncoder, AutoEncoderNew, GatedAutoEncoder, AutoEncoderTopK, "
    "BatchTopKSAE, JumpReluAutoEncoder, MatryoshkaBatchTopKSAE); standard, gated, topk and "
    "jumprelu SAEs of SAELens as cfg.json with sae_weights.safetensors."
)


def load_sae(path: str, *, device: str) -> Sae:
    """Load an SAE in fp32 from a folder, a dictionary_learning `.pt` file, or either on the hub.

    Raises:
        UserError: nothing is there, or it is damaged, unsafe to read or of no supported variant;
            the hub cannot be reached.
    """
    found = sae_place(path)
    if not is_there(found):
        raise UserError("there is no such file or folder", where=path, todo=SUPPORTED)
    if found.is_file() and found.suffix == ".pt":
        return dictionary_learning.read(found, SUPPORTED, torch.device(device))
    if (found / saelens.CONFIG).exists() or (found / saelens.WEIGHTS).exists():
        return saelens.read(found, SUPPORTED, torch.device(device))
    if (found / "ae.pt").exists():
        return dictionary_learning.read(found / "ae.pt", SUPPORTED, torch.device(device))
    raise UserError("there is no SAE in it", where=path, todo=SUPPORTED)


def check_fits(sae: Sae, pm: PreferenceModel, hook: str) -> None:
    """The SAE reads vectors of the PM's width, and was trained at the hook point asked for.

    Raises:
        UserError: names both widths, or both hook points.
    """
    if sae.d_in != pm.d_model:
        raise UserError(
            f"the SAE reads vectors of width {sae.d_in}, but the residual stream of {pm.name} "
            f"is {pm.d_model} wide",
            where=sae.name,
            todo="Take an SAE that was trained on this PM.",
        )
    if sae.hook is not None and _place(sae.hook) != _place(hook):
        trained = plain(sae.hook, keep_newlines=False)
        asked = hook_on(sae, pm) or trained
        ours = re.fullmatch(rf"{re.escape(pm.blocks_path)}\.\d+", asked) is not None
        ask = f"Ask for --hook {plain(asked, keep_newlines=False)}, or take" if ours else "Take"
        raise UserError(
            f"the SAE was trained at {trained}, not at {plain(hook, keep_newlines=False)}",
            where=sae.name,
            todo=f"{ask} an SAE of the hook point that you name, the output of a block.",
        )


def hook_on(sae: Sae, pm: PreferenceModel) -> str | None:
    """Where the SAE's config says it was trained, in this PM's own words where they are known."""
    if sae.hook is None:
        return None
    block = _block(sae.hook)
    return sae.hook if block is None else f"{pm.blocks_path}.{block}"


def _place(hook: str) -> str:
    block = _block(hook)
    return hook if block is None else f"block {block}"


def _block(hook: str) -> int | None:
    # The ways to name the output of block n: its module, SAEBench's name, and TransformerLens',
    # which also names it by the input of the block after.
    match = re.fullmatch(
        r"(?:model\.layers|transformer\.h|gpt_neox\.layers)\.(\d{1,9})"
        r"|blocks\.(\d{1,9})\.hook_resid_(post|pre)|resid_post_layer_(\d{1,9})",
        hook,
    )
    if match is None:
        return None
    number = int(match[1] or match[2] or match[4]) - (match[3] == "pre")
    return number if number >= 0 else None
