"""Who nearly repeats whom, who contradicts whom, and what of it is kept beside the index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.cache.duplicates import Duplicate, keep_duplicates, kept_duplicates
from engine.cache.opening import open_reader
from engine.cache.pairs import PairStore, open_pairs
from engine.cache.records import Query, Suspicion
from engine.duplicates.find import find_duplicates
from engine.duplicates.shingles import Shingler, jaccard
from engine.duplicates.signatures import SIZE, Signer, colliding
from engine.filters import parse
from engine.hh import split_pair_id
from tests.engine.duplicates.nearly import ASKED, nearly


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PairStore]:
    opened = open_pairs(nearly(tmp_path))
    yield opened
    opened.close()


def told(found: tuple[Duplicate, ...]) -> list[tuple[int, str, int]]:
    return [(row_of(each.id), each.reason, row_of(each.other)) for each in found]


def row_of(identifier: int) -> int:
    return split_pair_id(identifier)[1]


def test_repeats_name_the_pair_before_and_contradictions_each_other(store: PairStore) -> None:
    """What shares a question (3), or both answers (4), is no near-duplicate."""
    found = find_duplicates(store)
    assert told(found) == [
        (0, "contradicted", 2),
        (1, "contradicted", 2),
        (1, "near-duplicate", 0),
        (2, "contradicted", 0),
        (5, "contradicted", 0),
        (5, "near-duplicate", 2),
        (7, "near-duplicate", 6),
    ]
    assert min(each.similarity for each in found) >= 0.8
    assert found[-1].similarity == 1.0
    assert find_duplicates(store) == found


def test_what_was_found_stays_until_the_index_changes(tmp_path: Path) -> None:
    paths = nearly(tmp_path)
    store = open_pairs(paths)
    assert kept_duplicates(paths, store) is None
    found = find_duplicates(store)
    file = keep_duplicates(paths, store, found)
    assert kept_duplicates(paths, store) == found
    assert keep_duplicates(paths, store, ()) == file
    assert kept_duplicates(paths, store) == ()
    file.write_bytes(b"half a file")
    assert kept_duplicates(paths, store) is None
    store.close()


@pytest.mark.parametrize(
    ("reason", "rows"),
    [
        ("identical", [6]),
        ("contradicted", [0, 1, 2, 5]),
        ("near-duplicate", [1, 5, 7]),
        ("tied", []),
        ("called-wrong", []),
    ],
)
def test_a_list_is_filtered_by_why_a_label_is_suspect(
    tmp_path: Path, reason: Suspicion, rows: list[int]
) -> None:
    paths = nearly(tmp_path)
    store = open_pairs(paths)
    keep_duplicates(paths, store, find_duplicates(store))
    store.close()
    reader = open_reader(paths)
    asked = (Query(kind=None, suspect=reason), Query(filter=parse(f"suspect={reason}")))
    for query in asked:
        assert [row_of(at) for at in reader.ids(query)] == rows
    neither = Query(filter=parse("suspect=none label-suspect=no"))
    assert [row_of(at) for at in reader.ids(neither)] == [3, 4]
    counted = sum(cell.pairs for cell in reader.cells(Query()) if reason in cell.suspicions)
    assert counted == len(rows)
    flags = reader.pair(int(reader.ids(Query())[1])).flags
    assert flags == (
        "label-suspect: opposite label on nearly the same pair (nearly.jsonl:train:2, 99% alike)",
        "label-suspect: near-duplicate of nearly.jsonl:train:0, 99% alike",
    )
    reader.close()


def test_a_text_is_its_words_three_by_three() -> None:
    shingler = Shingler()
    one, same = shingler("I don’t KNOW, friend."), shingler("i don't know friend")
    assert len(one) == 2
    assert one.tolist() == same.tolist()
    assert len(shingler("")) == 0
    assert len(shingler("Yes!")) == 1
    assert jaccard(shingler(""), shingler(" ?")) == 1.0
    assert jaccard(shingler(""), shingler("Yes")) == 0.0
    words, changed = (ASKED, ASKED.replace("older", "newer"))
    sets = [np.unique(shingler(text)) for text in (words, changed)]
    assert jaccard(*sets) == pytest.approx(9 / 15)


def test_signatures_of_like_sets_share_a_band() -> None:
    """Two sets that are 90% alike, and a third that shares nothing with them."""
    signer, numbers = Signer(), np.arange(300, dtype=np.uint32)
    one, like, other = numbers[:190], numbers[10:200], numbers[200:]
    signed = np.stack([signer.sign(each) for each in (one, like, other)])
    assert signed.shape == (3, SIZE)
    assert colliding(signed).tolist() == [True, True, False]
    estimate = signer.read(signed[0]).jaccard(signer.read(signed[1]))
    assert estimate == pytest.approx(0.9, abs=0.1)
