"""Outvoted's engine: pairs, heuristics, measurements and verdicts. It answers; it never asks.

In a notebook, `engine.open("default")` opens an index: see docs/notebook.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from engine.heuristics import Heuristic
    from engine.notebook import Index

__all__ = ["open"]


def open(
    name: str = "default",
    *,
    cache: str | Path | None = None,
    run: str | None = None,
    heuristics: str | Path | Sequence[Heuristic] | None = None,
    labels: Mapping[int, str] | None = None,
) -> Index:
    """Open an index to read it: typed records and Arrow tables.

    Args:
        name: the index; `demo` is the one that ships, put into the cache where it is not there.
        cache: where indexes are kept; None: where the command line keeps them.
        run: a run's id, or its beginning; None: the newest one.
        heuristics: what to look at, or a TOML file of it; None: what the run measured.
        labels: what to call the features of the run's SAE.

    Raises:
        engine.errors.UserError: there is no such index or run, or a file of it is damaged.
    """
    from engine.notebook import open_index  # duckdb and pyarrow: a screen starts without them

    return open_index(name, cache, run, heuristics, labels)
