"""A filter asked of a real index keeps the pairs it means, and nothing typed becomes SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.cache.opening import open_reader
from engine.cache.pair_records import PairDetail
from engine.cache.pairs import open_pairs
from engine.cache.reader import IndexReader
from engine.cache.records import SORT_KEYS, Query
from engine.cache.trained_on import train_on
from engine.cache.training import Told, keep_training
from engine.filters import FIGURES, NAMES, TEXTS, Among, Contains, Filter, FilterError, Not, parse
from engine.heuristics import Heuristic
from engine.verdict import Verdict
from tests.engine.cache.scored import ROWS, id_of, make_index, row_of, seal
from tests.engine.filters.meaning import holds
from tests.engine.filters.trees import filters
from tests.examples import few

BEARERS = Query(heuristic="url", kind=None)
EVERY = Query(kind=None)
HOSTILE = (
    "'; DROP TABLE borne; --",
    "' OR '1'='1",
    '") OR true --',
    "'); ATTACH '/tmp/x.duckdb' AS x; --",
    "?::BIGINT[]",
    "$1",
    "%",
    "_",
    "\\",
    "\x00",
    "[100%",
    "😀'é\u202e",
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexReader]:
    """Twelve pairs, ten of them measured, two of them marked, four seen by the PM."""
    paths = make_index(tmp_path_factory.mktemp("filters"))
    run = seal(paths, measured=range(10))
    store = open_pairs(paths)
    told = train_on(store, Told(rows=("first.jsonl:train:2-5",)))
    keep_training(paths.run(run), store, told)
    store.close()
    opened = open_reader(paths)
    opened.mark(id_of(1), "clear")
    opened.mark(id_of(7), "label wrong")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def details(reader: IndexReader) -> list[PairDetail]:
    return [reader.pair(id_of(row)) for row in range(ROWS)]


def rows(reader: IndexReader, query: Query) -> list[int]:
    return [row_of(identifier) for identifier in reader.ids(query).tolist()]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("margin>1", [5, 7, 8, 9]),
        ("margin>1 not row=5", [7, 8, 9]),
        ("margin<=-2", [4]),
        ("margin=1.75..2", [7, 8]),
        ("not margin>-100", [10, 11]),  # unmeasured: no test of a figure holds of them
        ("gap>1", [9]),
        ("verdict=outvoted,silent", [0, 2, 8]),
        ("verdict=unmeasured", [10, 11]),
        ("kind=conforming margin>2", [9]),
        ("bearer=chosen by=features", [0, 2]),
        ("decisive=yes", [2]),
        ("decisive=unknown", [10, 11]),
        ("tranche=second row=0..1", [6, 7]),
        ("source=first.jsonl row>4", [5]),
        ("mark=clear or mark=\"label wrong\"", [1, 7]),
        ("mark=none kind=conforming", [3, 5, 9, 11]),
        ("text~\"number 7\"", [7]),
        ("context~x.org", []),
        ("chosen~x.org row=0", [0, 6]),
        ("text~\"assistant: it's at https://x.org/4\"", [4]),
        ("text~\"Assistant: it's at https://x.org/4\"", []),
        ("feature:9>0.9", list(range(10))),
        ("feature:9>1", []),
        ("feature:12345=0", list(range(10))),
        ("feature:12345>0", []),
        ("attribution:7<-4 row=0", [0, 6]),
        ("runner_up=inert distance>=8", [8, 9]),
        ("seen=seen", [2, 3, 4, 5]),
        ("seen=unseen,seen margin<0", [4]),
        ("seen=unknown row=0", [6]),
        ("label-suspect=yes", [0]),  # its margin is 0: tied
    ],
)  # fmt: skip
def test_a_filter_keeps_the_pairs_it_speaks_of(
    reader: IndexReader, text: str, kept: list[int]
) -> None:
    assert rows(reader, replace(BEARERS, filter=parse(text))) == kept
    assert sorted(rows(reader, replace(EVERY, filter=parse(text)))) == kept


_NUMBERS = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 1.25, 2.0, 4.0, 7.0])
_TEXTS = st.sampled_from(["https", "I can't", "i can", "number 1", "t: It", "t: it", "", "friend'"])
_WORDS = st.sampled_from(["first", "second", "first.jsonl", "train", "url", "clear", "none", "x"])
_FILTERS = filters(_NUMBERS, _TEXTS | _WORDS, st.sampled_from([3, 7, 9, 11]))


@settings(max_examples=few(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_FILTERS, descending=st.booleans(), sort=st.sampled_from(SORT_KEYS))
def test_any_filter_means_the_same_to_the_index_as_to_a_plain_reading_of_it(
    reader: IndexReader, details: list[PairDetail], tree: Filter, descending: bool, sort: str
) -> None:
    key = next(known for known in SORT_KEYS if known == sort)
    expected = [row for row, detail in enumerate(details) if holds(tree, detail)]
    query = replace(BEARERS, filter=tree, sort=key, descending=descending)
    assert sorted(rows(reader, query)) == expected
    every = replace(query, heuristic=None)
    assert sorted(rows(reader, every)) == expected
    *_, found = reader.found(every)
    assert found.complete
    assert found.ids.tolist() == reader.ids(every).tolist()


@settings(max_examples=few(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(list(TEXTS)), text=st.sampled_from(HOSTILE) | st.text(max_size=9))
@example(place="text", text="\ud83d")
def test_hostile_texts_are_looked_for_and_nothing_else(
    reader: IndexReader, details: list[PairDetail], place: str, text: str
) -> None:
    tree = Contains(place, text)
    expected = [row for row, detail in enumerate(details) if holds(tree, detail)]
    assert rows(reader, replace(BEARERS, filter=tree)) == expected
    check_unharmed(reader)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("word", HOSTILE)
def test_a_hostile_word_equals_nothing(reader: IndexReader, name: str, word: str) -> None:
    if name == "label-suspect":
        return  # yes or no, and the parser takes nothing else
    assert rows(reader, replace(BEARERS, filter=Among(name, (word,)))) == []
    assert rows(reader, replace(EVERY, filter=Not(Among(name, (word,))))) == list(range(ROWS))
    check_unharmed(reader)


@pytest.mark.parametrize(
    "typed",
    [
        "margin>2; DROP TABLE borne",
        "margin>(SELECT max(margin) FROM borne)",
        "row=1 UNION SELECT id FROM pairs",
        "text~repeat('a',1000000000)",
        "b.id=1",
        "verdict=outvoted' OR 1=1 --",
        "1=1",
        "margin>2 -- and so on",
        "feature:1;DETACH>0",
        "margin>$1",
        "lower(margin)>2",
    ],
)
def test_sql_is_no_filter(reader: IndexReader, typed: str) -> None:
    with pytest.raises(FilterError):
        parse(typed, reader.vocabulary())


def test_a_hostile_heuristic_name_and_tranche_keep_nothing(reader: IndexReader) -> None:
    for word in HOSTILE:
        assert rows(reader, replace(BEARERS, heuristic=word)) == []
        assert rows(reader, replace(BEARERS, tranche=word)) == []
        assert rows(reader, replace(BEARERS, marks=frozenset({word}))) == []


def check_unharmed(reader: IndexReader) -> None:
    assert rows(reader, BEARERS) == list(range(ROWS))
    with reader.store.cursor() as cursor:
        names = cursor.execute("SELECT database_name FROM duckdb_databases()").fetchall()
    assert {name for (name,) in names} == {"memory", "run", "s1", "s2", "system", "temp"}


def test_facets_count_what_the_filter_leaves(reader: IndexReader) -> None:
    cells = reader.cells(replace(BEARERS, kind="counterexample", filter=parse("row<2")))
    assert sum(cell.pairs for cell in cells) == 4  # rows 0, 1, 6 and 7: a facet left out of account
    by_kind = {cell.kind for cell in cells}
    assert by_kind == {"counterexample", "conforming"}
    marks = {cell.mark: cell.pairs for cell in cells if cell.mark}
    assert marks == {"clear": 1, "label wrong": 1}
    seen = Counter[str]()
    for cell in cells:
        seen[cell.seen] += cell.pairs
    assert seen == {"unseen": 2, "unknown": 2}
    verdicts = {cell.verdict for cell in cells}
    assert verdicts == {Verdict.OUTVOTED, Verdict.TIE, Verdict.FOLLOWED, Verdict.INERT}


def test_a_search_tells_what_it_found_so_far_in_the_list_s_order(reader: IndexReader) -> None:
    query = replace(EVERY, text="https", sort="margin", descending=True)
    *parts, whole = reader.found(query)
    assert whole.complete
    assert whole.searched == ROWS
    assert not any(part.complete for part in parts)
    assert whole.ids.tolist() == reader.ids(query).tolist()


def test_a_list_without_a_search_is_found_at_once(reader: IndexReader) -> None:
    (found,) = reader.found(BEARERS)
    assert (len(found.ids), found.complete) == (ROWS, True)


def test_every_figure_sorts_and_every_sort_is_a_figure() -> None:
    assert tuple(FIGURES) == SORT_KEYS


def test_a_new_pattern_is_counted_listed_and_unmeasured(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    paths = make_index(tmp_path_factory.mktemp("patterns"))
    seal(paths)
    reader = open_reader(paths)
    before = reader.overview()
    friend = Heuristic("friend", "'friend'", direction="raises")
    card = reader.look_at(friend).heuristics[-1]
    assert reader.overview().heuristics[:-1] == before.heuristics
    assert (card.held, card.chosen_only, card.rejected_only) == ("unmeasured", 6, 6)
    assert card.counterexamples == {Verdict.UNMEASURED: 6}
    listed = reader.ids(Query(heuristic="friend"))
    assert [row_of(found) for found in listed.tolist()] == [0, 2, 4, 6, 8, 10]
    (line,) = reader.rows(listed[:1], Query(heuristic="friend"))
    assert (line.match, line.verdict, line.margin) == ("'friend'", Verdict.UNMEASURED, 0.0)
    on = [made.heuristic.name for made in reader.pair(id_of(0)).heuristics]
    assert on == ["url", "friend"]
    reader.close()
