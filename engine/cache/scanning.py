"""A whole index is looked through for a pattern; a regular expression where it can be stopped."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.cache.candidates import candidates
from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore, open_pairs
from engine.errors import UserError
from engine.heuristics import Heuristic, Matcher, Spans, compile_heuristic, side_spans
from engine.heuristics.census import Counts
from engine.heuristics.patience import patient
from engine.hh import Pair
from engine.shapes import build

STARTED = 10.0
EACH = 1e-4
"""Seconds that a regular expression gets from the browser, for itself and for each pair: six times
what one without a text to look for first took on two cores."""
_LOOKS = 0.2
"""Seconds between two looks at whether the answer is still waited for."""

_ROW = np.dtype(
    [("id", "i8"), ("on_chosen", "?"), ("context", "i4"), ("first", "i4"), ("last", "i4")]
)


@dataclass(slots=True)
class Found:
    """Spans as they are found: of a pair's one bearer, one row each."""

    chosen: int = 0
    rejected: int = 0
    both: int = 0
    rows: list[tuple[int, bool, int, int, int]] = field(default_factory=list)

    def take(self, pair: Pair, chosen: Spans, rejected: Spans) -> None:
        """Count a pair, and keep its bearer's spans."""
        if chosen and rejected:
            self.both += 1
            return
        self.chosen += bool(chosen)
        self.rejected += bool(rejected)
        context = len(pair.context)
        self.rows += [
            (pair.id, bool(chosen), context, start - context, end - context)
            for start, end in chosen or rejected
        ]


@dataclass(frozen=True, slots=True)
class Scanned:
    """The census of an index by one pattern, and where its bearers hold it."""

    counts: Counts
    spans: npt.NDArray[np.void]
    """Of each span id, on_chosen, context (its length), first and last, in characters of the
    response."""

    def columns(self) -> dict[str, npt.NDArray[np.generic]]:
        """One array a column, as DuckDB takes them without Arrow."""
        return {name: np.ascontiguousarray(self.spans[name]) for name in _ROW.names or ()}


def scan(paths: IndexPaths, store: PairStore, matcher: Matcher) -> Scanned:
    """Look through all pairs of an index.

    A regular expression may take a text for ever, and keeps the whole process from anything else
    meanwhile. In a main thread it is given up; from any other, such as the browser's, it is tried
    in a process of its own.

    Raises:
        UserError: a regular expression takes too long on a text, or the index is damaged.
    """
    regex = matcher.heuristic.regex
    if regex and threading.current_thread() is not threading.main_thread():
        return _elsewhere(paths, store, matcher.heuristic)
    with patient(matcher) if regex else nullcontext(matcher) as tried:
        found = Found()
        for pair in candidates(store, tried):
            found.take(pair, *side_spans(tried, pair))
    neither = store.count() - found.chosen - found.rejected - found.both
    counts = Counts(found.chosen, found.rejected, found.both, neither)
    return Scanned(counts, np.array(found.rows, dtype=_ROW))


def _elsewhere(paths: IndexPaths, store: PairStore, heuristic: Heuristic) -> Scanned:
    """The same by a child process: one JSON line comes back, and an array behind it."""
    asked = {
        "cache": str(paths.cache),
        "name": paths.name,
        "sources": store.sources_hash,
        "heuristic": asdict(heuristic),
    }
    status, said = _answer(json.dumps(asked).encode(), store, heuristic)
    line, _, spans = said.partition(b"\n")
    if status != 0 or not line:
        raise UserError("the process that counts a pattern was lost", todo="Try it again.")
    told = json.loads(line)
    if "error" in told:
        raise UserError(**told["error"])
    return Scanned(Counts(**told["counts"]), np.load(io.BytesIO(spans), allow_pickle=False))


def _answer(request: bytes, store: PairStore, heuristic: Heuristic) -> tuple[int, bytes]:
    """Exit status and stdout of the child; it is killed where it is late or not waited for."""
    patience = STARTED + store.count() * EACH
    given_up = time.monotonic() + patience
    with subprocess.Popen(
        [sys.executable, "-m", "engine.cache.scanning"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        to_say: bytes | None = request
        while True:
            try:
                said, _ = child.communicate(to_say, timeout=_LOOKS)
            except subprocess.TimeoutExpired:
                to_say = None
            else:
                return child.returncode, said
            if store.leaving.is_set():
                child.kill()
                raise UserError("the index was left while a pattern was counted")
            if time.monotonic() > given_up:
                child.kill()
                raise UserError(
                    f"{heuristic.pattern!r} is not through the index after {patience:.0f} s",
                    where=f'heuristic "{heuristic.name}"',
                    todo="Look for a text, or count it with `outvoted census --regex`.",
                )


@dataclass(frozen=True, slots=True)
class Asked:
    """What the child process reads from its stdin."""

    cache: str
    name: str
    sources: str
    heuristic: Heuristic


def main() -> None:
    """The child process."""
    asked = build(Asked, json.load(sys.stdin))
    try:
        scanned = _asked_for(asked)
    except UserError as error:
        told = {"what": error.what, "where": error.where, "todo": error.todo}
        sys.stdout.write(json.dumps({"error": told}) + "\n")
        return
    sys.stdout.write(json.dumps({"counts": asdict(scanned.counts)}) + "\n")
    sys.stdout.flush()
    np.save(sys.stdout.buffer, scanned.spans, allow_pickle=False)


def _asked_for(asked: Asked) -> Scanned:
    paths = IndexPaths(Path(asked.cache), asked.name)
    store = open_pairs(paths)
    try:
        if store.sources_hash != asked.sources:
            raise UserError("the index has changed since it was opened", todo="Open it again.")
        return scan(paths, store, compile_heuristic(asked.heuristic))
    finally:
        store.close()


if __name__ == "__main__":
    main()
