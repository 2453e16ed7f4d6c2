"""The two libraries whose files we read, as the judges of what we compute from them."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path
from typing import Protocol, cast

import torch
from torch import nn


class Reference(Protocol):
    """What both libraries' SAEs can do."""

    def encode(self, x: torch.Tensor) -> torch.Tensor: ...

    def decode(self, f: torch.Tensor) -> torch.Tensor: ...


class _DictionaryClass(Protocol):
    def __call__(self, activation_dim: int, dict_size: int) -> nn.Module: ...


def dictionary_learning(class_name: str, path: Path) -> Reference:
    """An SAE of dictionary-learning with the tensors of a file, as they are.

    The package imports nnsight, which nothing here needs: its one module is loaded by path.
    """
    found = distribution("dictionary-learning").locate_file("dictionary_learning/dictionary.py")
    spec = importlib.util.spec_from_file_location("dictionary_learning_reference", str(found))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tensors = torch.load(path, weights_only=True)
    d_sae, d_in = tensors["encoder.weight"].shape
    sae = cast("_DictionaryClass", getattr(module, class_name))(d_in, d_sae)
    sae.load_state_dict(tensors)
    return cast("Reference", sae.requires_grad_(False))


def sae_lens(folder: Path) -> Reference:
    """An SAE as sae-lens loads it from its own folder."""
    library = importlib.import_module("sae_lens")  # 10 s: only where it is asked
    load = cast("Callable[..., nn.Module]", library.SAE.load_from_disk)
    return cast("Reference", load(folder, device="cpu").requires_grad_(False))
