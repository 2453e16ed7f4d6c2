"""Where a PM stops computing with numbers: half precision overflows, configs hold NaN.

Weights are checked when a model is loaded. That they are finite does not make what they compute
finite too, and a figure that is none must not be stored: the block that it comes from is named.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from engine.errors import UserError
from engine.models.pm import PreferenceModel


def all_finite(values: Tensor) -> bool:
    """Whether there is neither NaN nor infinity among them."""
    return bool(torch.isfinite(values).all())


def no_number(pm: PreferenceModel, what: str) -> UserError:
    """What is said of a PM where `what` should have been numbers."""
    dtype = str(pm.dtype).removeprefix("torch.")
    narrow = pm.dtype == torch.float16
    wider = "--dtype bfloat16 or float32, whose range is wider, or " if narrow else ""
    return UserError(
        f"{what} NaN or infinity, computed in {dtype}",
        where=pm.name,
        todo=f"Take {wider}a sound PM and SAE. What is measured already stays.",
    )


def spoiled_block(pm: PreferenceModel, real: Tensor, run: Callable[[], object]) -> str:
    """The first block that writes NaN or infinity while the PM runs once more.

    Args:
        pm: whose blocks.
        real: [rows, columns] bool: no padding.
        run: runs the PM on those columns.

    Returns:
        Its path, such as `model.layers.3`; the norm after the last where none of them does.
    """
    found: list[str] = []

    def watch(path: str) -> Callable[[nn.Module, object, object], None]:
        def look(_module: nn.Module, _inputs: object, output: object) -> None:
            first = output[0] if isinstance(output, tuple) else output
            if not found and isinstance(first, Tensor) and not all_finite(first[real]):
                found.append(path)

        return look

    with ExitStack() as hooks, torch.no_grad():
        for number, block in enumerate(pm.blocks):
            handle = block.register_forward_hook(watch(f"{pm.blocks_path}.{number}"))
            hooks.callback(handle.remove)
        run()
    return found[0] if found else "the norm after its last block"
