"""Pairs left where they are: the same pairs, read from their Parquet file, here or at a URL."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from engine.cache.bearers import bearers
from engine.cache.health import examine
from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.pairs import PairStore, open_pairs
from engine.cache.records import Query
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.hh.source import SourceOptions, open_sources

SORRY = Heuristic("sorry", "sorry")
URL = "memory://bucket/pairs.parquet"


def content(pairs: int = 40) -> bytes:
    """Pairs with characters of one to four bytes before and after the cut; one is no record."""
    asked = [f"\n\nHuman: é{row}😀?\n\nAssistant:" for row in range(pairs)]
    chosen = [f"{text} “{row}” sorry" for row, text in enumerate(asked)]
    rejected = [f"{text} 字{'sorry' * (row % 2)}" for row, text in enumerate(asked)]
    rejected[7] = "no transcript"
    sink = io.BytesIO()
    pq.write_table(pa.table({"chosen": chosen, "rejected": rejected}), sink, row_group_size=8)
    return sink.getvalue()


@contextmanager
def opened(cache: Path, spec: str, *, in_place: bool = True) -> Iterator[PairStore]:
    sources = open_sources(spec, SourceOptions(tranche="t", in_place=in_place))
    index_sources(IndexPaths(cache), sources, skip_bad=True)
    store = open_pairs(IndexPaths(cache))
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pairs' own.parquet"
    path.write_bytes(content())
    return path


@pytest.mark.parametrize("at_url", [False, True])
def test_they_are_the_pairs_that_would_be_copied(tmp_path: Path, file: Path, at_url: bool) -> None:
    spec = str(file)
    if at_url:
        MemoryFileSystem().pipe_file("/bucket/pairs.parquet", content())
        spec = URL
    with (
        opened(tmp_path / "copied", str(file), in_place=False) as copied,
        opened(tmp_path / "left", spec) as left,
    ):
        pairs = tuple(copied.iter_pairs())
        texts = [(pair.id, pair.transcripts, pair.context, pair.tranche) for pair in pairs]
        found = tuple(left.iter_pairs())
        assert texts == [(pair.id, pair.transcripts, pair.context, pair.tranche) for pair in found]
        some = [pair.id for pair in pairs[30:3:-9]]
        assert [pair.id for pair in left.pairs(some)] == some
        assert list(left.iter_responses()) == list(copied.iter_responses())
        assert left.source_hashes() == copied.source_hashes()  # what was measured of them stands
        (theirs,), (ours,) = (
            bearers(IndexPaths(tmp_path / name), store, [SORRY])
            for name, store in (("copied", copied), ("left", left))
        )
        assert ours == theirs
        assert theirs.counts.chosen_only == 20
    stored = tmp_path / "left" / "default" / "sources" / "1.duckdb"
    with duckdb.connect(str(stored), read_only=True) as connection:
        assert "cut" in connection.table("keys").columns
        assert not {"context", "chosen", "rejected"} & set(connection.table("keys").columns)


def test_the_browser_reads_them(tmp_path: Path, file: Path) -> None:
    with opened(tmp_path, str(file)):
        reader = open_reader(IndexPaths(tmp_path), heuristics=[SORRY])
    try:
        ids = reader.ids(Query(heuristic="sorry"))
        rows = reader.rows(ids[:3], Query(heuristic="sorry"))
        assert [row.id for row in rows] == ids[:3].tolist()
        assert reader.pair(int(ids[0])).pair.chosen.endswith("sorry")
    finally:
        reader.close()


def test_a_file_that_is_gone_or_another_is_told(tmp_path: Path, file: Path) -> None:
    with opened(tmp_path, str(file)):
        pass
    whole = file.read_bytes()
    file.unlink()
    with pytest.raises(UserError, match=r"own.parquet, which is gone\n.*--in-place"):
        open_pairs(IndexPaths(tmp_path))
    file.write_bytes(content(41))
    with pytest.raises(UserError, match="has changed since it was indexed"):
        open_pairs(IndexPaths(tmp_path))
    with opened(tmp_path, str(file)) as again:
        assert again.count() == 40
    file.write_bytes(whole)
    os.utime(file, ns=(1, 1))
    with opened(tmp_path, str(file), in_place=False) as copied:
        assert copied.count() == 39
    file.unlink()
    open_pairs(IndexPaths(tmp_path)).close()  # texts were copied now


def test_a_file_that_goes_while_it_is_read_is_told(tmp_path: Path, file: Path) -> None:
    with opened(tmp_path, str(file)) as store:
        file.unlink()
        with pytest.raises(UserError, match="which is gone"):
            store.pairs([store.find("3").id])
    (ailment,) = examine(IndexPaths(tmp_path)).ailments
    assert "is gone" in ailment.what


def test_an_object_that_was_put_anew_is_told(tmp_path: Path) -> None:
    files = MemoryFileSystem()
    files.pipe_file("/bucket/pairs.parquet", content())
    with opened(tmp_path, URL):
        pass
    files.pipe_file("/bucket/pairs.parquet", content(41))
    with pytest.raises(UserError, match=f"{URL}, which has changed"):
        open_pairs(IndexPaths(tmp_path))
    files.rm("/bucket/pairs.parquet")
    with pytest.raises(UserError, match="there is no such file"):
        index_sources(IndexPaths(tmp_path), open_sources(URL, SourceOptions()))


def test_what_cannot_be_left_in_place_is_refused(tmp_path: Path) -> None:
    for name, what in (("a.jsonl", "only a Parquet file"), ("a[1].parquet", "whose path holds")):
        path = tmp_path / name
        path.write_bytes(content())
        with pytest.raises(UserError, match=what), opened(tmp_path / "cache", str(path)):
            pass
    with pytest.raises(UserError, match="nowhere"):
        index_sources(IndexPaths(tmp_path), open_sources("nowhere://a.parquet", SourceOptions()))
