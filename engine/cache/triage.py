"""What one user says of pairs and features: an append-only file, keyed by what lasts."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from engine.cache.lines import appending, write_line
from engine.cache.triage_line import History, Pins, Triage, is_news, parse_line
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.hh import Pair, PairName


def user_name() -> str:
    """The user's name, made fit for a file's."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        name = f"uid-{os.getuid()}"
    return re.sub(r"[^A-Za-z0-9_-]", "_", name) or "user"


def now() -> str:
    """The time as a line of a triage file says it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class TriageFile:
    """One user's file. Every line is a whole state of one pair, or all the features pinned for one
    heuristic; the last one of each counts.

    Lines are only ever appended, whole and under a lock, so that any number of processes of one
    user lose nothing; each sees what the others wrote with its next question. What one line does
    not change (a mark's note, a note's mark) is taken from the file, not from a screen.
    """

    def __init__(self, folder: Path, user: str) -> None:
        self.path = folder / f"{user}.jsonl"
        self._history = History()
        self._pins: dict[tuple[str, str], Pins] = {}
        self._offset = 0
        self._inode: int | None = None

    def mark(self, pair: Pair, mark: str | None, *, hidden: bool = False) -> Triage:
        """Mark a pair, or take its mark back with None; its note stays.

        Args:
            pair: the pair.
            mark: the mark.
            hidden: whether verdict and figures were hidden from the user. The first mark of a
                pair is then kept as the blind one; later marks are made by who has seen them.

        Raises:
            UserError: the file cannot be written.
        """
        with self._appending() as stream:
            made = self._standing(pair)
            if mark is None:
                made = replace(made, mark=None, blind=None)
            else:
                blind = hidden and not self._history.was_marked(made)
                made = replace(made, mark=mark, blind=mark if blind else made.blind)
            return self._write(stream, made)

    def note(self, pair: Pair, note: str | None) -> Triage:
        """Write a note on a pair, or remove it with None; its mark stays.

        Raises:
            UserError: the file cannot be written.
        """
        kept = None if note is None else note.encode("utf-8", "replace").decode()
        with self._appending() as stream:
            return self._write(stream, replace(self._standing(pair), note=kept))

    def undo(self) -> Triage | None:
        """Take back the last change that was not taken back yet, whichever process made it.

        A line is appended that says again what stood before. None: there is nothing to take back.

        Raises:
            UserError: the file cannot be written.
        """
        if not self.path.exists():
            return None
        with self._appending() as stream:
            before = self._history.before_last_change()
            return None if before is None else self._write(stream, before, undo=True)

    def pin(self, heuristic: Heuristic, sae_hash: str, feature: int, *, pinned: bool) -> Pins:
        """Pin a feature for a heuristic beside those that are pinned already, or take its pin back.

        Raises:
            UserError: the file cannot be written.
        """
        with self._appending("pin") as stream:
            standing = self._pins.get((heuristic.key, sae_hash))
            others = set(standing.features if standing else ()) - {feature}
            features = others | {feature} if pinned else others
            made = Pins(heuristic.name, heuristic.key, sae_hash, tuple(sorted(features)), now())
            self._append(stream, made)
            return made

    def add(self, lines: Sequence[Triage | Pins]) -> int:
        """Append lines made elsewhere, with their own times; how many the file lacked.

        One that says what stands already, or is no newer than that, is left out.

        Raises:
            UserError: the file cannot be written.
        """
        with self._appending("import") as stream:
            return sum(self._add(stream, line) for line in lines)

    def _add(self, stream: BinaryIO, line: Triage | Pins) -> bool:
        if isinstance(line, Pins):
            news = is_news(line, self._pins.get(line.pinned_for))
        else:
            news = is_news(line, self._history.said.get(line.name))
        if news:
            self._append(stream, line)
        return news

    def read(self) -> dict[PairName, Triage]:
        """The last word on each pair, as the file is now.

        A line that a crash cut short is passed over. The dict is the file's own: it is not to be
        changed, and grows with the next question.

        Raises:
            UserError: the file is there and cannot be read.
        """
        self._look()
        return self._history.said

    def pins(self) -> dict[tuple[str, str], Pins]:
        """The features pinned for each heuristic and SAE, as the file is now; see `read`.

        Raises:
            UserError: the file is there and cannot be read.
        """
        self._look()
        return self._pins

    def _look(self) -> None:
        try:
            with self.path.open("rb") as stream:
                self._catch_up(stream)
        except FileNotFoundError:
            self._forget()
        except OSError as error:
            raise UserError(
                f"triage marks cannot be read: {error.strerror}",
                where=str(self.path),
                todo="Make the file readable, or move it away.",
            ) from None

    def _standing(self, pair: Pair) -> Triage:
        """What counts for the pair's present text; another text's words do not."""
        said = self._history.said.get(pair.name)
        if said is not None and said.content_hash == pair.content_hash:
            return said
        return Triage(*pair.name, pair.content_hash, None, None, now())

    @contextmanager
    def _appending(self, what: str = "mark") -> Iterator[BinaryIO]:
        """The file, locked, and all that others wrote in it read."""
        try:
            with appending(self.path) as stream:
                self._catch_up(stream)
                yield stream
        except OSError as error:
            raise UserError(
                f"the {what} was not kept: {error.strerror}",
                where=str(self.path),
                todo="Make the folder writable, or name another one with --cache.",
            ) from None

    def _write(self, stream: BinaryIO, state: Triage, *, undo: bool = False) -> Triage:
        made = replace(state, time=now(), undo=undo)
        self._append(stream, made)
        return made

    def _append(self, stream: BinaryIO, made: Triage | Pins) -> None:
        """Append one line; the offset follows, so that it is not read again."""
        write_line(stream, asdict(made))
        self._take(made)
        self._offset = stream.tell()

    def _take(self, made: Triage | Pins) -> None:
        if isinstance(made, Pins):
            self._pins[made.pinned_for] = made
        else:
            self._history.take(made)

    def _catch_up(self, stream: BinaryIO) -> None:
        """Read what was appended since the last look; all of it where the file is another one."""
        status = os.fstat(stream.fileno())
        if status.st_ino != self._inode or status.st_size < self._offset:
            self._forget()
            self._inode = status.st_ino
        if status.st_size == self._offset:
            return
        stream.seek(self._offset)
        data = stream.read()
        whole, newline, last = data.rpartition(b"\n")
        for line in whole.split(b"\n"):
            if (made := parse_line(line)) is not None:
                self._take(made)
        self._offset += len(whole) + len(newline)
        # A last line without its newline is whole where it was written by hand; else it is being
        # written, or never will be.
        if (made := parse_line(last)) is not None:
            self._take(made)
            self._offset += len(last)

    def _forget(self) -> None:
        self._history = History()
        self._pins = {}
        self._offset = 0
        self._inode = None
