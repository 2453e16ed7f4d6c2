"""The planted index, made once."""

from __future__ import annotations

import pytest

from engine.cache.layout import IndexPaths
from tests.engine.discovery.planted import make_planted


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> IndexPaths:
    return make_planted(tmp_path_factory.mktemp("planted"))
