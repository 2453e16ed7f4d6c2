"""Shapes of an SAE's tensors, checked against each other before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from engine.errors import UserError


def matrix_shape(tensors: Mapping[str, torch.Tensor], name: str, path: Path) -> tuple[int, int]:
    """The rows and columns of a tensor that must be a matrix.

    Raises:
        UserError: it is none.
    """
    shape = tuple(tensors[name].shape)
    if len(shape) != 2:
        raise UserError(
            f"the tensor {name} has shape {list(shape)}, but it should be a matrix", where=str(path)
        )
    return shape[0], shape[1]


def check_shapes(
    tensors: Mapping[str, torch.Tensor], expected: Mapping[str, tuple[int, ...]], path: Path
) -> None:
    """Every tensor of `expected` is there in that shape.

    Raises:
        UserError: names the first tensor that is not, and both shapes.
    """
    for name, shape in expected.items():
        found = tuple(tensors[name].shape)
        if found != shape:
            raise UserError(
                f"the tensor {name} has shape {list(found)}, but the others make it {list(shape)}",
                where=str(path),
                todo="The file does not belong to one SAE; export it again.",
            )
