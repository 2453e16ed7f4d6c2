"""An index's snapshot: the overview as it was last seen, drawn before the index is opened.

One file an index, `snapshot.json`. It is written after indexing and after sealing, and again by
the browser when what it read differs. A reader trusts nothing in it.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cache.records import HeuristicCard, Overview
from engine.canonical import Json
from engine.errors import UserError
from engine.files import write_text
from engine.shapes import build
from engine.verdict import Verdict

if TYPE_CHECKING:  # it loads platformdirs, and nothing here is slow to start
    from engine.cache.layout import IndexPaths

_VERSION = 1
_KINDS = ("counterexamples", "conforming")


def snapshot_path(paths: IndexPaths) -> Path:
    """The snapshot file of an index."""
    return paths.folder / "snapshot.json"


def refresh_snapshot(paths: IndexPaths) -> None:
    """Write the overview of the newest run, or of no run, as the next first frame.

    Call it after indexing and after sealing. It never fails what it follows: where the index
    cannot be read there is no snapshot, and where it cannot be written to it stays as it is.
    """
    from engine.cache.opening import open_reader  # duckdb, which a first frame does without

    try:
        reader = open_reader(paths)
    except UserError:
        with contextlib.suppress(OSError):
            snapshot_path(paths).unlink(missing_ok=True)
        return
    try:
        keep_snapshot(paths, reader.overview())
    finally:
        reader.close()


def keep_snapshot(paths: IndexPaths, overview: Overview) -> None:
    """Keep an overview for the next first frame, where it differs from what is kept."""
    path = snapshot_path(paths)
    if read_snapshot(path) != overview:
        with contextlib.suppress(OSError):  # a cache that may only be read still answers
            write_snapshot(path, overview)


def write_snapshot(path: Path, overview: Overview) -> None:
    """Write an overview to a file of its own."""
    write_text(path, json.dumps({"version": _VERSION, "overview": asdict(overview)}))


def read_snapshot(path: Path) -> Overview | None:
    """The overview that was kept; None where there is none, or it is not one of ours."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("version") != _VERSION:
            return None
        return _overview(document.get("overview"))
    except (OSError, ValueError, RecursionError):
        return None


def _overview(values: Json) -> Overview:
    if not isinstance(values, dict) or not isinstance(values.get("heuristics"), list):
        raise ValueError("it is no overview")
    # The first snapshots tell of no unfinished run.
    bare = build(Overview, {"so_far": None} | values | {"heuristics": []}, "overview")
    return replace(bare, heuristics=tuple(_card(card) for card in values["heuristics"]))


def _card(values: Json) -> HeuristicCard:
    """`build` knows no dict by verdict, so those two are put in afterwards."""
    if not isinstance(values, dict):
        raise ValueError("a heuristic is no object")
    bare: dict[str, Json] = {kind: {} for kind in _KINDS}
    card = build(HeuristicCard, values | bare, "heuristic")
    return replace(
        card,
        counterexamples=_counts(values.get("counterexamples")),
        conforming=_counts(values.get("conforming")),
    )


def _counts(values: Json) -> dict[Verdict, int]:
    if not isinstance(values, dict):
        raise ValueError("verdicts are no object")
    if not all(type(count) is int for count in values.values()):
        raise ValueError("a count is no whole number")
    return {Verdict(code): count for code, count in values.items()}
