"""`make faults`: the table of what must not happen, in Markdown, on stdout.

    python -m tests.faults [--pairs 16000 160000 1600000] [--fuzz 2000] [--moments 20]

The largest size takes most of the time, and five gigabytes of disk while it lasts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.faults.bombs import tried
from tests.faults.escapes import on_screens, on_stdout, write_index
from tests.faults.fuzz import TARGETS, crashes, inputs
from tests.faults.kills import killed_at, make_request, without_room
from tests.faults.row import HEAD, Row, counted, table
from tests.faults.scale import measured
from tests.faults.together import crowd

_LIMITS = (300, 3_000, 20_000, 60_000, 200_000)
"""Bytes that a file may have, in place of a full disk: no part, some parts, no run."""
_GROWTH = 1.10
"""Of what a pair costs, from one size to the next."""
_MEMORY = (2 << 30) / 1e6
"""MB that a process may hold at its peak, DuckDB and Arrow in it."""
_DONE = {"index": "`index` of", "plan": "census and plan of", "browse": "browsing"}


def main() -> None:
    """Try it all and print the table, line by line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, nargs="+", default=[16_000, 160_000, 1_600_000])
    parser.add_argument("--fuzz", type=int, default=2_000, help="inputs for each reader")
    parser.add_argument("--moments", type=int, default=20, help="kills")
    parser.add_argument("--seconds", type=float, default=60, help="of the crowd")
    args = parser.parse_args()
    print("\n".join(HEAD), flush=True)
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for row in rows(folder, args.pairs, args.fuzz, args.moments, args.seconds):
            print(table([row]).splitlines()[-1], flush=True)
            missed += not row.held
    sys.exit(1 if missed else 0)


def rows(
    folder: Path, pairs: Sequence[int], fuzz: int, moments: int, seconds: float
) -> Iterator[Row]:
    """The table's lines, as they are found."""
    places = {part: folder / part for part in ("kills", "escapes", "scale", "bombs")}
    for place in places.values():
        place.mkdir()
    request = make_request(places["kills"])
    killed = killed_at(request, moments)
    told = f"SIGKILL at random moments, {killed.while_sealing} of them while sealing"
    yield counted(told, killed.moments, "kills", killed.lost, "rows lost")
    broken, lost = without_room(request, _LIMITS)
    yield counted("no room on disk, then room again", len(_LIMITS), "sittings", broken, "crashes")
    yield counted("rows after no room", 1, "run", lost, "rows lost")
    together = crowd(request.paths.cache, seconds, readers=10, scorers=2)
    told = (
        f"{together.processes} processes on one cache: ten read, two index, two mark and pin,"
        f" two score (sealed {together.scored} time{'s' * (together.scored != 1)};"
        f" {together.told:,} times a second writer was told)"
    )
    yield counted(told, together.acts, "acts", together.errors, "errors")
    yield counted("marks of both", together.acts, "acts", together.lost_marks, "marks lost")
    yield counted("pins of both", together.acts, "acts", together.lost_pins, "pins lost")
    bombs = tried(places["bombs"])
    told = f"bombs, absurd sizes, names that lead elsewhere; peak memory {bombs.peak:,.0f} MB"
    sys.stderr.write("".join(f"{line}\n" for line in bombs.got_in))
    yield counted(told, bombs.attempts, "files", len(bombs.got_in), "got in")
    for name, target in TARGETS.items():
        found = sum(crashes(target, data) is not None for data in inputs(target, fuzz, 0))
        yield counted(f"fuzzed: {name}", fuzz, "inputs", found, "crashes")
    hostile = write_index(places["escapes"])
    printed = on_stdout(hostile)
    told = f"escape sequences on stdout, in {printed.views} outputs"
    yield counted(told, printed.sequences, "sequences", printed.passed, "characters passed")
    drawn = on_screens(hostile, 30)
    told = f"escape sequences on {drawn.views} screens"
    yield counted(told, drawn.sequences, "sequences", drawn.passed, "characters passed")
    before: dict[str, float] = {}
    for size in pairs:
        for made in measured(places["scale"], size):
            growth = made.cost / before.get(made.what, made.cost)
            before[made.what] = made.cost
            yield Row(
                f"{_DONE[made.what]} {size:,} synthetic pairs, peak memory {made.peak:,.0f} MB",
                f"{made.rate:,.0f} pairs/s",
                f"{made.cost:,.1f} µs of CPU a pair, x {growth:.2f}",
                growth <= _GROWTH and made.peak <= _MEMORY,
            )


if __name__ == "__main__":
    main()
