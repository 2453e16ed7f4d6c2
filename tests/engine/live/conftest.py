"""A tiny index with a run, and a real worker that has its models loaded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from engine.cache.reader import IndexReader
from engine.live.client import LiveRescorer
from engine.live.protocol import Loaded
from engine.live.standing import make_rescorer
from tests.engine.live.talking import COMMAND, Talk, load, talking
from tests.engine.tiny import TinyIndex, make_tiny_index


@pytest.fixture(scope="session")
def tiny_index(tmp_path_factory: pytest.TempPathFactory) -> TinyIndex:
    return make_tiny_index(tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="session")
def reader(tiny_index: TinyIndex) -> IndexReader:
    return tiny_index.read()


@pytest.fixture(scope="package")
def talk(tiny_index: TinyIndex) -> Iterator[Talk]:
    """A worker with the tiny models loaded."""
    with talking() as made:
        made.say(load(tiny_index))
        assert made.hear() == Loaded(1, tiny_index.run)
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(reader: IndexReader) -> AsyncIterator[LiveRescorer]:
    """A running PM: tests of a module share the process, as questions of a session do."""
    asked = make_rescorer(reader, COMMAND, "cpu")
    yield asked
    await asked.close()
