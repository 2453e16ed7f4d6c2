"""Some columns of a batch, computed anew from the hook point on while the others stay as they were.

A change at some tokens reaches only the tokens that see them. The keys and values of all others are
those of the batch's own run, so nothing else has to be computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.measure.packing import Packed, beyond


@dataclass(frozen=True, slots=True)
class Subset:
    """n rows of columns to compute; a row of the batch may stand there any number of times."""

    rows: Tensor
    """[n] int64: the row of the batch each is of."""
    columns: Tensor
    """[n, width] int64, ascending; padding points at column 0."""
    real: Tensor
    """[n, width] bool: no padding."""
    mask: Tensor
    """[n, 1, width, columns of the batch + width]: what each sees of the batch's own run and of
    the subset, additive."""
    readouts: Tensor
    """[n, branches] int64: places in `columns`; 0 where a text's last token is none of them."""
    reached: Tensor
    """[n, branches] bool: whether a text's last token is one of them."""

    def of(self, values: Tensor) -> Tensor:
        """[rows, columns, d] of the batch -> [n, width, d]."""
        return values[self.rows.unsqueeze(1), self.columns]

    def put(self, values: Tensor, columns: int) -> Tensor:
        """[n, width, d] -> [n, columns, d], zero at all other columns."""
        values = torch.where(self.real.unsqueeze(-1), values, torch.zeros_like(values[:1, :1]))
        zeros = values.new_zeros(values.shape[0], columns, values.shape[-1])
        return zeros.scatter_add(1, self.columns.unsqueeze(-1).expand_as(values), values)


def downstream(packed: Packed, row: int, columns: Tensor) -> Tensor:
    """The columns that see one of those, themselves among them: all that a change can reach.

    Args:
        packed: the batch.
        row: of the batch.
        columns: [k] int64, no padding.

    Returns:
        [columns of the batch] bool.
    """
    sees = packed.mask[row, 0][:, columns] == 0
    return sees.any(1) & packed.real[row]


def subset(packed: Packed, rows: Sequence[int] | Tensor, wanted: Tensor) -> Subset:
    """Lay out the wanted columns of some rows.

    Args:
        packed: the batch.
        rows: [n] rows of the batch.
        wanted: [n, columns] bool; with a column also all that see it, as `downstream` gives them.
    """
    rows = torch.as_tensor(rows, dtype=torch.int64, device=wanted.device)
    counts = wanted.sum(1)
    width = int(counts.max()) if len(counts) else 0
    columns = wanted.to(torch.int8).sort(dim=1, descending=True, stable=True).indices[:, :width]
    real = torch.arange(width, device=wanted.device) < counts.unsqueeze(1)
    columns = torch.where(real, columns, 0)
    hidden = torch.finfo(packed.mask.dtype).min
    seen = packed.mask[:, 0][rows.unsqueeze(1), columns]
    anew = seen.gather(2, columns.unsqueeze(1).expand(-1, width, -1))
    places = wanted.cumsum(1) - 1
    readouts = packed.readouts[rows]
    reached = wanted.gather(1, readouts)
    both = seen.shape[-1] + width
    mask = torch.cat(
        [
            seen.masked_fill(wanted.unsqueeze(1), hidden),
            anew.masked_fill(~real.unsqueeze(1), hidden),
            seen.new_full((len(rows), width, beyond(both)), hidden),
        ],
        dim=-1,
    )
    return Subset(
        rows=rows,
        columns=columns,
        real=real,
        mask=mask[..., :both].unsqueeze(1),
        readouts=torch.where(reached, places.gather(1, readouts), 0),
        reached=reached,
    )


def after_prefix(packed: Packed) -> Subset:
    """Everything after the prefix, of every row."""
    wanted = packed.real & ~packed.in_prefix
    return subset(packed, torch.arange(len(wanted), device=wanted.device), wanted)
