"""Which pairs `outvoted score --pairs` takes: all, or a filter of what is known beforehand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.cache.pairs import PairStore, open_pairs
from engine.cache.picked import chosen_ids
from engine.errors import UserError
from tests.engine.cache.scored import make_index, row_of


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PairStore]:
    opened = open_pairs(make_index(tmp_path_factory.mktemp("picked")))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ("all", list(range(12))),
        ("tranche=second", list(range(6, 12))),
        ("row=0..1 or row=5", [0, 1, 5, 6, 7, 11]),
        ("tranche=first not row>2", [0, 1, 2]),
        ("split=train source=first.jsonl row=3", [3]),
        ('chosen~"https://"', [0, 2, 4, 6, 8, 10]),
        ('text~"number 7"', [7]),
    ],
)
def test_a_filter_picks_pairs_by_what_is_known_of_them(
    store: PairStore, wanted: str, rows: list[int]
) -> None:
    assert [row_of(identifier) for identifier in chosen_ids(store, wanted)] == rows


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("some", "--pairs, column 1"),
        ("row>", "column 5"),
        ("tranche=third", "column 9"),
        ("margin>2", '"margin" is a figure of a run'),
        ("row<3 feature:7>0", '"feature:7" is a figure of a run'),
        ("row<3 or verdict=outvoted", '"verdict" is known of a verdict'),
        ("mark=clear", "a mark of the browser's user"),
        ("label-suspect=yes", "a figure of a run"),
        ("row>100", "picks no pairs"),
        (" ", "it names no pairs"),
    ],
)
def test_what_cannot_pick_is_refused_with_a_reason(
    store: PairStore, wanted: str, said: str
) -> None:
    with pytest.raises(UserError) as caught:
        chosen_ids(store, wanted)
    assert said in str(caught.value)
