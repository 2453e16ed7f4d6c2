"""A label that several PMs contradict with confidence is suspect; that one PM does is no reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from engine.cache.called_wrong import called_wrong
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.pairs import open_pairs
from engine.cache.records import Query
from engine.cache.sealed import run_path
from tests.engine.cache import scored
from tests.engine.cache.scored import id_of, make_index, manifest, seal


def wrong(paths: IndexPaths) -> frozenset[int]:
    store = open_pairs(paths)
    found = called_wrong(paths, store)
    store.close()
    return found


SUSPECT = Query(kind=None, suspect="yes")


def test_two_pms_that_agree_against_the_label_make_it_suspect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 4 has a margin of -2 under either PM, row 11 one of -0.5: wrong, without confidence."""
    paths = make_index(tmp_path)
    seal(paths)
    assert wrong(paths) == frozenset()
    seal(paths, hook="h.1")  # the same PM, at another layer
    assert wrong(paths) == frozenset()

    other = manifest("h.2")
    other = replace(other, config=replace(other.config, pm_hash="another"))
    monkeypatch.setattr(scored, "manifest", lambda hook: other)
    seal(paths)
    assert wrong(paths) == {id_of(4)}
    reader = open_reader(paths)
    assert set(reader.ids(SUSPECT).tolist()) == {id_of(0), id_of(4)}
    assert reader.pair(id_of(4)).flags == (
        "label-suspect: several PMs call it wrong with confidence",
    )
    assert reader.pair(id_of(11)).flags == ()
    reader.close()


def test_a_run_that_cannot_be_read_suspects_nothing(tmp_path: Path) -> None:
    paths = make_index(tmp_path)
    seal(paths)
    seal(paths, hook="h.1")
    damaged = run_path(paths, manifest("h.1").config.run)
    damaged.write_bytes(b"no database")
    assert wrong(paths) == frozenset()
    with duckdb.connect() as connection, pytest.raises(duckdb.Error):
        connection.execute(f"ATTACH '{damaged}' AS broken (READ_ONLY)")
