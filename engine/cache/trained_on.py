"""From what was told of the PM's training to the pairs of an index that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence

from engine.cache.pairs import PairStore
from engine.cache.records import Seen
from engine.cache.trained_rows import parse_rows, trained_rows
from engine.cache.training import Told, Training
from engine.errors import UserError
from engine.hh.trained import read_trained_texts
from engine.hh.tranches import HH_ROWS

_KEYS = "SELECT id, content_hash FROM pairs"
_OF_TRANCHE = "SELECT id FROM pairs WHERE tranche = ?"


def train_on(store: PairStore, told: Told) -> Training:
    """Find what was told among the pairs of an index.

    A pair is `seen` where any of it says so, or where the same two texts, with the same label, are
    seen elsewhere in the index; else `unseen` where any of it speaks of the pair, else `unknown`.

    Raises:
        UserError: a row range, tranche or file is at fault.
    """
    with store.cursor() as cursor:
        hashes: dict[int, str] = dict(cursor.execute(_KEYS).fetchall())
    known: set[int] = set()
    seen: set[int] = set()
    if told.rows:
        found = trained_rows(store, [row for spec in told.rows for row in parse_rows(spec)])
        seen |= found.inside
        known |= found.inside | found.outside
    if told.tranches:
        seen |= _of_tranches(store, told.tranches)
        known |= hashes.keys()
    if told.texts:
        texts = [read_trained_texts(spec) for spec in told.texts]
        seen |= {pair.id for pair in store.iter_pairs() if any(each.hold(pair) for each in texts)}
        known |= hashes.keys()
    repeated = {hashes[identifier] for identifier in seen}
    seen |= {identifier for identifier, held in hashes.items() if held in repeated}
    flags: dict[int, Seen] = dict.fromkeys(sorted(known), "unseen")
    return Training(told, flags | dict.fromkeys(sorted(seen), "seen"))


def _of_tranches(store: PairStore, wanted: Sequence[str]) -> set[int]:
    """The pairs of these tranches; a name after `split:` means that split alone."""
    held = store.tranches()
    found: set[int] = set()
    for name in wanted:
        split, tranche = None, name
        if name not in held and ":" in name:
            split, _, tranche = name.partition(":")
        if tranche not in held and tranche not in HH_ROWS["train"]:
            raise UserError(
                f'there is no tranche "{tranche}"',
                where="--trained-tranches",
                todo=f"This index has {', '.join(held)}.",
            )
        with store.cursor() as cursor:
            ids = cursor.execute(_OF_TRANCHE, [tranche]).fetchall()
        found |= {
            identifier
            for (identifier,) in ids
            if split is None or store.name_of(identifier).split == split
        }
    return found
