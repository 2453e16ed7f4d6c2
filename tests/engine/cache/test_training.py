"""What the PM was trained on: told in rows, tranches or texts, kept with a run, and read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.cache.layers import layer_path
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.pairs import PairStore, open_pairs
from engine.cache.records import Query, Seen
from engine.cache.trained_on import train_on
from engine.cache.training import NAME, Told, keep_training
from engine.errors import UserError
from tests.engine.cache.scored import ROWS, START, id_of, index, make_index, seal, write_source

EVERY = Query(kind=None)


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return make_index(tmp_path)


@pytest.fixture
def store(paths: IndexPaths) -> Iterator[PairStore]:
    store = open_pairs(paths)
    yield store
    store.close()


def said(store: PairStore, told: Told) -> str:
    """`+` seen, `-` unseen, `?` unknown, for each pair in order."""
    training = train_on(store, told)
    signs: dict[Seen, str] = {"seen": "+", "unseen": "-", "unknown": "?"}
    return "".join(signs[training.of(id_of(row))] for row in range(ROWS))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (Told(rows=("first.jsonl:train:2-4",)), "--+++- ??????"),
        (Told(rows=("first.jsonl:train:0,first.jsonl:train:4-99",)), "+---++ ??????"),
        (Told(rows=("first.jsonl:train:0-5", "second.jsonl:train:5")), "++++++ -----+"),
        # More of them than the name of a file could hold, and so no name of one.
        (Told(rows=(",".join(["first.jsonl:train:2-4"] * 200),)), "--+++- ??????"),
        (Told(tranches=("second",)), "------ ++++++"),
        (Told(tranches=("train:first", "helpful-base")), "++++++ ------"),
        (Told(tranches=("test:first",)), "------ ------"),
        # What one says of nothing, or denies, another may say.
        (Told(rows=("second.jsonl:train:0",), tranches=("first",)), "++++++ +-----"),
    ],
)
def test_rows_and_tranches(store: PairStore, told: Told, expected: str) -> None:
    assert said(store, told) == expected.replace(" ", "")


def test_rows_may_stand_in_a_file(store: PairStore, tmp_path: Path) -> None:
    file = tmp_path / "rows.txt"
    file.write_text(
        "# what it saw\nfirst.jsonl:train:0-1\n\nfirst.jsonl:train:3,second.jsonl:train:5 # one\n"
    )
    assert said(store, Told(rows=(str(file),))) == "++-+-------+"


def test_texts_are_known_by_what_they_say(store: PairStore, tmp_path: Path) -> None:
    file = write_source(tmp_path, "copy", [1, 8])
    assert said(store, Told(texts=(str(file),))) == "-+------+---"


def test_a_pair_that_stands_elsewhere_too_was_seen_there_as_well(
    paths: IndexPaths, tmp_path: Path
) -> None:
    index(paths, write_source(tmp_path, "again", [2, 7, 3]))
    store = open_pairs(paths)
    assert said(store, Told(rows=("again.jsonl:train:0-1",))) == "??+????+????"
    store.close()


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (Told(rows=("0-3",)), r"0-3 could be of any of several sources\n.*second\.jsonl:train"),
        (Told(rows=("test:0-3",)), r"test:0-3 is of no source of this index"),
        (Told(rows=("first.jsonl:train:4-2",)), "is no range of rows"),
        (Told(rows=("all",)), '"all" is no range of rows'),
        (Told(rows=("first.jsonl:train:6-999999999999",)), r"no pair in .*\n.*last row there is 5"),
        (Told(tranches=("frist",)), r'no tranche "frist"\n.*first, second'),
        (Told(texts=("nowhere.jsonl",)), "no such file"),
    ],
)
def test_what_names_nothing_is_said(store: PairStore, told: Told, message: str) -> None:
    with pytest.raises(UserError, match=message):
        train_on(store, told)


def keep(paths: IndexPaths, run: str, told: Told) -> None:
    store = open_pairs(paths)
    keep_training(paths.run(run), store, train_on(store, told))
    store.close()


def flags(paths: IndexPaths) -> list[Seen]:
    """As the pairs screen is told it, and the pair screen."""
    reader = open_reader(paths)
    ids = np.array([id_of(row) for row in range(ROWS)], dtype=np.int64)
    rows = [row.seen for row in reader.rows(ids, EVERY)]
    assert [reader.pair(identifier).seen for identifier in ids.tolist()] == rows
    reader.close()
    return rows


def test_a_run_keeps_what_was_told_and_a_reader_shows_it(paths: IndexPaths) -> None:
    assert flags(paths) == ["unknown"] * ROWS  # no run yet
    run = seal(paths)
    assert flags(paths) == ["unknown"] * ROWS
    keep(paths, run, Told(rows=("first.jsonl:train:2-5",)))
    assert flags(paths) == ["unseen"] * 2 + ["seen"] * 4 + ["unknown"] * 6
    reader = open_reader(paths)
    assert reader.run is not None
    assert reader.run.run == run
    assert reader.training is not None
    assert reader.training.told == Told(rows=("first.jsonl:train:2-5",))
    reader.close()


def test_told_again_it_is_replaced(paths: IndexPaths) -> None:
    run = seal(paths)
    keep(paths, run, Told(tranches=("first",)))
    keep(paths, run, Told(tranches=("second",)))
    assert flags(paths) == ["unseen"] * 6 + ["seen"] * 6


def test_it_says_nothing_of_texts_that_changed_since(paths: IndexPaths, tmp_path: Path) -> None:
    run = seal(paths)
    keep(paths, run, Told(tranches=("first",)))
    file = tmp_path / "first.jsonl"
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    records[3]["chosen"] = START.format(row=3) + " Something else."
    file.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    index(paths, file)
    assert flags(paths) == ["seen"] * 3 + ["unknown"] + ["seen"] * 2 + ["unseen"] * 6


def test_a_damaged_layer_is_named(paths: IndexPaths) -> None:
    path = layer_path(paths.run(seal(paths)), NAME)
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(UserError, match="this layer of a run is damaged"):
        open_reader(paths)
