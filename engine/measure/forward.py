"""The PM, run once to the end and then again and again from its hook point on.

The blocks up to the hook point are not rewritten for each architecture: while a run is resumed
their `forward` hands the given residual stream on, so everything else (position embeddings, masks,
the final norm) stays the model's own code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from engine.measure.finite import all_finite, no_number, spoiled_block
from engine.measure.last_block import Output, forward_replaced, only_at
from engine.measure.packing import Packed
from engine.measure.subset import Subset
from engine.models.pm import PreferenceModel


@dataclass(frozen=True, slots=True)
class Memory:
    """Keys and values of every column in the blocks above the hook point."""

    layers: tuple[tuple[Tensor, Tensor], ...]
    """One (keys, values) a block, each [rows, heads, columns, head_dim]."""

    def of(self, rows: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The memory of some rows; that of a single row serves any number without a copy."""
        if self.layers and self.layers[0][0].shape[0] == 1:
            many = (len(rows), -1, -1, -1)
            return [(keys.expand(many), values.expand(many)) for keys, values in self.layers]
        return [(keys[rows], values[rows]) for keys, values in self.layers]


@dataclass(frozen=True, slots=True)
class Captured:
    """What one full forward gives."""

    residual: Tensor
    """[rows, columns, d_model], the output of the hook point's block, in the PM's dtype."""
    rewards: Tensor
    """[rows, branches] float32."""
    memory: Memory
    whole_memory: Memory | None = None
    """The same of every block, where it was asked for."""


