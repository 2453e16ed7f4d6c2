"""Triage while an index is open: the user's own, which may be added to, and that of others."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from engine.cache.keys import keys_of
from engine.cache.pair_records import Said, Undone
from engine.cache.pairs import PairStore
from engine.cache.pins import UserPins, pins_of
from engine.cache.triage import TriageFile, user_name
from engine.cache.triage_line import Pins, Triage
from engine.heuristics import Heuristic
from engine.hh import Pair, PairName, pair_id

IMPORTED = ".imported"
"""Ends the name of a file of marks that another user made elsewhere; no user's name has a dot."""


class Marks:
    """The last word of each user on each pair. Safe to share by threads.

    A word counts while the pair's text is the one it was said of. Every question sees what other
    processes have appended by then.
    """

    def __init__(self, store: PairStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._lock = threading.Lock()
        self._user = user_name()
        self._own = TriageFile(folder, self._user)
        self._others: dict[str, TriageFile] = {}

    def mark(self, pair: Pair, mark: str | None, *, hidden: bool) -> None:
        """Append a mark; the note stays.

        Raises:
            UserError: the file cannot be written.
        """
        with self._lock:
            self._own.mark(pair, mark, hidden=hidden)

    def note(self, pair: Pair, note: str | None) -> None:
        """Append a note; the mark stays.

        Raises:
            UserError: the file cannot be written.
        """
        with self._lock:
            self._own.note(pair, note)

    def undo(self) -> Undone | None:
        """Take back the last change; None where there is none left.

        Raises:
            UserError: the file cannot be written.
        """
        with self._lock:
            made = self._own.undo()
        if made is None:
            return None
        found = list(self._standing([made]))
        return Undone(str(made.name), found[0][0] if found else None, made.mark, made.note)

    def of(self, names: Iterable[PairName]) -> dict[PairName, Triage]:
        """What the user said of some pairs; the caller guards it by the pairs' hashes."""
        with self._lock:
            said = self._own.read()
            return {name: said[name] for name in names if name in said}

    def others(self, pair: Pair) -> tuple[Said, ...]:
        """What others said of a pair with its text, by user."""
        with self._lock:
            files = self._others_files()
            said = [(user, file.read().get(pair.name)) for user, file in files.items()]
        return tuple(
            Said(user, made.mark, made.note)
            for user, made in said
            if made is not None
            and made.content_hash == pair.content_hash
            and (made.mark is not None or made.note is not None)
        )

    def by_id(self) -> dict[int, str]:
        """The user's mark on every marked pair of the index."""
        with self._lock:
            said = list(self._own.read().values())
        return {at: made.mark for at, made in self._standing(said) if made.mark is not None}

    def words(self) -> dict[str, list[Triage]]:
        """The last words of every user, on whatever pairs; the user's own first."""
        with self._lock:
            return {user: list(file.read().values()) for user, file in self._files().items()}

    def everyones(self) -> dict[str, dict[int, Triage]]:
        """The standing words of every user by pair id, the user's own first."""
        return {user: dict(self._standing(made)) for user, made in self.words().items()}

    def pin(self, heuristic: Heuristic, sae_hash: str, feature: int, *, pinned: bool) -> None:
        """Pin a feature for a heuristic, or take its pin back; the other pins stay.

        Raises:
            UserError: the file cannot be written.
        """
        with self._lock:
            self._own.pin(heuristic, sae_hash, feature, pinned=pinned)

    def pins(self, sae_hash: str) -> UserPins:
        """What the user pinned of one SAE."""
        with self._lock:
            return UserPins(self._user, pins_of(self._own, sae_hash), self._own.path)

    def pins_of_others(self, sae_hash: str) -> list[UserPins]:
        """What others pinned of it, by user."""
        with self._lock:
            return [
                UserPins(user, pins_of(file, sae_hash), file.path)
                for user, file in self._others_files().items()
            ]

    def all_pins(self) -> dict[str, list[Pins]]:
        """All that every user has pinned by now, of whatever SAE; the user's own first."""
        with self._lock:
            return {
                user: [said for said in file.pins().values() if said.features]
                for user, file in self._files().items()
            }

    def _files(self) -> dict[str, TriageFile]:
        return {self._user: self._own, **self._others_files()}

    def _others_files(self) -> Mapping[str, TriageFile]:
        """The others' files by user; their names are looked up anew, since users come."""
        users = sorted(path.stem for path in self._folder.glob("*.jsonl"))
        self._others = {
            user: self._others.get(user) or TriageFile(self._folder, user)
            for user in users
            if user != self._user
        }
        return self._others

    def _standing(self, said: list[Triage]) -> Iterator[tuple[int, Triage]]:
        """Those words that are of pairs of this index as they are, by pair id."""
        numbers = {(info.source, info.split): info.number for info in self._store.sources.values()}
        placed = {
            pair_id(numbers[made.name[:2]], made.row): made
            for made in said
            if made.name[:2] in numbers
        }
        hashes = keys_of(self._store, list(placed)) if placed else {}
        for identifier, made in placed.items():
            key = hashes.get(identifier)
            if key is not None and key.content_hash == made.content_hash:
                yield identifier, made
