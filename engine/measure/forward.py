"""The PM, run once to the end and then again and again from its hook point on.

The blocks up to the hook point are not rewritten for each architecture: while a run is resumed
their `forward` hands the given residual stream on, so everything else (position embeddings, masks,
the final norm) stays the model's own code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from engine.measure.packing import Packed
from engine.models.pm import PreferenceModel

Output = Tensor | tuple[Tensor | None, ...]


@dataclass(frozen=True, slots=True)
class PrefixMemory:
    """Keys and values of the prefix columns in the blocks above the hook point."""

    layers: tuple[tuple[Tensor, Tensor], ...]
    """One (keys, values) a block, each [rows, heads, prefix_width, head_dim]."""

    def repeat(self, times: int) -> PrefixMemory:
        """The memory for `times` rows; that of a single row serves any number of variants."""
        return PrefixMemory(
            tuple(
                (keys.expand(times, -1, -1, -1), values.expand(times, -1, -1, -1))
                for keys, values in self.layers
            )
        )


@dataclass(frozen=True, slots=True)
class Captured:
    """What one full forward gives."""

    residual: Tensor
    """[rows, columns, d_model], the output of the hook point's block, in the PM's dtype."""
    rewards: Tensor
    """[rows, branches] float32."""
    memory: PrefixMemory
    whole_memory: PrefixMemory | None = None
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
        with torch.inference_mode(), self._last_mlp_only_at(packed.readouts):
            return self._read(self._run(packed), packed.readouts)

    def rewards_after(self, packed: Packed, shared: int, memory: PrefixMemory) -> Tensor:
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
        with torch.inference_mode(), self._last_mlp_only_at(readouts):
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
        kept: list[Tensor] = []

        def keep(_module: nn.Module, _inputs: object, output: Output) -> None:
            self._width_of_output = len(output) if isinstance(output, tuple) else 0
            kept.append(_first(output))

        cache = DynamicCache()
        handle = self.pm.blocks[self.block].register_forward_hook(keep)
        try:
            with torch.no_grad(), self._last_mlp_only_at(packed.readouts):
                rewards = self._read(self._run(packed, cache), packed.readouts)
        finally:
            handle.remove()
        layers = cache.layers if whole_memory else cache.layers[self.block + 1 :]
        made = tuple(_beginning(layer, packed.rest.prefix_width) for layer in layers)
        return Captured(
            residual=kept[0],
            rewards=rewards,
            memory=PrefixMemory(made[self.block + 1 :] if whole_memory else made),
            whole_memory=PrefixMemory(made) if whole_memory else None,
        )

    def resume(self, packed: Packed, residual: Tensor) -> Tensor:
        """[rows, branches] float32: rewards with the residual stream replaced at every column.

        Gradients flow to `residual` where it asks for them.
        """
        with self._standing_in(residual), self._last_mlp_only_at(packed.readouts):
            return self._read(self._run(packed), packed.readouts)

    def resume_rest(self, packed: Packed, residual: Tensor, captured: Captured) -> Tensor:
        """[rows or variants, branches]: rewards, computing only the columns after the prefix.

        Right only where the residual stream of the prefix is the captured one. Gradients flow to
        `residual` where it asks for them.

        Args:
            packed: the batch; a batch of one row may be given several variants of its residual.
            residual: [rows or variants, width of `packed.rest`, d_model].
            captured: what the batch's own run gave.
        """
        rest, rows = packed.rest, residual.shape[0]
        if residual.shape[1] == 0:
            return captured.rewards.expand(rows, -1)
        memory = captured.memory.repeat(rows)
        cache = DynamicCache()
        for number in range(self.block + 1):
            # The blocks below never look at theirs, but layers are filled in order.
            empty = captured.residual.new_zeros(rows, 1, 0, 1)
            cache.update(empty, empty, number)
        for number, (keys, values) in enumerate(memory.layers, self.block + 1):
            cache.update(keys, values, number)
        readouts = rest.readouts.expand(rows, -1)
        with self._standing_in(residual), self._last_mlp_only_at(readouts):
            hidden = self.pm.backbone(
                input_ids=packed.input_ids.gather(1, rest.columns).expand(rows, -1),
                attention_mask=rest.mask.expand(rows, -1, -1, -1),
                position_ids=packed.position_ids.gather(1, rest.columns).expand(rows, -1),
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state
            rewards = self._read(hidden, readouts)
        # A text that ends inside the prefix is not touched by anything after it.
        inside = packed.readouts < packed.prefixes.unsqueeze(1)
        return torch.where(inside, captured.rewards, rewards)

    def _run(self, packed: Packed, cache: DynamicCache | None = None) -> Tensor:
        hidden: Tensor = self.pm.backbone(
            input_ids=packed.input_ids,
            attention_mask=packed.mask,
            position_ids=packed.position_ids,
            past_key_values=cache,
            use_cache=cache is not None,
        ).last_hidden_state
        return hidden

    def _read(self, hidden: Tensor, readouts: Tensor) -> Tensor:
        rows = torch.arange(hidden.shape[0], device=hidden.device).unsqueeze(1)
        rewards: Tensor = self.pm.head(hidden[rows, readouts]).squeeze(-1)
        return rewards.float()

    @contextmanager
    def _standing_in(self, residual: Tensor) -> Iterator[None]:
        given: Output = residual
        if self._width_of_output:
            given = (residual, *[None] * (self._width_of_output - 1))

        def stand_in(*_args: object, **_kwargs: object) -> Output:
            return given

        with ExitStack() as stack:
            for block in self.pm.blocks[: self.block + 1]:
                stack.enter_context(_forward_replaced(block, stand_in))
            yield

    @contextmanager
    def _last_mlp_only_at(self, readouts: Tensor) -> Iterator[None]:
        """Give the last block's MLP the readout columns alone: nothing reads its others."""
        last = self.pm.blocks[-1]
        mlp = getattr(last, "mlp", None)
        if not isinstance(mlp, nn.Module) or self.block == len(self.pm.blocks) - 1:
            yield
            return
        whole: Callable[[Tensor], Tensor] = mlp.forward

        def at_readouts(hidden: Tensor) -> Tensor:
            index = readouts.unsqueeze(-1).expand(-1, -1, hidden.shape[-1])
            out = whole(hidden.gather(1, index))
            return torch.zeros_like(hidden).scatter(1, index, out)

        with _forward_replaced(mlp, at_readouts):
            yield


def _beginning(layer: object, width: int) -> tuple[Tensor, Tensor]:
    """The keys and values of a layer's first columns."""
    if not isinstance(layer, DynamicLayer) or layer.keys is None or layer.values is None:
        raise TypeError("a block above the hook point keeps no keys and values")
    return layer.keys[:, :, :width], layer.values[:, :, :width]


def _first(output: Output) -> Tensor:
    first = output[0] if isinstance(output, tuple) else output
    if first is None:
        raise TypeError("a block returned no residual stream")
    return first


@contextmanager
def _forward_replaced(module: nn.Module, forward: Callable[..., Output]) -> Iterator[None]:
    # An instance attribute shadows the class's method, and the module keeps all its others.
    module.forward = forward
    try:
        yield
    finally:
        del module.forward
