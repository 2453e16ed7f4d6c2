"""What a SAELens config says, in whichever version's words, and which of it is refused and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.errors import UserError
from engine.models.sae.norm import NORMS, Norm
from engine.plain import plain

Architecture = Literal["standard", "gated", "topk", "jumprelu"]
Inputs = Literal["as they are", "scaled", "whitened"]
_ARCHITECTURES: tuple[Architecture, ...] = ("standard", "gated", "topk", "jumprelu")
_TRANSCODER = "a transcoder maps the input of a module to its output, and reconstructs neither"
_TRAINING = (
    "it is a checkpoint in the middle of training; SAELens writes a finished one as jumprelu "
    "(save_inference_model)"
)
_REASONS = {
    "transcoder": _TRANSCODER,
    "skip_transcoder": _TRANSCODER,
    "jumprelu_transcoder": _TRANSCODER,
    "jumprelu_skip_transcoder": _TRANSCODER,
    "crosscoder": "a crosscoder reads several layers at once",
    "batchtopk": _TRAINING,
    "matryoshka_batchtopk": _TRAINING,
    "abstopk": "its features may be negative, and no figure here is defined for such",
    "temporal": "its features depend on the tokens before, so that one of them cannot be ablated",
    "matching_pursuit": "it picks its features one after the other, each by what the last left",
}


_READ = {
    "architecture", "d_in", "d_sae", "dtype", "device", "apply_b_dec_to_input",
    "normalize_activations", "reshape_activations", "k", "rescale_acts_by_decoder_norm",
    "metadata", "activation_fn", "activation_fn_str", "activation_fn_kwargs", "hook_name",
    "hook_point", "hook_head_index",
}  # fmt: skip
_OF_TRAINING = {
    "aux_loss_coefficient", "decoder_init_norm", "jumprelu_bandwidth", "jumprelu_init_threshold",
    "jumprelu_sparsity_loss_mode", "jumprelu_ste_to_input", "jumprelu_tanh_scale",
    "l0_coefficient", "l0_warm_up_steps", "l1_coefficient", "l1_warm_up_steps", "lp_norm",
    "matryoshka_widths", "pre_act_loss_coefficient", "target_l0", "topk_threshold_lr",
    "use_matryoshka_aux_loss", "use_sparse_activations",
}  # fmt: skip
"""What a checkpoint in training says beside: it decides losses and beginnings, no output."""


@dataclass(frozen=True, slots=True)
class SaeLensConfig:
    """The parts of a cfg.json that decide what is computed."""

    architecture: Architecture
    centred: bool
    """Whether b_dec is subtracted from x."""
    k: object
    """Of a topk SAE, unchecked."""
    by_decoder_norm: bool
    """Whether a topk SAE compares its pre-activations times the norm of their directions."""
    inputs: Inputs
    """What is done to x beside its weights, while it is in training."""
    norm: Norm | None
    """What is done to each token's x, always."""
    hook: str | None


def parse(config: Mapping[str, object], where: Path, supported: str) -> SaeLensConfig:
    """Read a config; what is left out means what SAELens takes it for.

    Raises:
        UserError: what it describes cannot be read out of, or spliced into, a residual stream.
    """

    def refuse(what: str, todo: str = supported) -> UserError:
        return UserError(plain(what, keep_newlines=False), where=str(where), todo=todo)

    metadata = _part(config, "metadata")
    kwargs = _part(config, "activation_fn_kwargs")
    activation = config.get("activation_fn", config.get("activation_fn_str", "relu"))
    named = config.get("architecture", "standard")
    if named == "standard" and activation == "topk" and "k" in kwargs:  # before version 6
        named, activation = "topk", "relu"
    architecture = next((known for known in _ARCHITECTURES if known == named), None)
    if architecture is None:
        reason = _REASONS.get(named, "") if isinstance(named, str) else ""
        raise refuse(f"the architecture {named!r} is not supported{': ' * bool(reason)}{reason}")
    if architecture != "topk" and activation != "relu":
        raise refuse(f"a {architecture} SAE with activation {activation!r} is not supported")
    if "hook_name_out" in metadata or "d_out" in config:
        raise refuse(f"it is a transcoder: {_TRANSCODER}")
    # Before version 6 a config held everything about the training too, in many versions' words.
    unknown = sorted(config.keys() - _READ - _OF_TRAINING) if "metadata" in config else []
    if unknown:
        raise refuse(
            f"its config says {unknown[0]}, which is not known here: it may decide what the SAE"
            " computes",
            "If it does not, take it out of the config, or move it into its metadata.",
        )
    hook = _hook(config, metadata)
    reshape = config.get("reshape_activations", "none")
    head = metadata.get("hook_head_index", config.get("hook_head_index"))
    if reshape not in ("none", None) or head is not None or (hook or "").endswith("hook_z"):
        raise refuse(
            f"reshape_activations {reshape!r} at {hook} is not supported: it is no SAE of the "
            "residual stream but of attention heads",
            "Take an SAE of a block's output.",
        )
    inputs, norm = _normalising(config.get("normalize_activations"), where)
    return SaeLensConfig(
        architecture=architecture,
        centred=_flag(config, "apply_b_dec_to_input", where, usual=True),
        k=config.get("k", kwargs.get("k")),
        by_decoder_norm=_flag(config, "rescale_acts_by_decoder_norm", where, usual=False),
        inputs=inputs,
        norm=norm,
        hook=hook,
    )


def _normalising(said: object, where: Path) -> tuple[Inputs, Norm | None]:
    if said in ("none", None, False):
        return "as they are", None
    if said in ("expected_average_only_in", True):
        return "scaled", None
    if said == "covariance_whitening":
        return "whitened", None
    norm = next((known for known in NORMS if known == said), None)
    if norm is None:
        raise UserError(
            f"normalize_activations {plain(repr(said), keep_newlines=False)} is not known",
            where=str(where),
            todo="Known: none, expected_average_only_in, covariance_whitening, "
            f"{', '.join(NORMS)}.",
        )
    return "as they are", norm


def _flag(config: Mapping[str, object], name: str, where: Path, *, usual: bool) -> bool:
    """A word in the place of true or false would be true to some, and false to others."""
    said = config.get(name, usual)
    if not isinstance(said, bool):
        raise UserError(
            f"{name} must be true or false, not {plain(repr(said), keep_newlines=False)}",
            where=str(where),
        )
    return said


def _part(config: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = config.get(name)
    return part if isinstance(part, dict) else {}


def _hook(config: Mapping[str, object], metadata: Mapping[str, object]) -> str | None:
    # The other two: SAELens before version 6, and before version 1.
    named = metadata.get("hook_name") or config.get("hook_name") or config.get("hook_point")
    return named if isinstance(named, str) else None
