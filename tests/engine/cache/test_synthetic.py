"""The index that benches measure on: made from a seed, and opened like anybody's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.cache.opening import open_reader
from engine.cache.reader import IndexReader
from engine.cache.records import Query
from engine.verdict import Verdict
from tests.bench.synthetic import make_synthetic

PAIRS = 800


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexReader]:
    found = open_reader(make_synthetic(tmp_path_factory.mktemp("cache"), PAIRS, features=8))
    yield found
    found.close()


def test_it_is_an_index_with_a_run_over_every_pair_in_hh_s_four_tranches(
    reader: IndexReader,
) -> None:
    overview = reader.overview()
    assert overview.pairs == PAIRS
    assert [card.tranche for card in overview.tranches] == [
        "harmless-base",
        "helpful-base",
        "helpful-online",
        "helpful-rejection-sampled",
    ]
    assert sum(card.measured for card in overview.tranches) == PAIRS
    assert [len(reader.ids(Query(kind=None, sort="margin")))] == [PAIRS]


def test_its_verdicts_stand_and_differ(reader: IndexReader) -> None:
    sorry = reader.overview().heuristics[2]
    counted = sorry.counterexamples
    assert sum(counted.values()) > 10
    assert Verdict.UNMEASURED not in counted
    assert {Verdict.OUTVOTED, Verdict.PM_WRONG} <= set(counted)


def test_a_pair_of_it_has_rewards_and_features(reader: IndexReader) -> None:
    detail = reader.pair((1 << 40) + 17)
    assert detail.margin is not None
    assert len(detail.features) == 8
