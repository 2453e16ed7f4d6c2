"""What breaks first when an SAE is not the truth: `python -m tests.bench.planted`.

PMs built by hand and pairs whose verdicts are known (tests/engine/planted), measured with their
true dictionary and with damaged ones. Prints the share of verdicts that stay right, by the verdict
that was planted, what most often comes out instead, and how far the figures that the true
dictionary gives are from arithmetic. Some minutes on two cores.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import torch

from engine.verdict import Verdict
from tests.engine.planted.curve import Point, damaged, farthest, undamaged
from tests.engine.planted.damage import damages
from tests.engine.planted.world import WAYS, make_world

MOST_OFF = 1e-5
_COLUMNS = tuple(verdict for verdict in Verdict if verdict is not Verdict.UNMEASURED)


def main() -> None:
    """Measure every damage on every planted PM, and print the table as Markdown."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        worlds = [make_world(Path(folder) / way.architecture, way) for way in WAYS]
        first = undamaged(worlds)
        print(_line("damage", "", *(f"`{verdict}`" for verdict in _COLUMNS), "all", "instead"))
        print(_line(*["---"] * (len(_COLUMNS) + 4)))
        print(
            _line(
                "pairs",
                "",
                *(str(first.planted[verdict]) for verdict in _COLUMNS),
                str(first.planted.total()),
                "",
            )
        )
        print(_row(first), flush=True)
        for damage in damages():
            print(f"{damage.kind} {damage.strength:.0%}", file=sys.stderr)
            print(_row(damaged(worlds, damage)), flush=True)
        print("\nWith the true dictionary, figures are off by at most (mark: 1e-5)")
        for name, off in farthest(worlds).items():
            print(f"{name:<20} {off:.1e} {'holds' if off <= MOST_OFF else 'MISSED'}")


def _row(point: Point) -> str:
    shares = (f"{point.share(verdict):.0%}" for verdict in _COLUMNS)
    strength = f"{point.strength:.0%}" if point.strength else ""
    return _line(point.kind, strength, *shares, f"{point.share():.0%}", _instead(point))


def _instead(point: Point) -> str:
    """The two most frequent mistakes."""
    return ", ".join(
        f"{count} {right} → {found}" for (right, found), count in point.instead.most_common(2)
    )


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