class Forward:
    """Runs one PM, and resumes it from the output of block number `block`."""

    def __init__(self, pm: PreferenceModel, block: int) -> None:
        self.pm = pm
        self.block = block
        self._width_of_output = 0
        """How many values the block returns; 0: a bare tensor. Known after the first capture."""

    def rewards(self, packed: Packed) -> Tensor:
        """[rows, branches] float32: the reward of each text at its last token."""
        with torch.inference_mode(), self._reading(packed.readouts):
            return self._read(self._run(packed), packed.readouts)

    def rewards_after(self, packed: Packed, shared: int, memory: Memory) -> Tensor:
        """[1, branches]: rewards of a batch of one row that begins as another one did.

        Args:
            packed: the batch; its texts end after the shared columns.
            shared: how many of its leading columns are the other's prefix columns.
            memory: of every block, of the other.
        """
        cache = DynamicCache()
        for number, (keys, values) in enumerate(memory.layers):
            cache.update(keys[:, :, :shared], values[:, :, :shared], number)
        readouts = packed.readouts - shared
        with torch.inference_mode(), self._reading(readouts):
            hidden = self.pm.backbone(
                input_ids=packed.input_ids[:, shared:],
                attention_mask=packed.mask[:, :, shared:],
                position_ids=packed.position_ids[:, shared:],
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state
            return self._read(hidden, readouts)

    def capture(self, packed: Packed, *, whole_memory: bool = False) -> Captured:
        """One full forward that also keeps the residual stream at the hook point."""
        (captured,) = capture_for([self], packed, whole_memory=whole_memory)
        return captured

    def resume(self, packed: Packed, residual: Tensor) -> Tensor:
        """[rows, branches] float32: rewards with the residual stream replaced at every column.

        Gradients flow to `residual` where it asks for them.
        """
        if not all_finite(residual):
            raise no_number(self.pm, f"what takes the place of {self._hook}'s output is")
        with self._standing_in(residual), self._reading(packed.readouts):
            return self._read(self._run(packed), packed.readouts)

    def resume_at(
        self, packed: Packed, subset: Subset, residual: Tensor, captured: Captured
    ) -> Tensor:
        """[n, branches] float32: rewards, computing only the subset's columns.

        Right only where the residual stream of all other columns is the captured one. A text
        whose last token is not reached keeps its captured reward. Gradients flow to `residual`
        where it asks for them.

        Args:
            packed: the batch.
            subset: which columns of which rows.
            residual: [n, width, d_model], the residual stream there.
            captured: what the batch's own run gave.
        """
        kept, many = captured.rewards[subset.rows], len(subset.rows)
        if residual.shape[1] == 0:
            return kept
        cache = DynamicCache()
        for number in range(self.block + 1):
            # The blocks below never look at theirs, but layers are filled in order.
            empty = captured.residual.new_zeros(many, 1, 0, 1)
            cache.update(empty, empty, number)
        for number, (keys, values) in enumerate(captured.memory.of(subset.rows), self.block + 1):
            cache.update(keys, values, number)
        rows = subset.rows.unsqueeze(1)
        with self._standing_in(residual), self._reading(subset.readouts):
            hidden = self.pm.backbone(
                input_ids=packed.input_ids[rows, subset.columns],
                attention_mask=subset.mask,
                position_ids=packed.position_ids[rows, subset.columns],
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state
            rewards = self._read(hidden, subset.readouts)
        return torch.where(subset.reached, rewards, kept)

    @property
    def at_the_end(self) -> bool:
        """Whether the hook point is the last block, which then has to be run at every column."""
        return self.block == len(self.pm.blocks) - 1

    @contextmanager
    def _keeping(self, kept: dict[Forward, Tensor]) -> Iterator[None]:
        """Keep what the hook point's block returns."""

        def keep(_module: nn.Module, _inputs: object, output: Output) -> None:
            self._width_of_output = len(output) if isinstance(output, tuple) else 0
            kept[self] = _first(output)

        handle = self.pm.blocks[self.block].register_forward_hook(keep)
        try:
            yield
        finally:
            handle.remove()

    def _run(self, packed: Packed, cache: DynamicCache | None = None) -> Tensor:
        """The last hidden state. Where it is read, it holds numbers, or the block is named."""

        def run(cache: DynamicCache | None) -> Tensor:
            hidden: Tensor = self.pm.backbone(
                input_ids=packed.input_ids,
                attention_mask=packed.mask,
                position_ids=packed.position_ids,
                past_key_values=cache,
                use_cache=cache is not None,
            ).last_hidden_state
            return hidden

        hidden = run(cache)
        if not all_finite(_at(hidden, packed.readouts)):
            block = spoiled_block(self.pm, packed.real, lambda: run(None))
            raise no_number(self.pm, f"{block} writes")
        return hidden

    def _read(self, hidden: Tensor, readouts: Tensor) -> Tensor:
        rewards: Tensor = self.pm.head(_at(hidden, readouts)).squeeze(-1)
        if not all_finite(rewards):
            raise no_number(self.pm, "its reward is")
        return rewards.float()

    @property
    def _hook(self) -> str:
        return f"{self.pm.blocks_path}.{self.block}"

    @contextmanager
    def _standing_in(self, residual: Tensor) -> Iterator[None]:
        given: Output = residual
        if self._width_of_output:
            given = (residual, *[None] * (self._width_of_output - 1))

        def stand_in(*_args: object, **_kwargs: object) -> Output:
            return given

        with ExitStack() as stack:
            for block in self.pm.blocks[: self.block + 1]:
                stack.enter_context(forward_replaced(block, stand_in))
            yield

    def _reading(self, readouts: Tensor) -> AbstractContextManager[None]:
        """Compute the last block only where it is read, unless it is the one that is captured."""
        return nullcontext() if self.at_the_end else only_at(self.pm.blocks[-1], readouts)


def capture_for(
    forwards: Sequence[Forward], packed: Packed, *, whole_memory: bool = False
) -> list[Captured]:
    """One full forward that keeps the residual stream at the hook point of each of several.

    Args:
        forwards: of one PM, and alike in `at_the_end`: each captures what it would by itself, to
            the last bit.
        packed: the batch.
        whole_memory: whether keys and values of every block are kept.
    """
    first, cache = forwards[0], DynamicCache()
    kept: dict[Forward, Tensor] = {}
    with ExitStack() as stack:
        for forward in forwards:
            stack.enter_context(forward._keeping(kept))
        stack.enter_context(torch.no_grad())
        stack.enter_context(first._reading(packed.readouts))
        rewards = first._read(first._run(packed, cache), packed.readouts)
    lowest = 0 if whole_memory else min(forward.block for forward in forwards) + 1
    layers = dict(enumerate((_held(layer) for layer in cache.layers[lowest:]), lowest))
    whole = Memory(tuple(layers.values())) if whole_memory else None
    return [
        Captured(
            residual=kept[forward],
            rewards=rewards,
            memory=Memory(tuple(layers[each] for each in layers if each > forward.block)),
            whole_memory=whole,
        )
        for forward in forwards
    ]


def _at(hidden: Tensor, readouts: Tensor) -> Tensor:
    """[rows, columns, d_model], [rows, branches] -> [rows, branches, d_model]."""
    rows = torch.arange(hidden.shape[0], device=hidden.device).unsqueeze(1)
    return hidden[rows, readouts]


def _held(layer: object) -> tuple[Tensor, Tensor]:
    if not isinstance(layer, DynamicLayer) or layer.keys is None or layer.values is None:
        raise TypeError("a block above the hook point keeps no keys and values")
    return layer.keys, layer.values


def _first(output: Output) -> Tensor:
    first = output[0] if isinstance(output, tuple) else output
    if first is None:
        raise TypeError("a block returned no residual stream")
    return first
