"""Who bears what, kept beside the index."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from engine.cache.bearers import Borne, bearers
from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore, open_pairs
from engine.heuristics import Heuristic
from engine.heuristics.census import Counts
from engine.hh import pair_id
from engine.hh.source import SourceOptions, open_sources

DUNNO = Heuristic("dunno", "I don't know", fold=True)
YES = Heuristic("yes", "yes")


def index(paths: IndexPaths, file: Path, sides: list[tuple[str, str]]) -> PairStore:
    start = "\n\nHuman: Q\n\nAssistant:"
    lines = [json.dumps({"chosen": start + a, "rejected": start + b}) for a, b in sides]
    file.write_text("\n".join(lines), encoding="utf-8")
    index_sources(paths, open_sources(str(file), SourceOptions()))
    return open_pairs(paths)


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return IndexPaths(tmp_path / "cache")


SIDES = [
    (" I don’t know. I don't know!", " yes"),
    (" no", " Oh, I don't know"),
    (" yes", " yes"),
    (" no", " never"),
]


def test_bearers_and_counts(paths: IndexPaths, tmp_path: Path) -> None:
    store = index(paths, tmp_path / "a.jsonl", SIDES)
    dunno, yes = bearers(paths, store, [DUNNO, YES])
    at = len("\n\nHuman: Q\n\nAssistant:")
    assert dunno.bearers == (
        Borne(pair_id(1, 0), "chosen", ((at + 1, at + 13), (at + 15, at + 27))),
        Borne(pair_id(1, 1), "rejected", ((at + 5, at + 17),)),
    )
    assert dunno.counts == Counts(1, 1, 0, 2)
    assert (yes.counts, len(yes.bearers)) == (Counts(0, 1, 1, 2), 1)


def test_they_are_found_once_and_read_back(
    paths: IndexPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = index(paths, tmp_path / "a.jsonl", SIDES)
    first = bearers(paths, store, [DUNNO])
    monkeypatch.setattr(PairStore, "iter_pairs", None)  # a second scan would fail
    assert bearers(paths, store, [DUNNO]) == first
    # A name, a direction and pins change nothing about who bears it.
    renamed = Heuristic("other", "I don't know", fold=True, direction="raises", features=(1,))
    (again,) = bearers(paths, store, [renamed])
    assert (again.heuristic, again.bearers) == (renamed, first[0].bearers)


def test_another_index_content_is_scanned_anew(paths: IndexPaths, tmp_path: Path) -> None:
    store = index(paths, tmp_path / "a.jsonl", SIDES)
    assert bearers(paths, store, [YES])[0].counts == Counts(0, 1, 1, 2)
    store.close()
    store = index(paths, tmp_path / "a.jsonl", [(" yes", " no")])
    assert bearers(paths, store, [YES])[0].counts == Counts(1, 0, 0, 0)


def test_a_damaged_file_is_found_again(paths: IndexPaths, tmp_path: Path) -> None:
    store = index(paths, tmp_path / "a.jsonl", SIDES)
    first = bearers(paths, store, [DUNNO])
    (file,) = paths.heuristics.iterdir()
    file.write_bytes(b"half")
    assert bearers(paths, store, [DUNNO]) == first
    assert file.stat().st_size > 100


def test_an_index_that_may_only_be_read_still_answers(paths: IndexPaths, tmp_path: Path) -> None:
    store = index(paths, tmp_path / "a.jsonl", SIDES)
    # A file where the folder should be: even a superuser cannot write there.
    paths.heuristics.touch(stat.S_IRUSR)
    assert bearers(paths, store, [DUNNO])[0].counts == Counts(1, 1, 0, 2)


def test_a_file_of_an_earlier_version_is_found_again(paths: IndexPaths, tmp_path: Path) -> None:
    store = index(paths, tmp_path / "a.jsonl", SIDES)
    first = bearers(paths, store, [DUNNO])
    (file,) = paths.heuristics.iterdir()
    with store.cursor() as cursor:  # it did not say what a verdict must have been passed on
        cursor.execute(
            f"COPY (FROM read_parquet('{file}') LIMIT 0) TO '{file}.old'"
            " (FORMAT parquet, KV_METADATA {counts: '{}'})"
        )
    Path(f"{file}.old").replace(file)
    assert bearers(paths, store, [DUNNO]) == first
    assert bearers(paths, store, [DUNNO]) == first


def test_spans_that_begin_in_the_context_come_back(paths: IndexPaths, tmp_path: Path) -> None:
    store = index(paths, tmp_path / "a.jsonl", [(" no, yes", " no, no")])
    crossing = Heuristic("crossing", "Assistant: no, yes", scope="transcript")
    at = len("\n\nHuman: Q\n\n")
    for _ in range(2):  # as it is found, and as it is read back
        (table,) = bearers(paths, store, [crossing])
        assert table.bearers == (Borne(pair_id(1, 0), "chosen", ((at, at + 18),)),)
