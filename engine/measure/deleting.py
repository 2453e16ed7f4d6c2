"""The child process of `outvoted discover --deletion`: patterns deleted from a few bearers each.

A request on stdin, JSON lines on stdout. Torch and the PM live and die here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.cache.bearers import Borne
from engine.cache.layout import IndexPaths
from engine.cache.pairs import open_pairs
from engine.canonical import Json
from engine.demo.place import resolve
from engine.heuristics import Bearing, Heuristic, bearing, compile_heuristic
from engine.hh import SIDES, Pair
from engine.measure.budget import in_batches
from engine.measure.child import Say, answer
from engine.measure.deletion import DeletionRewards, deletion, rewards_without
from engine.measure.prepare import Prepared
from engine.measure.rewarder import Rewarder
from engine.models.dtypes import DTYPES
from engine.models.pm import load_pm
from engine.models.tokens import Readout
from engine.shapes import build
from engine.verdict import bootstrap_mean


@dataclass(frozen=True, slots=True)
class Asked:
    """One pattern, and the pairs to delete it from, as PAIR names them."""

    heuristic: Heuristic
    pairs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for."""

    cache: str
    name: str
    asked: tuple[Asked, ...]
    pm: str
    readout: Readout
    dtype: str
    device: str
    chat_template: str | None
    """In place of the tokenizer's own."""


@dataclass(frozen=True, slots=True)
class DeletedFrom:
    """What deleting one pattern does to a few bearers: r(bearer) - r(bearer without it)."""

    bearers: int
    mean: float
    low: float
    high: float
    control: float | None
    """The mean for a random span as long, over the bearers with room for one."""


def delete_from(reads: Rewarder, heuristic: Heuristic, pairs: Iterable[Pair]) -> DeletedFrom | None:
    """Delete a pattern from the bearers among some pairs; None where there is none."""
    matcher = compile_heuristic(heuristic)
    found = {pair.id: (pair, made) for pair in pairs if (made := bearing(matcher, pair))}
    before = _rewards(reads, [pair for pair, _ in found.values()])
    without = _without(reads, heuristic, found.values())
    effects, controls = [], []
    for identifier, edited in without.items():
        _, bearer = found[identifier]
        reward = before[identifier][SIDES.index(bearer.bearer)]
        effects.append(reward - edited.reward_deleted)
        if edited.reward_control is not None:
            controls.append(reward - edited.reward_control)
    mean = bootstrap_mean(effects, [found[identifier][0].context_hash for identifier in without])
    if mean is None:
        return None
    control = sum(controls) / len(controls) if controls else None
    return DeletedFrom(len(effects), mean.estimate, mean.low, mean.high, control)


def _rewards(reads: Rewarder, pairs: Sequence[Pair]) -> dict[int, list[float]]:
    """Of both sides, by pair."""

    def measure(batch: Sequence[Prepared]) -> dict[int, list[float]]:
        rewards = reads.forward.rewards(reads.pack(batch)).tolist()
        return {made.pair.id: both for made, both in zip(batch, rewards, strict=True)}

    prepared = [reads.prepare(pair) for pair in pairs]
    parts = in_batches(reads.budget, prepared, resumed=False, measure=measure)
    return {pair: both for part in parts for pair, both in part.items()}


def _without(
    reads: Rewarder, heuristic: Heuristic, found: Iterable[tuple[Pair, Bearing]]
) -> dict[int, DeletionRewards]:
    """Of those whose text without the pattern the PM reads, by pair."""
    edited = {
        pair.id: fits
        for pair, made in found
        if (fits := deletion(reads, pair, heuristic, Borne(pair.id, made.bearer, made.spans)))
    }

    def measure(batch: Sequence[Prepared]) -> dict[int, DeletionRewards]:
        ids = [made.pair.id for made in batch]
        return dict(zip(ids, rewards_without(reads, [edited[id_] for id_ in ids]), strict=True))

    texts = [made.prepared for made in edited.values()]
    parts = in_batches(reads.budget, texts, resumed=False, measure=measure)
    return {pair: rewards for part in parts for pair, rewards in part.items()}


def main() -> int:
    """Delete what stdin asks for; the exit status."""
    return answer(_delete, after_failure="Take fewer bearers or another --device.")


def _delete(values: Json, say: Say) -> None:
    for place, made in enumerate(_deleted(build(Request, values, "request"))):
        say("result", {"place": place, "deleted": asdict(made) if made else None})


def _deleted(request: Request) -> Iterator[DeletedFrom | None]:
    store = open_pairs(IndexPaths(Path(request.cache), request.name))
    try:
        pm = load_pm(
            resolve(request.pm),
            dtype=DTYPES[request.dtype],
            device=request.device,
            chat_template=request.chat_template,
        )
        reads = Rewarder(pm, request.readout)
        for asked in request.asked:
            pairs = [store.find(name) for name in asked.pairs]
            yield delete_from(reads, asked.heuristic, pairs)
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(main())
