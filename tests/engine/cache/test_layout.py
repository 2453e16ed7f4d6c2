"""Where the cache is, and that no name leads out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cache import layout
from engine.cache.layout import IndexPaths, cache_dir
from engine.errors import UserError


def test_the_option_goes_before_the_environment_and_that_before_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"OUTVOTED_CACHE": "/from/environment"}
    assert cache_dir("/from/option", environment) == Path("/from/option")
    assert cache_dir(None, environment) == Path("/from/environment")
    assert cache_dir(None, {}) == Path(layout.__file__).parents[2] / "cache"
    # Installed, there is no pyproject.toml beside the packages.
    monkeypatch.setattr(layout, "_CHECKOUT", tmp_path)
    assert cache_dir(None, {}).name == "outvoted"


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\\b", "a\x00b", "a\n", "x" * 101])
def test_a_name_stays_in_its_folder(name: str) -> None:
    with pytest.raises(UserError, match="cannot name an index"):
        IndexPaths(Path("cache"), name)
    with pytest.raises(UserError, match="cannot name a run"):
        IndexPaths(Path("cache")).run(name)


def test_source_numbers_are_numbers_in_order(tmp_path: Path) -> None:
    paths = IndexPaths(tmp_path, "hh")
    paths.sources.mkdir(parents=True)
    for name in ("10.duckdb", "2.duckdb", ".3.duckdb.77.part", "notes.duckdb", "²4.duckdb"):
        (paths.sources / name).touch()
    assert paths.source_numbers() == (2, 10)
