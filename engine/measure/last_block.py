"""The PM's last block, computed only where a reward is read.

Nothing reads its output at other columns: all it needs of them are keys and values. What is left
out is a tenth of the work of a PM of eight blocks, and a third of what lies above a hook point in
its middle. No block is rewritten for it: it runs over all columns as far as the cache, which stops
it there, and then over the readout columns with the keys and values that the cache was given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext

from torch import Tensor, nn
from torch.nn.functional import pad
from transformers import Cache

from engine.measure.packing import beyond

Output = Tensor | tuple[Tensor | None, ...]
KeysAndValues = tuple[Tensor, Tensor]
_CACHES = ("past_key_values", "layer_past")
"""By which of its parameters a block takes the cache."""


class _StoppedError(Exception):
    """Thrown out of a block that has come as far as its cache: the way out, and no failure."""

    def __init__(self, known: KeysAndValues) -> None:
        super().__init__()
        self.known = known


class _Stopping:
    """Stands where a block expects its cache: takes its keys and values, and ends the block."""

    def __init__(self, cache: object) -> None:
        self._cache = cache

    def update(self, keys: Tensor, values: Tensor, layer: int, *_more: object) -> KeysAndValues:
        if isinstance(self._cache, Cache):
            keys, values = self._cache.update(keys, values, layer)
        raise _StoppedError((keys, values))


class _Knowing:
    """Stands there in turn: gives what is known, whatever it is told."""

    def __init__(self, known: KeysAndValues) -> None:
        self._known = known

    def update(self, _keys: Tensor, _values: Tensor, *_more: object) -> KeysAndValues:
        return self._known


@contextmanager
def only_at(block: nn.Module, readouts: Tensor) -> Iterator[None]:
    """Have a block compute the readout columns alone; its output is zero at all others.

    A block that asks no cache, or is given no mask of [rows, 1, queries, keys], computes everything
    as ever.

    Args:
        block: the last one.
        readouts: [rows, branches] int64, places in the columns that it is given.
    """
    whole: Callable[..., Output] = block.forward
    signature = inspect.signature(whole)
    cache = next((name for name in _CACHES if name in signature.parameters), "")

    def at_readouts(*args: object, **kwargs: object) -> Output:
        given = _by_name(signature, args, kwargs)
        hidden, mask = given["hidden_states"], given.get("attention_mask")
        if not (isinstance(hidden, Tensor) and isinstance(mask, Tensor) and mask.ndim == 4):
            return whole(*args, **kwargs)
        try:
            return whole(**given | {cache: _Stopping(given.get(cache))})
        except _StoppedError as stopped:
            known = _Knowing(stopped.known)
        there = {name: _at(name, value, readouts) for name, value in given.items()}
        out = whole(**there | {cache: known})
        first, *rest = out if isinstance(out, tuple) else (out,)
        if first is None:
            raise TypeError("a block returned no residual stream")
        spread = _spread(first, readouts, hidden.shape[1])
        return (spread, *rest) if isinstance(out, tuple) else spread

    with forward_replaced(block, at_readouts) if cache else nullcontext():
        yield


@contextmanager
def forward_replaced(module: nn.Module, forward: Callable[..., Output]) -> Iterator[None]:
    """Have a module call something else for a while."""
    # An instance attribute shadows the class's method, and the module keeps all its others.
    module.forward = forward
    try:
        yield
    finally:
        del module.forward


def _by_name(
    signature: inspect.Signature, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> dict[str, object]:
    """What a function is called with, by the names of its parameters."""
    bound = signature.bind(*args, **kwargs)
    named = dict(zip(signature.parameters, bound.args, strict=False))
    return named | bound.kwargs


def _at(name: str, value: object, readouts: Tensor) -> object:
    """What a block is given beside the residual stream, of the readout columns alone."""
    if isinstance(value, tuple):  # the sines and cosines of rotary positions
        return tuple(_at(name, one, readouts) for one in value)
    if not isinstance(value, Tensor):
        return value
    if name == "attention_mask":
        keys = value.shape[-1]
        rows = value.gather(2, readouts[:, None, :, None].expand(-1, -1, -1, keys))
        return pad(rows, (0, beyond(keys)))[..., :keys]  # it lies as fused kernels read it
    if name in ("hidden_states", "position_embeddings"):
        return value.gather(1, readouts.unsqueeze(-1).expand(-1, -1, value.shape[-1]))
    return value.gather(1, readouts) if name == "position_ids" else value


def _spread(out: Tensor, readouts: Tensor, columns: int) -> Tensor:
    """[rows, branches, d_model] -> [rows, columns, d_model], zero but at the readouts."""
    zeros = out.new_zeros(out.shape[0], columns, out.shape[-1])
    index = readouts.unsqueeze(-1).expand_as(out)
    # Two texts may be read at one column; `scatter` would count its gradient twice.
    return zeros.scatter_reduce(1, index, out, "mean", include_self=False)
