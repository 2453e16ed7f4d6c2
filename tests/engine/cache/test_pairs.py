"""An index on disk: built, extended, rebuilt and read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from engine.cache.indexing import Indexed, index_sources
from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore, open_pairs
from engine.errors import UserError
from engine.files import writer_lock
from engine.hh import PairName, pair_id
from engine.hh.source import SourceOptions, open_sources
from tests.engine.cache.scored import make_index


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return IndexPaths(tmp_path / "cache", "hh")


def a_file(path: Path, answers: Sequence[str]) -> Path:
    """A file of pairs; an answer of "" makes a line that is no record."""
    lines = [
        json.dumps(
            {
                "chosen": f"\n\nHuman: Q\n\nAssistant: {answer}",
                "rejected": "\n\nHuman: Q\n\nAssistant: no",
            }
        )
        if answer
        else "{"
        for answer in answers
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def index(paths: IndexPaths, *files: Path, skip_bad: bool = False) -> tuple[Indexed, ...]:
    sources = [source for file in files for source in open_sources(str(file), SourceOptions())]
    return index_sources(paths, sources, skip_bad=skip_bad)


def outcomes(done: Sequence[Indexed]) -> list[tuple[str, int]]:
    return [(indexed.outcome, indexed.info.number) for indexed in done]


def opened(paths: IndexPaths, *files: Path, skip_bad: bool = False) -> PairStore:
    index(paths, *files, skip_bad=skip_bad)
    return open_pairs(paths)


def test_pairs_come_back_as_they_went_in(paths: IndexPaths, tmp_path: Path) -> None:
    file = a_file(tmp_path / "a.jsonl", ["yes’", "nul\x00 and 😀", "'; DROP TABLE pairs"])
    store = opened(paths, file)
    pairs = list(store.iter_pairs(batch=2))
    assert [pair.chosen for pair in pairs] == [" yes’", " nul\x00 and 😀", " '; DROP TABLE pairs"]
    assert pairs[0].name == PairName("a.jsonl", "train", 0)
    assert [pair.id for pair in pairs] == [pair_id(1, row) for row in range(3)]
    assert (store.count(), store.tranches()) == (3, {"a": 3})
    with store.cursor() as cursor:
        hashes = cursor.execute("SELECT content_hash, context_hash FROM pairs").fetchall()
    assert hashes == [(pair.content_hash, pair.context_hash) for pair in pairs]


def test_pairs_by_id_keep_the_order_asked_for(paths: IndexPaths, tmp_path: Path) -> None:
    store = opened(paths, a_file(tmp_path / "a.jsonl", "abcdef"))
    ids = [pair_id(1, row) for row in (4, 0, 2, 0)]
    assert [pair.id for pair in store.pairs(ids)] == ids
    with pytest.raises(UserError, match="no pair with id 7"):
        store.pairs([*ids, 7])


def test_an_index_grows_and_its_ids_stay(paths: IndexPaths, tmp_path: Path) -> None:
    first, second = a_file(tmp_path / "a.jsonl", "ab"), a_file(tmp_path / "b-test.jsonl", "c")
    assert outcomes(index(paths, first)) == [("indexed", 1)]
    before = open_pairs(paths).sources_hash
    assert outcomes(index(paths, first, second)) == [("already indexed", 1), ("indexed", 2)]
    assert open_pairs(paths).sources_hash != before
    assert [pair.chosen for pair in open_pairs(paths).iter_pairs()] == [" a", " b", " c"]

    a_file(first, "xyz")
    assert outcomes(index(paths, first)) == [("rebuilt", 1)]
    assert [pair.chosen for pair in open_pairs(paths).iter_pairs()] == [" x", " y", " z", " c"]


def test_two_files_of_one_name_are_told_apart(paths: IndexPaths, tmp_path: Path) -> None:
    """HH itself lies in four folders, with a train.jsonl.gz in each."""
    first = a_file(tmp_path / "harmless-base" / "train.jsonl", "a")
    second = a_file(tmp_path / "helpful-base" / "train.jsonl", "b")
    done = index(paths, first, second, first)
    assert outcomes(done) == [("indexed", 1), ("indexed", 2)]
    named = done[1].info
    assert named.source == f"train.jsonl-{named.hash[:8]}"
    store = open_pairs(paths)
    assert store.tranches() == {"harmless-base": 1, "helpful-base": 1}
    assert store.find("train.jsonl:train:0").chosen == " a"
    assert store.find(f"{named.source}:train:0").chosen == " b"
    # The same bytes elsewhere are the same source.
    moved = a_file(tmp_path / "old-harmless-base" / "train.jsonl", "a")
    assert outcomes(index(paths, moved)) == [("already indexed", 1)]


def test_what_pair_could_be_is_listed(paths: IndexPaths, tmp_path: Path) -> None:
    store = opened(
        paths, a_file(tmp_path / "a.jsonl", "ab"), a_file(tmp_path / "a-test.jsonl", "c")
    )
    assert store.find("1").name == PairName("a.jsonl", "train", 1)
    assert store.find("test:0").chosen == " c"
    assert store.find("a.jsonl:train:0").chosen == " a"
    with pytest.raises(UserError, match=r"any of these: a.jsonl:train:0, a-test.jsonl:test:0"):
        store.find("0")
    with pytest.raises(UserError, match=r"Its row is in a.jsonl:train:1"):
        store.find("test:1")
    with pytest.raises(UserError, match=r"holds a.jsonl:train \(2 pairs\), a-test.jsonl:test"):
        store.find("9")
    for nonsense in ("", "a", "train:", "-1", "1e3", "²", "9" * 30):
        with pytest.raises(UserError, match="is no row"):
            store.find(nonsense)


def test_skipped_records_keep_their_rows(paths: IndexPaths, tmp_path: Path) -> None:
    file = a_file(tmp_path / "a.jsonl", ["a", "", "c"])
    (done,) = index(paths, file, skip_bad=True)
    assert (done.info.pairs, done.info.skipped) == (2, 1)
    assert "line 2 (row 1): it is not JSON" in done.info.bad_records[0]
    store = open_pairs(paths)
    assert store.find("2").chosen == " c"
    with pytest.raises(UserError, match='no pair "1"'):
        store.find("1")
    assert outcomes(index(paths, file, skip_bad=True)) == [("already indexed", 1)]
    with pytest.raises(UserError, match="--skip-bad"):  # said again, though it is indexed
        index(paths, file)


def test_many_bad_records_are_counted_and_some_listed(paths: IndexPaths, tmp_path: Path) -> None:
    (done,) = index(paths, a_file(tmp_path / "a.jsonl", ["a"] + [""] * 50), skip_bad=True)
    assert (done.info.skipped, len(done.info.bad_records)) == (50, 20)


def test_all_sources_or_none(paths: IndexPaths, tmp_path: Path) -> None:
    old = a_file(tmp_path / "old.jsonl", "a")
    index(paths, old)
    a_file(old, "changed")
    bad = a_file(tmp_path / "bad.jsonl", ["a", ""])
    with pytest.raises(UserError, match=r"bad.jsonl, line 2 \(row 1\)"):
        index(paths, old, a_file(tmp_path / "new.jsonl", "n"), bad)
    assert [pair.chosen for pair in open_pairs(paths).iter_pairs()] == [" a"]
    assert [path.name for path in paths.sources.iterdir()] == ["1.duckdb"]


def test_an_interrupted_writer_leaves_nothing(paths: IndexPaths, tmp_path: Path) -> None:
    def interrupted(name: str, records: int) -> None:
        raise KeyboardInterrupt

    file = a_file(tmp_path / "a.jsonl", ["a"] * 5000)
    with pytest.raises(KeyboardInterrupt):
        index_sources(paths, open_sources(str(file), SourceOptions()), progress=interrupted)
    assert list(paths.sources.iterdir()) == []


def test_a_reader_keeps_its_pairs_while_the_source_is_rebuilt(
    paths: IndexPaths, tmp_path: Path
) -> None:
    file = a_file(tmp_path / "a.jsonl", "ab")
    store = opened(paths, file)
    a_file(file, "xyz")
    rebuild = (
        "import sys; from tui.cli.main import main;"
        " sys.exit(main(['index', sys.argv[1], '--cache', sys.argv[2], '--name', 'hh']))"
    )
    subprocess.run([sys.executable, "-c", rebuild, str(file), str(paths.cache)], check=True)
    assert [pair.chosen for pair in store.iter_pairs()] == [" a", " b"]
    store.close()
    assert open_pairs(paths).count() == 3


def test_threads_share_a_store(paths: IndexPaths, tmp_path: Path) -> None:
    store = opened(paths, a_file(tmp_path / "a.jsonl", "abcdefgh"))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda row: store.find(str(row % 8)).chosen, range(64)))
    assert found == [f" {letter}" for letter in "abcdefgh"] * 8


def test_one_writer_at_a_time(paths: IndexPaths, tmp_path: Path) -> None:
    file = a_file(tmp_path / "a.jsonl", "a")
    with writer_lock(paths.sources), pytest.raises(UserError, match="is being written by process"):
        index(paths, file)


def test_what_a_killed_writer_left_is_swept_away(paths: IndexPaths, tmp_path: Path) -> None:
    paths.sources.mkdir(parents=True)
    for name in (".1.duckdb.99.part", ".1.duckdb.99.part.wal"):
        (paths.sources / name).write_bytes(b"half")
    index(paths, a_file(tmp_path / "a.jsonl", "a"))
    assert [path.name for path in paths.sources.iterdir()] == ["1.duckdb"]


def test_without_an_index_the_command_that_makes_one(paths: IndexPaths) -> None:
    with pytest.raises(UserError, match=r"no index \"hh\"\n.*`outvoted index SOURCE`"):
        open_pairs(paths)


def test_another_schema_version_is_named(paths: IndexPaths, tmp_path: Path) -> None:
    index(paths, a_file(tmp_path / "a.jsonl", "a"))
    with duckdb.connect(str(paths.source(1))) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(UserError, match=r"1.duckdb: it has schema version 99, .* version 1"):
        open_pairs(paths)


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_a_damaged_file_is_named(paths: IndexPaths, content: bytes) -> None:
    paths.sources.mkdir(parents=True)
    paths.source(1).write_bytes(content)
    with pytest.raises(UserError, match=r"1.duckdb: it is damaged"):
        open_pairs(paths)


def test_a_database_of_something_else(paths: IndexPaths) -> None:
    paths.sources.mkdir(parents=True)
    with duckdb.connect(str(paths.source(1))) as connection:
        connection.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
    with pytest.raises(UserError, match=r"1.duckdb: it is damaged, or no source file"):
        open_pairs(paths)


def test_the_real_file_comes_back_byte_for_byte(paths: IndexPaths, real_pairs: Path) -> None:
    (source,) = open_sources(str(real_pairs), SourceOptions())
    store = opened(paths, real_pairs)
    records = list(source.records())
    pairs = list(store.iter_pairs())
    assert len(records) == len(pairs) == 2312
    for record, pair in zip(records, pairs, strict=True):
        assert (pair.name.row, *pair.transcripts) == (
            record.row,
            getattr(record, "chosen", None),
            getattr(record, "rejected", None),
        )
    assert store.tranches() == {"harmless-base": 2312}


def test_what_is_held_is_never_written_into_the_folder_that_somebody_works_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = make_index(tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    store = open_pairs(paths)
    with store.cursor() as cursor:  # 32 MB of our own, more than is kept of the files
        cursor.execute("CREATE TABLE held AS SELECT range AS id FROM range(4_000_000)")
    with store.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM held").fetchall() == [(4_000_000,)]
        assert list(work.iterdir()) == []
    store.close()
