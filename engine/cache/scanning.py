"""A whole index is looked through for a pattern; a regular expression where it can be stopped."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.cache.layout import IndexPaths
from engine.cache.looked_through import ROW, Part, look_through
from engine.cache.pairs import ALL, PairStore, open_pairs
from engine.errors import UserError
from engine.heuristics import Heuristic, Matcher, compile_heuristic
from engine.heuristics.census import Counts
from engine.shapes import build

STARTED = 10.0
EACH = 1e-4
"""Seconds that a regular expression gets from the browser, for itself and for each pair: six times
what one without a text to look for first took on two cores."""
SHARED = 40_000
"""Pairs from which one more process is worth its start."""
_PROCESSES = 4
_LOOKS = 0.2
"""Seconds between two looks at whether the answer is still waited for."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """The census of an index by one pattern, and where its bearers hold it."""

    counts: Counts
    spans: npt.NDArray[np.void]
    """Of each span id, on_chosen, context (its length), first and last, in characters of the
    response."""

    def columns(self) -> dict[str, npt.NDArray[np.generic]]:
        """One array a column, as DuckDB takes them without Arrow."""
        return {name: np.ascontiguousarray(self.spans[name]) for name in ROW.names or ()}


def scan(
    paths: IndexPaths,
    store: PairStore,
    matcher: Matcher,
    unwanted: threading.Event | None = None,
) -> Scanned:
    """Look through all pairs of an index.

    A regular expression may take a text for ever, and keeps the whole process from anything else
    meanwhile. In a main thread it is given up; from any other, such as the browser's, it is tried
    in processes of its own, which share the pairs.

    Args:
        paths: the index.
        store: its pairs.
        matcher: the pattern.
        unwanted: set, from any thread, once the answer is not waited for any more.

    Raises:
        UserError: a regular expression takes too long on a text, or the answer is not wanted any
            more, or the index is damaged.
    """
    if matcher.heuristic.regex and threading.current_thread() is not threading.main_thread():
        parts = _elsewhere(paths, store, matcher.heuristic, unwanted)
    else:
        parts = [look_through(store, matcher, ALL)]
    chosen = sum(part.chosen for part in parts)
    rejected = sum(part.rejected for part in parts)
    both = sum(part.both for part in parts)
    counts = Counts(chosen, rejected, both, store.count() - chosen - rejected - both)
    return Scanned(counts, np.concatenate([part.spans for part in parts]))


def _elsewhere(
    paths: IndexPaths, store: PairStore, heuristic: Heuristic, unwanted: threading.Event | None
) -> list[Part]:
    """The same by child processes, each with a share of the pairs."""
    parts = min(os.cpu_count() or 1, _PROCESSES, 1 + store.count() // SHARED)
    patience = STARTED + store.count() * EACH
    until = time.monotonic() + patience
    failures: list[UserError] = []

    def given_up() -> UserError | None:
        """Why nobody waits for an answer any more, if so."""
        if failures:
            return failures[0]
        if store.leaving.is_set():
            return UserError("the index was left while a pattern was counted")
        if unwanted is not None and unwanted.is_set():
            return UserError(f"{heuristic.pattern!r} is not counted any more")
        if time.monotonic() > until:
            return UserError(
                f"{heuristic.pattern!r} is not through the index after {patience:.0f} s",
                where=f'heuristic "{heuristic.name}"',
                todo="Look for a text, or count it with `outvoted census --regex`.",
            )
        return None

    def answer(part: int) -> Part:
        asked = Asked(str(paths.cache), paths.name, store.sources_hash, heuristic, part, parts)
        try:
            return _part(json.dumps(asdict(asked)).encode(), given_up)
        except UserError as error:
            failures.append(error)
            raise

    with ThreadPoolExecutor(parts) as pool:
        answers = [pool.submit(answer, part) for part in range(parts)]
    if failures:
        raise failures[0]
    return [each.result() for each in answers]


def _part(request: bytes, given_up: Callable[[], UserError | None]) -> Part:
    """One child's answer: a JSON line, and an array behind it."""
    status, said = _answer(request, given_up)
    line, _, spans = said.partition(b"\n")
    if status != 0 or not line:
        raise UserError("the process that counts a pattern was lost", todo="Try it again.")
    told = json.loads(line)
    if "error" in told:
        raise UserError(**told["error"])
    return Part(**told["counts"], spans=np.load(io.BytesIO(spans), allow_pickle=False))


def _answer(request: bytes, given_up: Callable[[], UserError | None]) -> tuple[int, bytes]:
    """Exit status and stdout of the child; it is killed where its answer is given up."""
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
            if (why := given_up()) is not None:
                child.kill()
                raise why


@dataclass(frozen=True, slots=True)
class Asked:
    """What the child process reads from its stdin."""

    cache: str
    name: str
    sources: str
    heuristic: Heuristic
    part: int
    parts: int


def main() -> None:
    """The child process."""
    asked = build(Asked, json.load(sys.stdin))
    try:
        found = _asked_for(asked)
    except UserError as error:
        told = {"what": error.what, "where": error.where, "todo": error.todo}
        sys.stdout.write(json.dumps({"error": told}) + "\n")
        return
    counts = {"chosen": found.chosen, "rejected": found.rejected, "both": found.both}
    sys.stdout.write(json.dumps({"counts": counts}) + "\n")
    sys.stdout.flush()
    np.save(sys.stdout.buffer, found.spans, allow_pickle=False)


def _asked_for(asked: Asked) -> Part:
    store = open_pairs(IndexPaths(Path(asked.cache), asked.name))
    try:
        if store.sources_hash != asked.sources:
            raise UserError("the index has changed since it was opened", todo="Open it again.")
        matcher = compile_heuristic(asked.heuristic)
        return look_through(store, matcher, (asked.part, asked.parts))
    finally:
        store.close()


if __name__ == "__main__":
    main()
