"""The two libraries whose files we read, as the judges of what we compute from them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

import torch
from torch import nn

_PACKAGE = "dictionary_learning_without_nnsight"
_MODULES = {
    "AutoEncoderTopK": "trainers.top_k",
    "BatchTopKSAE": "trainers.batch_top_k",
    "MatryoshkaBatchTopKSAE": "trainers.matryoshka_batch_top_k",
}


class Reference(Protocol):
    """What both libraries' SAEs can do."""

    def encode(self, x: torch.Tensor) -> torch.Tensor: ...

    def decode(self, f: torch.Tensor) -> torch.Tensor: ...


class _DictionaryClass(Protocol):
    def from_pretrained(self, path: Path, **options: bool) -> nn.Module: ...


def dictionary_learning(class_name: str, path: Path) -> Reference:
    """An SAE as dictionary-learning loads it from a file, its numbers as they are.

    The library's package imports nnsight, which none of its classes needs.
    """
    _without_nnsight()
    module = importlib.import_module(f"{_PACKAGE}.{_MODULES.get(class_name, 'dictionary')}")
    found = cast("_DictionaryClass", getattr(module, class_name))
    options = {"normalize_decoder": False} if class_name == "AutoEncoder" else {}
    return cast("Reference", found.from_pretrained(path, **options).requires_grad_(False))


@cache
def _without_nnsight() -> None:
    root = distribution("dictionary-learning").locate_file("dictionary_learning")
    for name, folder in ((_PACKAGE, root), (f"{_PACKAGE}.trainers", Path(str(root)) / "trainers")):
        # Packages whose own __init__ never runs; their modules import each other as ever.
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package


def sae_lens(folder: Path) -> Reference:
    """An SAE as sae-lens loads it from its own folder."""
    library = importlib.import_module("sae_lens")  # 10 s: only where it is asked
    load = cast("Callable[..., nn.Module]", library.SAE.load_from_disk)
    return cast("Reference", load(folder, device="cpu").requires_grad_(False))


class Scaler(Protocol):
    """sae-lens' ActivationScaler: what stands before and after an SAE in training."""

    def load(self, file_path: Path) -> None: ...

    def scale(self, acts: torch.Tensor) -> torch.Tensor: ...

    def unscale(self, acts: torch.Tensor) -> torch.Tensor: ...


class Scaled:
    """An SAE of sae-lens inside the activation scaler of its checkpoint."""

    def __init__(self, folder: Path) -> None:
        self.inner = sae_lens(folder)
        module = importlib.import_module("sae_lens.training.activation_scaler")
        self.scaler = cast("Scaler", module.ActivationScaler())
        self.scaler.load(folder / "activation_scaler.json")

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner.encode(self.scaler.scale(x))

    def decode(self, f: torch.Tensor) -> torch.Tensor:
        return self.scaler.unscale(self.inner.decode(f))


def saelens_keys(architecture: str) -> set[str]:
    """All that sae-lens writes into the config of an SAE, finished or in training."""
    registry = importlib.import_module("sae_lens.registry")
    importlib.import_module("sae_lens")
    classes = (registry.get_sae_class, registry.get_sae_training_class)
    return {field.name for find in classes for field in fields(find(architecture)[1])}


def trained_saelens(folder: Path, architecture: str, d_in: int, d_sae: int) -> Path:
    """What sae-lens writes of a trained SAE of an architecture that has no form of its own."""
    registry = importlib.import_module("sae_lens.registry")
    importlib.import_module("sae_lens")
    sae_class, config_class = registry.get_sae_training_class(architecture)
    widths = {"matryoshka_widths": [d_sae // 2, d_sae]} if "matryoshka" in architecture else {}
    torch.manual_seed(4)
    sae = sae_class(config_class(d_in=d_in, d_sae=d_sae, k=5, **widths))
    with torch.no_grad():
        for parameter in sae.parameters():
            parameter.normal_()
        sae.topk_threshold.fill_(0.5)
    sae.save_inference_model(folder)
    return folder
