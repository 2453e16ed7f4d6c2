"""Several texts that share a beginning, as one row: the beginning once, then each continuation.

Positions restart after the shared prefix and an additive mask hides the continuations from each
other, so every text sees exactly what it would see alone. The mask is additive and in floats: a
boolean one is silently wrong on models that run eager attention. Its rows lie in memory as CUDA's
fused kernels read them (docs/attention.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

ALIGNED = 8
"""Values from one row of a mask to the next are a multiple of this: torch copies other masks, for
every layer anew, before its memory-efficient kernel reads them."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Token sequences cut into their longest common prefix and what follows it on each branch."""

    prefix: tuple[int, ...]
    branches: tuple[tuple[int, ...], ...]

    @property
    def tokens(self) -> int:
        """How many tokens are computed for it."""
        return len(self.prefix) + self.rest

    @property
    def rest(self) -> int:
        """How many of them come after the prefix."""
        return sum(map(len, self.branches))


def common_prefix(sequences: Sequence[Sequence[int]]) -> int:
    """The number of leading tokens that all sequences share."""
    shortest = min(sequences, key=len)
    for place, token in enumerate(shortest):
        if any(sequence[place] != token for sequence in sequences):
            return place
    return len(shortest)


def bundle(sequences: Sequence[Sequence[int]]) -> Bundle:
    """Bundle token sequences; a sequence that is a prefix of all others has an empty branch."""
    shared = common_prefix(sequences)
    return Bundle(
        prefix=tuple(sequences[0][:shared]),
        branches=tuple(tuple(sequence[shared:]) for sequence in sequences),
    )


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch of bundles, all with the same number of branches: prefix, branch, branch, padding."""

    bundles: tuple[Bundle, ...]
    input_ids: Tensor
    """[rows, columns] int64."""
    position_ids: Tensor
    """[rows, columns] int64: a token's position in its own text."""
    mask: Tensor
    """[rows, 1, columns, columns], 0 where a column may be seen, else the dtype's minimum."""
    real: Tensor
    """[rows, columns] bool: no padding."""
    readouts: Tensor
    """[rows, branches] int64: the column of each text's last token."""
    prefixes: Tensor
    """[rows] int64: how many leading columns are the prefix."""

    def column(self, row: int, branch: int, position: int) -> int:
        """Where the token at `position` of one row's text lies."""
        made = self.bundles[row]
        if position < len(made.prefix):
            return position
        return position + sum(len(made.branches[other]) for other in range(branch))

    @property
    def in_prefix(self) -> Tensor:
        """[rows, columns] bool."""
        columns = torch.arange(self.real.shape[1], device=self.real.device)
        return columns < self.prefixes.unsqueeze(1)


def pack(
    bundles: Sequence[Bundle], *, padding: int, dtype: torch.dtype, device: torch.device
) -> Packed:
    """Lay bundles out as one batch. `padding` may be any token id: no real token ever sees it."""
    rows, columns = len(bundles), max(made.tokens for made in bundles)
    input_ids = torch.full((rows, columns), padding, dtype=torch.int64)
    position_ids = torch.zeros((rows, columns), dtype=torch.int64)
    real = torch.zeros((rows, columns), dtype=torch.bool)
    # Every column sees itself, padding too: a row of nothing but minima has no softmax.
    seen = torch.eye(columns, columns + beyond(columns), dtype=torch.bool).repeat(rows, 1, 1)
    readouts = torch.zeros((rows, len(bundles[0].branches)), dtype=torch.int64)
    causal = torch.ones((columns, columns), dtype=torch.bool).tril()
    for row, made in enumerate(bundles):
        shared = start = len(made.prefix)
        real[row, : made.tokens] = True
        input_ids[row, : made.tokens] = torch.tensor([*made.prefix, *sum(made.branches, ())])
        position_ids[row, :shared] = torch.arange(shared)
        seen[row, :shared, :shared] = causal[:shared, :shared]
        for branch, tokens in enumerate(made.branches):
            end = start + len(tokens)
            position_ids[row, start:end] = torch.arange(shared, shared + len(tokens))
            seen[row, start:end, :shared] = True
            seen[row, start:end, start:end] = causal[: end - start, : end - start]
            readouts[row, branch] = end - 1 if tokens else shared - 1
            start = end
    return Packed(
        bundles=tuple(bundles),
        input_ids=input_ids.to(device),
        position_ids=position_ids.to(device),
        mask=_additive(seen, dtype).to(device)[..., :columns],
        real=real.to(device),
        readouts=readouts.to(device),
        prefixes=torch.tensor([len(made.prefix) for made in bundles], device=device),
    )


def beyond(columns: int) -> int:
    """How many columns more a mask of so many has in memory, seen by nobody."""
    return -columns % ALIGNED


def _additive(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """[rows, queries, keys] bool -> [rows, 1, queries, keys]."""
    mask = torch.zeros(seen.shape, dtype=dtype)
    return mask.masked_fill_(~seen, torch.finfo(dtype).min).unsqueeze(1)
