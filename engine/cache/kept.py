"""The heuristics of an index that the user kept while browsing it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.cache.layout import IndexPaths
from engine.heuristics import Heuristic
from engine.heuristics.file import load_heuristics


def with_kept(paths: IndexPaths, heuristics: Sequence[Heuristic]) -> list[Heuristic]:
    """The heuristics, and behind them the kept ones whose names are not among them.

    Raises:
        UserError: the file of kept heuristics was edited, and is at fault.
    """
    if not paths.kept_heuristics.exists():
        return list(heuristics)
    names = {heuristic.name for heuristic in heuristics}
    kept = load_heuristics(paths.kept_heuristics)
    return [*heuristics, *(made for made in kept if made.name not in names)]
