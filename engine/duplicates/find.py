"""The near-duplicates of an index: signed, proposed by what they share, decided by their texts.

A pair is compared with the first of each group of near-duplicates, and joins the group that it is
most like; so a text that stands there a thousand times costs a thousand comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from engine.cache.duplicates import Duplicate
from engine.cache.pairs import PairStore
from engine.duplicates.alike import Likeness, Shingled, all_shingles, likeness, shingled
from engine.duplicates.shingles import Shingler
from engine.duplicates.signatures import Signer, colliding, new_buckets, stacked
from engine.hh import Pair

_BATCH = 2_048
Progress = Callable[[int], None]
"""Told how many pairs were looked at, now and then."""


@dataclass(frozen=True, slots=True)
class _Member:
    id: int
    like: Likeness
    """The group's first pair."""


@dataclass(slots=True)
class _Group:
    """Near-duplicates of one pair, in the order of their ids."""

    first: int
    shingled: Shingled
    members: list[_Member] = field(default_factory=list)

    def duplicates(self) -> Iterator[Duplicate]:
        """What is to be said of its pairs: who repeats whom, and who contradicts whom."""
        itself = _Member(self.first, Likeness(1.0, swapped=False))
        sides = [
            [member for member in (itself, *self.members) if member.like.swapped is swapped]
            for swapped in (False, True)
        ]
        for own, others in (sides, sides[::-1]):
            for member in own:
                if member is not own[0]:
                    yield _duplicate(member, own[0], "near-duplicate")
                if others:
                    yield _duplicate(member, others[0], "contradicted")


def _duplicate(member: _Member, other: _Member, reason: str) -> Duplicate:
    similarity = min(member.like.similarity, other.like.similarity)
    if reason == "contradicted":
        return Duplicate(member.id, "contradicted", other.id, similarity)
    return Duplicate(member.id, "near-duplicate", other.id, similarity)


def find_duplicates(
    store: PairStore, progress: Progress = lambda pairs: None
) -> tuple[Duplicate, ...]:
    """All near-duplicates of an index, in the order of their ids.

    Args:
        store: its pairs.
        progress: told how many were signed.

    Raises:
        UserError: the index is damaged.
    """
    shingler, signer = Shingler(), Signer()
    ids: list[int] = []

    def signatures() -> Iterator[np.typing.NDArray[np.uint32]]:
        for pair in store.iter_pairs(_BATCH):
            ids.append(pair.id)
            yield signer.sign(all_shingles(pair, shingler))
            if len(ids) % _BATCH == 0:
                progress(len(ids))

    signed = stacked(signatures(), store.count())
    shared = np.flatnonzero(colliding(signed))
    buckets, groups = new_buckets(), dict[int, _Group]()
    for place, pair in zip(shared, _read(store, [ids[at] for at in shared]), strict=True):
        made = shingled(pair, shingler)
        signature = signer.read(signed[place])
        proposed = [groups[key] for key in sorted(buckets.query(signature))]
        likest = max(
            ((likeness(group.shingled, made), group) for group in proposed),
            key=lambda found: found[0].similarity,
            default=None,
        )
        if likest is not None and likest[0].holds:
            likest[1].members.append(_Member(pair.id, likest[0]))
        else:
            groups[pair.id] = _Group(pair.id, made)
            buckets.insert(pair.id, signature, check_duplication=False)
    found = [each for group in groups.values() for each in group.duplicates()]
    return tuple(sorted(found, key=lambda each: (each.id, each.reason)))


def _read(store: PairStore, ids: list[int]) -> Iterator[Pair]:
    for start in range(0, len(ids), _BATCH):
        yield from store.pairs(ids[start : start + _BATCH])
