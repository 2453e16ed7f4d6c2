"""What a model's weights are held as: what is asked for, or the usual on the device."""

from __future__ import annotations

import torch

from engine.models.checkpoint import Checkpoint
from engine.precision import usual_dtype

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def usual_on(checkpoint: Checkpoint, device: str) -> torch.dtype:
    """The dtype to load a checkpoint in where nobody says.

    Raises:
        UserError: a file of it changed meanwhile.
    """
    where = torch.device(device)
    capability = torch.cuda.get_device_capability(where) if where.type == "cuda" else None
    return DTYPES[usual_dtype(checkpoint.stored, capability)]
