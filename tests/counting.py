"""Counting what torch multiplies: figures alone do not tell how they were come by."""

from __future__ import annotations

from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile

_PRODUCTS = ("aten::mm", "aten::addmm")


def products(run: Callable[[], object]) -> int:
    """Multiplications and additions of a run on the CPU in products of two whole matrices.

    What attention multiplies counts not, nor do oneDNN's packed layers, nor what goes over a
    matrix's active entries alone.
    """
    with profile(activities=[ProfilerActivity.CPU], with_flops=True, record_shapes=True) as seen:
        run()
    return sum(int(event.flops or 0) for event in seen.events() if event.name in _PRODUCTS)
