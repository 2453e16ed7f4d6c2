"""How many columns a batch may have on this device: found once, halved whenever memory runs out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from engine.errors import UserError
from engine.measure.batches import TOKEN_BUDGET, batches
from engine.measure.prepare import Prepared
from engine.models.weights import first_line

LEAST = 64
"""Columns below which smaller batches free nothing worth having."""

Made = TypeVar("Made")


@dataclass(slots=True)
class Budget:
    """Columns in a batch, padding included."""

    columns: int = TOKEN_BUDGET

    def halve(self) -> None:
        self.columns = max(1, self.columns // 2)


def in_batches(
    budget: Budget,
    pairs: Sequence[Prepared],
    *,
    resumed: bool,
    measure: Callable[[Sequence[Prepared]], Made],
) -> Iterator[Made]:
    """Measure pairs batch by batch. A batch that memory has no room for is cut, and so are all
    that follow: figures differ by no more than the noise floor from those of whole batches.

    Args:
        budget: of the device; it is halved where memory runs out.
        pairs: what to measure.
        resumed: as for `batches`.
        measure: makes one batch's figures; called again on smaller batches where it ran out of
            memory, so it must leave nothing behind until it returns.

    Raises:
        UserError: one pair alone has no room; named.
    """
    waiting = deque(batches(pairs, resumed=resumed, budget=budget.columns))
    while waiting:
        batch = waiting.popleft()
        try:
            made = measure(batch)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            said = first_line(error)
        else:
            yield made
            continue
        # Out of the handler: a traceback would keep the batch's tensors alive.
        if len(batch) == 1 and budget.columns <= LEAST:
            raise UserError(
                f"out of memory on one pair of {batch[0].bundle().tokens} tokens" + f" ({said})",
                where=str(batch[0].pair.name),
                todo="Leave it out with --pairs, or take a smaller --dtype or another --device.",
            )
        budget.halve()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        left = [prepared for some in (batch, *waiting) for prepared in some]
        waiting = deque(batches(left, resumed=resumed, budget=budget.columns))


def is_out_of_memory(error: Exception) -> bool:
    """A GPU's allocator has an error of its own; the CPU's raises a RuntimeError that says it."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return "DefaultCPUAllocator" in str(error)
