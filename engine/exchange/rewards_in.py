"""Rewards that come in: every one checked against the index before a run is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.cache.imported import Rewards
from engine.cache.pairs import PairStore
from engine.errors import UserError
from engine.exchange.reward_files import Given
from engine.hh import pair_id

_LISTED = 5
_KEYS = "SELECT id, content_hash FROM pairs ORDER BY id"

Ids = npt.NDArray[np.int64]


def checked_rewards(store: PairStore, given: Given, path: Path) -> Rewards:
    """The rewards with the pairs they are of, in the order of their ids.

    Raises:
        UserError: rewards that are no finite numbers, rows that the index does not have or that
            come twice, texts that are others here, or as many rewards as there are no pairs.
    """
    _finite(given)
    with store.cursor() as cursor:
        known = cursor.execute(_KEYS).fetchnumpy()
    known_ids = np.asarray(known["id"], np.int64)
    ids = known_ids if given.rows is None else _ids(store, given, given.rows)
    if given.rows is None:
        _as_many(store, given, known_ids, path)
    _refuse(
        given,
        np.flatnonzero(~np.isin(ids, known_ids)),
        "this index has no such pair",
        "Index what they were measured on first, or leave these rows out.",
    )
    order = np.argsort(ids, kind="stable")
    again = np.flatnonzero(np.diff(ids[order]) == 0)
    _refuse(given, order[again + 1], "its pair has a reward already", "Keep one of them.")
    if given.hashes is not None:
        here = np.asarray(known["content_hash"])[np.searchsorted(known_ids, ids)]
        other = [
            at
            for at, (said, found) in enumerate(zip(given.hashes, here, strict=True))
            if said is not None and said != found
        ]
        _refuse(
            given,
            other,
            "its text is another one here",
            "The rewards are in another order, or of other pairs: name the right rows.",
        )
    return Rewards(ids[order], given.chosen[order], given.rejected[order])


def _finite(given: Given) -> None:
    for side, rewards in (("chosen", given.chosen), ("rejected", given.rejected)):
        _refuse(
            given,
            np.flatnonzero(~np.isfinite(rewards.astype(np.float32))),
            f"its reward of {side} is no finite number",
            "Measure these pairs again, or leave their rows out.",
        )


def _as_many(store: PairStore, given: Given, known: Ids, path: Path) -> None:
    """Without rows the order of the index is meant, and a reward for each of its pairs."""
    if given.sources is not None or len(given.chosen) != len(known):
        raise UserError(
            f"it holds {len(given.chosen):,} rewards and names no rows, and the index has"
            f" {store.count():,} pairs",
            where=str(path),
            todo="Add a column or tensor `row`: the 0-based place of each pair in its split.",
        )


def _ids(store: PairStore, given: Given, rows: Ids) -> Ids:
    if given.sources is None:
        return np.asarray(pair_id(_only(store, None, None, given, 0), 0) + rows)
    numbers = {
        named: _only(store, *named, given, given.sources.index(named))
        for named in dict.fromkeys(given.sources)
    }
    starts = np.array([pair_id(numbers[named], 0) for named in given.sources], np.int64)
    return np.asarray(starts + rows)


def _only(store: PairStore, source: str | None, split: str | None, given: Given, at: int) -> int:
    """The number of the one source that is meant."""
    found = [
        info
        for info in store.sources.values()
        if source in (None, info.source) and split in (None, info.split)
    ]
    if len(found) == 1:
        return found[0].number
    there = ", ".join(f"{info.source}:{info.split}" for info in store.sources.values())
    raise UserError(
        "its row could be of several sources" if found else "this index has no such source",
        where=given.where(at),
        todo=f"Say in columns `source` and `split` which one. There are: {there}.",
    )


def _refuse(given: Given, wrong: Ids | Sequence[int], what: str, todo: str) -> None:
    if len(wrong) == 0:
        return
    listed = "; ".join(_told(given, int(at)) for at in wrong[:_LISTED])
    more = len(wrong) - _LISTED
    rest = f"; and {more:,} more" if more > 0 else ""
    raise UserError(f"{what}: {listed}{rest}", todo=todo)


def _told(given: Given, at: int) -> str:
    row = "" if given.rows is None else f" (row {given.rows[at]})"
    return f"{given.where(at)}{row}"
