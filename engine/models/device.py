"""Whether this machine has the device that a model is asked to be on."""

from __future__ import annotations

import torch

from engine.errors import UserError
from engine.models.weights import first_line


def check_device(device: str) -> None:
    """Refuse a device that is not here before anything is loaded for it.

    Raises:
        UserError: names it.
    """
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        # A torch that was built without CUDA asserts that it was not.
        raise UserError(
            f"this machine has no such device ({first_line(error)})",
            where=device,
            todo="Name one that it has: cpu, cuda, cuda:1, mps.",
        ) from None
