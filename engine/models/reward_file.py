"""Rewards that were saved with torch: tensors alone, and nothing in the file is run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from engine.models.weights import load_unpickled


def read_reward_tensors(path: Path) -> dict[str, npt.NDArray[np.float64]]:
    """The tensors of a `.pt` file as arrays: by name, or one alone under no name.

    Raises:
        UserError: the file is missing or damaged, or holds anything but tensors.
    """
    found = load_unpickled(path)
    named = {"": found} if isinstance(found, torch.Tensor) else found
    return {name: tensor.detach().double().numpy() for name, tensor in named.items()}
