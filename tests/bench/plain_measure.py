"""The full measurement the plain way: transformers, forward hooks, padded batches of eight texts.

Every text is run by itself, and every splice is a full forward. Nothing is imported from the
measuring code; only the SAE's encoder and decoder are ours, on both sides of the comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from engine.models.sae.sae import Sae

BATCH = 8
Edit = Callable[[Tensor], Tensor]


@dataclass(slots=True)
class Figures:
    """By pair id: margins, reconstructed margins, effects of one group, attributions [d_sae]."""

    margin: dict[int, float] = field(default_factory=dict)
    margin_sae: dict[int, float] = field(default_factory=dict)
    effect: dict[int, float] = field(default_factory=dict)
    attribution: dict[int, Tensor] = field(default_factory=dict)

    def add(self, other: Figures) -> None:
        """Take in those of other pairs."""
        self.margin |= other.margin
        self.margin_sae |= other.margin_sae
        self.effect |= other.effect
        self.attribution |= other.attribution


@dataclass(frozen=True, slots=True)
class Text:
    """One side of a pair."""

    pair: int
    sign: int
    """1 chosen, -1 rejected."""
    ids: tuple[int, ...]
    start: int
    """The first response position."""


class Plain:
    """A PM and an SAE as anyone would put them together."""

    def __init__(self, model: PreTrainedModel, block: nn.Module, sae: Sae) -> None:
        self.model = model
        self.block = block
        self.sae = sae
        self.batch = BATCH
        self.device = next(model.parameters()).device

    def margins(self, texts: Sequence[Text]) -> dict[int, float]:
        """Rewards alone."""
        found: dict[int, float] = {}
        for batch in self._batches(texts):
            with torch.no_grad():
                _sum(found, batch, self._rewards(batch, None))
        return found

    def measure(self, texts: Sequence[Text], group: Sequence[int]) -> Figures:
        """Rewards, reconstructed rewards, one group ablated over P, attributions."""
        made = Figures()
        ablated: dict[int, float] = {}
        for batch in self._batches(texts):
            responses = _responses(batch).to(self.device)

            def without(x: Tensor, where: Tensor = responses) -> Tensor:
                active = self.sae.encode(x)[..., list(group)] * where.unsqueeze(-1)
                return x - (active @ self.sae.w_dec[list(group)]).to(x.dtype)

            with torch.no_grad():
                _sum(made.margin, batch, self._rewards(batch, None))
                _sum(made.margin_sae, batch, self._rewards(batch, self._spliced))
                _sum(ablated, batch, self._rewards(batch, without))
            self._attribute(made, batch, responses)
        made.effect = {pair: made.margin[pair] - ablated[pair] for pair in made.margin}
        return made

    def _spliced(self, x: Tensor) -> Tensor:
        return self.sae.decode(self.sae.encode(x)).to(x.dtype)

    def _attribute(self, made: Figures, batch: Sequence[Text], responses: Tensor) -> None:
        kept: list[Tensor] = []

        def keep(x: Tensor) -> Tensor:
            kept.append(x.detach().requires_grad_())
            return kept[0]

        rewards = self._rewards(batch, keep)
        (gradient,) = torch.autograd.grad(rewards.sum(), kept[0])
        with torch.no_grad():
            active = self.sae.encode(kept[0]) * responses.unsqueeze(-1)
            found = (active * (gradient.float() @ self.sae.w_dec.T)).sum(1).cpu()
        for text, row in zip(batch, found, strict=True):
            made.attribution[text.pair] = made.attribution.get(text.pair, 0) + text.sign * row

    def _rewards(self, batch: Sequence[Text], edit: Edit | None) -> Tensor:
        """[texts], read at each text's last token."""
        longest = max(len(text.ids) for text in batch)
        ids = torch.zeros(len(batch), longest, dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for row, text in enumerate(batch):
            ids[row, : len(text.ids)] = torch.tensor(text.ids)
            mask[row, : len(text.ids)] = 1

        def hook(_module: nn.Module, _inputs: object, output: object) -> object:
            if edit is None:
                return output
            if isinstance(output, tuple):
                return (edit(output[0]), *output[1:])
            assert isinstance(output, Tensor)
            return edit(output)

        handle = self.block.register_forward_hook(hook)
        try:
            hidden = self.model.base_model(
                input_ids=ids.to(self.device), attention_mask=mask.to(self.device), use_cache=False
            )
        finally:
            handle.remove()
        last = hidden.last_hidden_state[torch.arange(len(batch)), mask.sum(1) - 1]
        head = self.model.get_submodule("score")
        rewards: Tensor = head(last).squeeze(-1)
        return rewards.float()

    def _batches(self, texts: Sequence[Text]) -> Iterator[Sequence[Text]]:
        for first in range(0, len(texts), self.batch):
            yield texts[first : first + self.batch]


def _responses(batch: Sequence[Text]) -> Tensor:
    """[texts, longest] bool: P."""
    places = torch.arange(max(len(text.ids) for text in batch))
    starts = torch.tensor([[text.start] for text in batch])
    ends = torch.tensor([[len(text.ids)] for text in batch])
    return (places >= starts) & (places < ends)


def _sum(found: dict[int, float], batch: Sequence[Text], rewards: Tensor) -> None:
    for text, reward in zip(batch, rewards.tolist(), strict=True):
        found[text.pair] = found.get(text.pair, 0.0) + text.sign * reward
