"""A user's triage while an index is open: read once, and kept up with what is marked."""

from __future__ import annotations

import threading

from engine.cache.keys import keys_of
from engine.cache.pairs import PairStore
from engine.cache.triage import Triage, TriageFile
from engine.hh import Pair, PairName, pair_id


class Marks:
    """The last word on each pair. Safe to share by threads.

    A word counts while the pair's text is the one it was said of.
    """

    def __init__(self, store: PairStore, file: TriageFile) -> None:
        self._store = store
        self._file = file
        self._lock = threading.Lock()
        self._said: dict[PairName, Triage] = file.read()

    def say(self, pair: Pair, mark: str | None, note: str | None) -> None:
        """Append a mark and note.

        Raises:
            UserError: the file cannot be written.
        """
        with self._lock:
            made = self._file.append(pair, mark, note)
            # A new dict: another thread may be walking through the old one.
            self._said = self._said | {made.name: made}

    def of(self, name: PairName, content_hash: str) -> Triage | None:
        """What was said of a pair with this text."""
        said = self._said.get(name)
        return said if said is not None and said.content_hash == content_hash else None

    def by_id(self) -> dict[int, str]:
        """The mark of every marked pair of the index."""
        numbers = {(info.source, info.split): info.number for info in self._store.sources.values()}
        marked = {
            pair_id(numbers[name[:2]], name.row): (name, said.mark)
            for name, said in self._said.items()
            if said.mark is not None and name[:2] in numbers
        }
        hashes = keys_of(self._store, list(marked))
        return {
            identifier: mark
            for identifier, (name, mark) in marked.items()
            if identifier in hashes and self.of(name, hashes[identifier].content_hash)
        }
