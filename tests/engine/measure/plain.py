"""The judge: plain transformers, each text by itself, and a forward hook where something is cut.

Nothing here packs, pads, batches, caches or resumes, and nothing is imported from engine.measure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from transformers import AutoModelForSequenceClassification, PreTrainedModel

Edit = Callable[[Tensor], Tensor]
"""What a hook makes of the residual stream of one text, [tokens, d_model]."""


class PlainModel:
    """AutoModelForSequenceClassification as anyone would call it, and one of its blocks."""

    def __init__(self, folder: Path, hook: str) -> None:
        load = cast(
            "Callable[..., PreTrainedModel]", AutoModelForSequenceClassification.from_pretrained
        )
        self.model = load(folder, dtype=torch.float32).requires_grad_(False)
        self.model.train(False)
        # Without a pad id the reward is read at the very last token, an appended one too.
        self.model.config.pad_token_id = None
        self.block: nn.Module = self.model.get_submodule(hook)

    def reward(self, ids: Sequence[int], edit: Edit | None = None) -> float:
        """The reward of one text, its residual stream edited at the hook point."""
        with torch.no_grad():
            return float(self.run(ids, edit))

    def run(self, ids: Sequence[int], edit: Edit | None = None) -> Tensor:
        """The same as a tensor that gradients flow to."""

        def hook(_module: nn.Module, _inputs: object, output: object) -> object:
            if edit is None:
                return output
            if isinstance(output, tuple):  # a GPT-J block gives a tuple
                return (edit(output[0][0])[None], *output[1:])
            assert isinstance(output, Tensor)
            return edit(output[0])[None]

        handle = self.block.register_forward_hook(hook)
        try:
            logits: Tensor = self.model(input_ids=torch.tensor([list(ids)])).logits
        finally:
            handle.remove()
        return logits.reshape(())

    def residual(self, ids: Sequence[int]) -> Tensor:
        """[tokens, d_model]: the output of the block."""
        return self.captured(ids)[1]

    def captured(self, ids: Sequence[int]) -> tuple[float, Tensor]:
        """The reward, and the output of the block."""
        kept: list[Tensor] = []

        def keep(x: Tensor) -> Tensor:
            kept.append(x)
            return x

        return self.reward(ids, keep), kept[0]

    def margin(
        self, sides: Sequence[Sequence[int]], edits: Sequence[Edit | None] = (None, None)
    ) -> float:
        """delta of two texts, each with its own edit."""
        chosen, rejected = (self.reward(ids, edit) for ids, edit in zip(sides, edits, strict=True))
        return chosen - rejected


def first_difference(sides: Sequence[Sequence[int]]) -> int:
    """The first position at which two token sequences differ, or the length of the shorter."""
    left, right = sides
    differing = (at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b)
    return next(differing, min(len(left), len(right)))
