"""The made-up index of `scored`, and readers of it that are closed after the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.reader import IndexReader
from engine.heuristics import Heuristic
from tests.engine.cache.opened import Open
from tests.engine.cache.scored import make_index


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return make_index(tmp_path)


@pytest.fixture
def opened(paths: IndexPaths) -> Iterator[Open]:
    with ExitStack() as closing:

        def open_it(
            run: str | None = None, heuristics: tuple[Heuristic, ...] | None = None
        ) -> IndexReader:
            reader = open_reader(paths, run=run, heuristics=heuristics)
            closing.callback(reader.close)
            return reader

        yield open_it
