"""A planted SAE in plain numpy, and as files in three layouts.

Every latent reads along one direction and writes along another. Below its threshold it is zero;
`shift` is what is taken off before it counts, so that a latent can ask for more than one thing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file

from tests.engine.planted import words
from tests.engine.planted.network import BALLAST, WIDTH, Floats, directions

Kind = Literal["gated", "standard", "topk"]

THRESHOLD = 0.125
"""In amounts of a word. Gated latents say all that is above it, the others only the excess."""
TOP = 3
UNUSED = 4
"""Latents beyond the true features: they never fire."""


@dataclass(frozen=True, eq=False)
class Dictionary:
    """Its arrays are float64, rounded to what the files hold."""

    kind: Kind
    latents: tuple[str, ...]
    """What each stands for: a feature, a part of one (`x+`, `x-`), or two merged (`x&y`)."""
    reads: Floats
    """[latents, WIDTH]"""
    writes: Floats
    """[latents, WIDTH]"""
    shift: Floats
    """[latents]"""
    threshold: Floats
    """[latents]"""
    bias: Floats
    """[WIDTH]: taken off before and put back after."""

    def encode(self, x: Floats) -> Floats:
        """[tokens, latents] of a residual stream [tokens, WIDTH]."""
        h = (x - self.bias) @ self.reads.T - self.shift
        if self.kind == "gated":
            return np.where(h > self.threshold, h, 0.0)
        found: Floats = np.maximum(h - self.threshold, 0.0)
        if self.kind == "topk":
            lowest = np.sort(found, axis=1)[:, -TOP, None]
            found = np.where(found >= lowest, found, 0.0)
        return found

    def decode(self, f: Floats) -> Floats:
        return f @ self.writes + self.bias

    @property
    def norms(self) -> Floats:
        """[latents]"""
        found: Floats = np.linalg.norm(self.writes, axis=1)
        return found

    def only(self, kept: npt.NDArray[np.bool_]) -> Dictionary:
        """Some of the latents."""
        return replace(
            self,
            latents=tuple(name for name, keep in zip(self.latents, kept, strict=True) if keep),
            reads=self.reads[kept],
            writes=self.writes[kept],
            shift=self.shift[kept],
            threshold=self.threshold[kept],
        )

    def numbers(self, *names: str) -> tuple[int, ...]:
        """The latents that stand for these features or for a part of one, ascending."""
        return tuple(
            at
            for at, latent in enumerate(self.latents)
            if any(part.rstrip("+-") in names for part in latent.split("&"))
        )


def true_dictionary(kind: Kind) -> Dictionary:
    """Every feature along its own direction, in an order of its own for each kind."""
    along = directions()
    order = np.random.default_rng(len(kind)).permutation(len(words.FEATURES) + UNUSED)
    names = [*words.FEATURES, *(f"unused.{at}" for at in range(UNUSED))]
    latents = tuple(names[at] for at in order)
    reads: Floats = np.array([along.get(name, -along["ballast"]) for name in latents])
    # Decoder directions of unequal length: activations are then in units of their own.
    lengths = np.array([[0.5 + 0.25 * (at % 4)] for at in range(len(latents))])
    return Dictionary(
        kind=kind,
        latents=latents,
        reads=_stored(reads / lengths),
        writes=_stored(reads * lengths),
        shift=np.zeros(len(latents)),
        threshold=_stored(THRESHOLD / lengths[:, 0]),
        bias=_stored(BALLAST * along["ballast"]),
    )


def write_sae(folder: Path, dictionary: Dictionary, hook: str) -> Path:
    """Gated in dictionary_learning's layout, standard and top-k in SAELens'."""
    folder.mkdir(parents=True)
    if dictionary.kind == "gated":
        _write_gated(folder, dictionary, hook)
    else:
        _write_saelens(folder, dictionary, hook)
    return folder


def _write_gated(folder: Path, dictionary: Dictionary, hook: str) -> None:
    tensors = {
        "encoder.weight": dictionary.reads,
        "decoder.weight": dictionary.writes.T,
        "decoder_bias": dictionary.bias,
        "gate_bias": -dictionary.shift - dictionary.threshold,
        "mag_bias": -dictionary.shift,
        "r_mag": np.zeros(len(dictionary.latents)),
    }
    torch.save({name: _tensor(values) for name, values in tensors.items()}, folder / "ae.pt")
    trainer = {"dict_class": "GatedAutoEncoder", "submodule_name": hook}
    (folder / "config.json").write_text(json.dumps({"trainer": trainer}))


def _write_saelens(folder: Path, dictionary: Dictionary, hook: str) -> None:
    tensors = {
        "W_enc": dictionary.reads.T,
        "W_dec": dictionary.writes,
        "b_enc": -dictionary.shift - dictionary.threshold,
        "b_dec": dictionary.bias,
    }
    stored = {name: _tensor(values) for name, values in tensors.items()}
    save_file(stored, folder / "sae_weights.safetensors")
    config: dict[str, object] = {
        "architecture": dictionary.kind,
        "d_in": WIDTH,
        "d_sae": len(dictionary.latents),
        "apply_b_dec_to_input": True,
        "metadata": {"hook_name": hook},
    }
    if dictionary.kind == "topk":
        config["k"] = TOP
    (folder / "cfg.json").write_text(json.dumps(config))


def _tensor(values: Floats) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32).contiguous()


def _stored(values: Floats) -> Floats:
    return values.astype(np.float32).astype(np.float64)
