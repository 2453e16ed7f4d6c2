"""Shapes of an SAE's tensors, checked against each other before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from engine.errors import UserError
from engine.models.weights import check_finite
from engine.plain import plain

Sizes = Mapping[str, str]
"""How the tensors of a layout are shaped: a letter a dimension, `i` for d_in and `s` for d_sae."""


def widths(
    tensors: Mapping[str, torch.Tensor], sizes: Sizes, encoder: str, path: Path
) -> dict[str, int]:
    """d_in as `i` and d_sae as `s`, read off the encoder's matrix; every other tensor agrees.

    Raises:
        UserError: names the first tensor that does not, and both shapes.
    """
    found = tuple(tensors[encoder].shape)
    if len(found) == 3:
        raise UserError(
            f"it is a crosscoder: the tensor {encoder} has shape {list(found)}, a matrix for each "
            "of several layers",
            where=str(path),
            todo="Take an SAE of one block's output: only that can be spliced into the PM.",
        )
    if len(found) != 2:
        raise UserError(
            f"the tensor {encoder} has shape {list(found)}, but it should be a matrix",
            where=str(path),
        )
    if not all(found):
        raise UserError(
            f"the tensor {encoder} has shape {list(found)}: it holds nothing", where=str(path)
        )
    known = dict(zip(sizes[encoder], found, strict=True))
    for name, letters in sizes.items():
        expected = [known[letter] for letter in letters]
        shape = list(tensors[name].shape)
        if shape != expected:
            raise UserError(
                f"the tensor {name} has shape {shape}, but the others make it {expected}",
                where=str(path),
                todo="The file does not belong to one SAE of the residual stream; export it again.",
            )
    return known


def check_stated(stated: object, found: int, name: str, where: Path) -> None:
    """A width that a config states is the one that the tensors have; stating none is fine.

    Raises:
        UserError: it is another.
    """
    if stated is not None and stated != found:
        shown = plain(str(stated), keep_newlines=False)
        raise UserError(
            f"it says {name} {shown}, but the tensors have {found}",
            where=str(where),
            todo="Config and weights are of different SAEs; take both from the same place.",
        )


def check_k(k: object, d_sae: int, where: Path) -> int:
    """The k of a top-k SAE.

    Raises:
        UserError: it is no whole number from 1 to d_sae.
    """
    if not isinstance(k, int) or isinstance(k, bool) or not 0 < k <= d_sae:
        raise UserError(
            f"k must be a whole number from 1 to {d_sae}, not {plain(str(k), keep_newlines=False)}",
            where=str(where),
        )
    return k


def as_float(
    tensors: Mapping[str, torch.Tensor], path: Path, device: torch.device
) -> dict[str, torch.Tensor]:
    """All tensors in fp32 on the device.

    Raises:
        UserError: names the first that holds NaN or infinity, as it is or in fp32.
    """
    floats = {name: tensor.to(torch.float32) for name, tensor in tensors.items()}
    check_finite(floats.items(), str(path))
    if "r_mag" in floats:
        check_finite([("exp(r_mag)", floats["r_mag"].exp())], str(path))
    return {name: tensor.to(device) for name, tensor in floats.items()}


def unknown_tensors(names: Mapping[str, torch.Tensor], path: Path, todo: str) -> UserError:
    """The refusal of tensors that are no SAE's known here; says what they are where it can."""
    shown = plain(", ".join(sorted(names)), keep_newlines=False)[:400]
    what = f"no supported SAE has exactly these tensors: {shown}"
    if any("skip" in name.lower() for name in names):
        what = f"it is a transcoder with a skip connection, and no SAE (its tensors: {shown})"
    return UserError(what, where=str(path), todo=todo)
