"""A tiny index with a finished run, made once for all commands."""

from __future__ import annotations

import pytest

from tests.engine.tiny import TinyIndex, make_tiny_index


@pytest.fixture(scope="session")
def tiny_index(tmp_path_factory: pytest.TempPathFactory) -> TinyIndex:
    return make_tiny_index(tmp_path_factory.mktemp("cli"))
