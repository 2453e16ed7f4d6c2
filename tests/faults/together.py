"""Many processes on one cache: readers, indexes that extend, two that mark and pin, runs scored.

    python -m tests.faults.together ROLE CACHE SECONDS NUMBER

is one of them; it prints how often it did its work, and how often it was told that another holds
the file. Whatever else it raises is an error of the crowd's.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.pairs import open_pairs
from engine.cache.records import Query
from engine.cache.triage import TriageFile
from engine.cache.triage_line import Triage, parse_line
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.hh.source import SourceOptions, open_sources

NAME = "tiny"


@dataclass(frozen=True, slots=True)
class Crowd:
    """What came of it."""

    processes: int
    acts: int
    told: int
    """Second writers that were told who holds the file, and changed nothing."""
    errors: int
    lost_marks: int
    lost_pins: int
    scored: int
    """Runs that were scored to their end."""


def read(paths: IndexPaths, number: int, turn: int) -> None:
    """Open the index, look at the overview, a list, a pair and everybody's pins."""
    reader = open_reader(paths)
    try:
        reader.overview()
        ids = reader.ids(Query(kind=None))
        reader.pair(int(ids[(number + turn) % len(ids)]))
        reader.all_pins()
    finally:
        reader.close()


def extend(paths: IndexPaths, number: int, turn: int) -> None:
    """Add one source of three pairs."""
    file = paths.cache / f"more-{number}-{turn}.jsonl"
    text = f"\n\nHuman: {number} {turn}?\n\nAssistant: "
    record = {"chosen": f"{text}I don't know.", "rejected": f"{text}Yes."}
    file.write_text("".join(json.dumps(record) + "\n" for _ in range(3)), encoding="utf-8")
    index_sources(paths, open_sources(str(file), SourceOptions()))


def mark(paths: IndexPaths, number: int, turn: int) -> None:
    """Mark a pair and pin a feature that only this process does, all of it in one user's file."""
    store = open_pairs(paths)
    try:
        ids = store.ids_where("TRUE", [])
        pair = store.pairs([ids[(2 * turn + number) % 40]])[0]
    finally:
        store.close()
    file = TriageFile(paths.triage, "somebody")
    file.mark(pair, f"mark-{number}-{turn}")
    file.pin(_PINNED, "sae", number * _TURNS + turn, pinned=True)


def measure(paths: IndexPaths, number: int, turn: int) -> None:
    """Score what the index holds by now, with the models beside the cache."""
    from engine.measure.score import score  # torch, which nobody else here loads
    from tests.faults.kills import request_for

    score(request_for(paths.cache.parent, paths), lambda _: None)


ROLES: dict[str, Callable[[IndexPaths, int, int], None]] = {
    "read": read,
    "extend": extend,
    "mark": mark,
    "score": measure,
}
_PINNED = Heuristic("url", "https://")
_TURNS = 1 << 20
"""More than any process has time for."""
_HELD = "it is being written by process "
"""How a second writer is told; the holder's number and machine follow."""


def crowd(cache: Path, seconds: float, *, readers: int, scorers: int = 0) -> Crowd:
    """Let them all loose on the index `tiny` of a cache, for so long.

    Args:
        cache: the cache folder; where there are scorers, a PM and an SAE lie beside it.
        seconds: how long.
        readers: how many browse; two processes extend the index, and two mark and pin.
        scorers: how many score, all of them the same run.
    """
    roles = ["read"] * readers + ["extend"] * 2 + ["mark"] * 2 + ["score"] * scorers
    asked = [
        [sys.executable, "-m", "tests.faults.together", role, str(cache), str(seconds), str(number)]
        for number, role in enumerate(roles)
    ]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for command in asked
    ]
    acts = told = errors = 0
    by_role = dict.fromkeys(ROLES, 0)
    for role, process in zip(roles, started, strict=True):
        out, err = process.communicate()
        errors += process.returncode != 0
        done, refused = map(int, (out or "0 0").split())
        acts, told = acts + done, told + refused
        by_role[role] += done
        if process.returncode:
            sys.stderr.write(err)
    folder, marked = IndexPaths(cache, NAME).triage, by_role["mark"]
    lines = map(parse_line, (folder / "somebody.jsonl").read_bytes().splitlines())
    kept = {line.mark for line in lines if isinstance(line, Triage)}
    (pinned,) = TriageFile(folder, "somebody").pins().values()
    lost_marks, lost_pins = marked - len(kept), marked - len(pinned.features)
    return Crowd(len(started), acts, told, errors, lost_marks, lost_pins, by_role["score"])


def main() -> int:
    """Play one role until the time is over."""
    role, cache, seconds, number = sys.argv[1:]
    paths = IndexPaths(Path(cache), NAME)
    end = time.monotonic() + float(seconds)
    turn = told = 0
    while turn + told == 0 or time.monotonic() < end:
        try:
            ROLES[role](paths, int(number), turn)
            turn += 1
        except UserError as error:
            if not error.what.startswith(_HELD):
                raise
            told += 1
            time.sleep(0.01)
    sys.stdout.write(f"{turn} {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
