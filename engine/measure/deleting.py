"""The child process of `outvoted discover --deletion`: patterns deleted from a few bearers each.

A request on stdin, JSON lines on stdout. Torch and the PM live and die here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from engine.cache.bearers import Borne
from engine.cache.layout import IndexPaths
from engine.cache.pairs import open_pairs
from engine.demo.place import resolve
from engine.errors import UserError
from engine.heuristics import Bearing, Heuristic, bearing, compile_heuristic
from engine.hh import SIDES, Pair
from engine.measure.batches import batches
from engine.measure.deletion import DeletionRewards, deletion, rewards_without
from engine.measure.rewarder import Reads, Rewarder
from engine.measure.score import DTYPES
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


@dataclass(frozen=True, slots=True)
class DeletedFrom:
    """What deleting one pattern does to a few bearers: r(bearer) - r(bearer without it)."""

    bearers: int
    mean: float
    low: float
    high: float
    control: float | None
    """The mean for a random span as long, over the bearers with room for one."""


def delete_from(reads: Reads, heuristic: Heuristic, pairs: Iterable[Pair]) -> DeletedFrom | None:
    """Delete a pattern from the bearers among some pairs; None where there is none."""
    matcher = compile_heuristic(heuristic)
    found = {pair.id: (pair, made) for pair in pairs if (made := bearing(matcher, pair))}
    before = _rewards(reads, [pair for pair, _ in found.values()])
    without = _without(reads, heuristic, found.values())
    effects, controls = [], []
    for identifier, (_, bearer) in found.items():
        reward, edited = before[identifier][SIDES.index(bearer.bearer)], without[identifier]
        effects.append(reward - edited.reward_deleted)
        if edited.reward_control is not None:
            controls.append(reward - edited.reward_control)
    mean = bootstrap_mean(effects, [pair.context_hash for pair, _ in found.values()])
    if mean is None:
        return None
    control = sum(controls) / len(controls) if controls else None
    return DeletedFrom(len(effects), mean.estimate, mean.low, mean.high, control)


def _rewards(reads: Reads, pairs: Sequence[Pair]) -> dict[int, list[float]]:
    """Of both sides, by pair."""
    found: dict[int, list[float]] = {}
    for batch in batches([reads.prepare(pair) for pair in pairs], resumed=False):
        rewards = reads.forward.rewards(reads.pack(batch))
        found |= {made.pair.id: rewards[row].tolist() for row, made in enumerate(batch)}
    return found


def _without(
    reads: Reads, heuristic: Heuristic, found: Iterable[tuple[Pair, Bearing]]
) -> dict[int, DeletionRewards]:
    edited = {
        pair.id: deletion(reads, pair, heuristic, Borne(pair.id, made.bearer, made.spans))
        for pair, made in found
    }
    rewards: dict[int, DeletionRewards] = {}
    for batch in batches([made.prepared for made in edited.values()], resumed=False):
        ids = [made.pair.id for made in batch]
        got = rewards_without(reads, [edited[identifier] for identifier in ids])
        rewards |= dict(zip(ids, got, strict=True))
    return rewards


def main() -> int:
    """Delete what stdin asks for; 0, 2 where the user's input is at fault, 130 interrupted."""
    # What libraries print goes to stderr; stdout holds our lines alone.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(kind: str, values: dict[str, object]) -> None:
        lines.write(json.dumps({"type": kind} | values) + "\n")
        lines.flush()

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    try:
        request = build(Request, json.loads(sys.stdin.read()), "request")
        for place, made in enumerate(_deleted(request)):
            say("result", {"place": place, "deleted": asdict(made) if made else None})
    except UserError as error:
        say("error", {"what": error.what, "where": error.where, "todo": error.todo})
        return 2
    except (KeyboardInterrupt, BrokenPipeError):
        return 130
    return 0


def _deleted(request: Request) -> Iterator[DeletedFrom | None]:
    store = open_pairs(IndexPaths(Path(request.cache), request.name))
    try:
        pm = load_pm(resolve(request.pm), dtype=DTYPES[request.dtype], device=request.device)
        reads = Rewarder(pm, request.readout)
        for asked in request.asked:
            pairs = [store.find(name) for name in asked.pairs]
            yield delete_from(reads, asked.heuristic, pairs)
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(main())
