"""The filter language, read: what each sentence means, and where a wrong one is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.filters import (
    All,
    Among,
    Between,
    Compare,
    Contains,
    Either,
    Feature,
    Filter,
    FilterError,
    Not,
    Vocabulary,
    leaves,
    parse,
    show,
)
from tests.engine.filters.trees import FILTERS

OUTVOTED = Among("verdict", ("outvoted",))
WIDE = Compare("margin", ">", 2.0)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("margin>2", WIDE),
        ("  margin  >  2  ", WIDE),
        ("margin<=-1.5e-3", Compare("margin", "<=", -0.0015)),
        ("row=17", Compare("row", "=", 17.0)),
        ("row=0..295", Between("row", 0.0, 295.0)),
        ("margin!=-1..1", Not(Between("margin", -1.0, 1.0))),
        ("margin!=2", Not(Compare("margin", "=", 2.0))),
        ("verdict=outvoted,silent", Among("verdict", ("outvoted", "silent"))),
        ("verdict!=outvoted", Not(OUTVOTED)),
        ('mark="label wrong"', Among("mark", ("label wrong",))),
        ("source=hub:Anthropic/hh-rlhf", Among("source", ("hub:Anthropic/hh-rlhf",))),
        ("text~sorry", Contains("text", "sorry")),
        ('text!~"so sorry"', Not(Contains("text", "so sorry"))),
        (r'chosen~"\"quoted\" \\ and\nbelow"', Contains("chosen", '"quoted" \\ and\nbelow')),
        ("feature:32048>0", Feature("feature", 32048, ">", 0.0)),
        ("feature:32048", Feature("feature", 32048, ">", 0.0)),
        ("attribution:7<-0.5", Feature("attribution", 7, "<", -0.5)),
        ("verdict=outvoted margin>2", All((OUTVOTED, WIDE))),
        ("verdict=outvoted and margin>2", All((OUTVOTED, WIDE))),
        ("verdict=outvoted or margin>2", Either((OUTVOTED, WIDE))),
        ("row=1 margin>2 or row=2", Either((All((Compare("row", "=", 1.0), WIDE)),
                                            Compare("row", "=", 2.0)))),
        ("row=1 (margin>2 or row=2)", All((Compare("row", "=", 1.0),
                                           Either((WIDE, Compare("row", "=", 2.0)))))),
        ("not margin>2 row=1", All((Not(WIDE), Compare("row", "=", 1.0)))),
        ("not (verdict=outvoted margin>2)", Not(All((OUTVOTED, WIDE)))),
        ("text~not", Contains("text", "not")),
    ],
)  # fmt: skip
def test_a_sentence_means_one_tree(text: str, tree: Filter) -> None:
    assert parse(text) == tree


def test_nothing_typed_is_no_filter() -> None:
    assert parse("") is None
    assert parse("  \t ") is None


@given(FILTERS)
def test_what_is_shown_reads_back_as_the_same_tree(tree: Filter) -> None:
    assert parse(show(tree)) == tree


@given(FILTERS)
def test_what_is_shown_is_settled(tree: Filter) -> None:
    text = show(tree)
    assert show(parse(text)) == text


def check_read_or_pointed_at(text: str) -> None:
    try:
        tree = parse(text)
    except FilterError as error:
        assert 1 <= error.column <= len(text) + 1
    else:
        assert tree is None or list(leaves(tree))


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_an_error_at_a_column_of_it(text: str) -> None:
    check_read_or_pointed_at(text)


_WORDS = "margin verdict outvoted text feature:7 > = ~ ( ) , not and or \" 2 1..2 != ' ; --"
_PIECES = st.sampled_from(_WORDS.split())


@given(st.lists(_PIECES, max_size=12).map(" ".join))
def test_so_is_any_heap_of_its_own_words(text: str) -> None:
    check_read_or_pointed_at(text)


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("margn>2", 1, '"margn" is nothing a filter knows'),
        ("verdict=outvoted margn>2", 18, '"margn"'),
        ("margin", 7, "too early"),
        ("margin>", 8, "too early"),
        ("margin>two", 8, '"two" is no number'),
        ("margin>nan", 8, "no number"),
        ("margin>1e999", 8, "too large"),
        ("margin>1_000", 8, "no number"),
        ("margin>٣", 8, "no number"),
        ("margin=1..", 8, "no number"),
        ("margin~2", 7, '"~" does not go with margin'),
        ("verdict>outvoted", 8, '">" does not go with verdict'),
        ("verdict=outvotd", 9, '"outvotd" is no verdict'),
        ("verdict=outvoted,", 18, "too early"),
        ("tranche=harmles", 9, '"harmles" is no tranche'),
        ("(margin>2", 10, "too early"),
        ("margin>2)", 9, "closes nothing"),
        ("margin>2 or", 12, "too early"),
        ("or margin>2", 1, "no test begins with"),
        ("not", 4, "too early"),
        ('text~"sorry', 6, "the quote is not closed"),
        ("feature:x>0", 1, "needs a feature's number"),
        ("feature:99999999999", 1, "needs a feature's number"),
        ("margin>2 !", 10, "begins nothing"),
        ("text~\ud83d", 6, "half a character"),
        ("(" * 51 + "margin>2" + ")" * 51, 51, "deeper than 50"),
        ("not " * 51 + "margin>2", 201, "deeper than 50"),
        ("a" * 4001, 4001, "longer than 4,000"),
    ],
)
def test_an_error_points_at_its_column_and_says_what_is_wrong(
    text: str, column: int, what: str
) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text, Vocabulary(tranches=("harmless-base",)))
    assert caught.value.column == column
    assert what in caught.value.what


def test_an_error_says_what_could_stand_there_the_likeliest_first() -> None:
    with pytest.raises(FilterError) as caught:
        parse("margn>2")
    assert [each.text for each in caught.value.expected.candidates][:2] == ["margin", "margin_sae"]
    with pytest.raises(FilterError) as caught:
        parse("kind=both")
    assert str(caught.value.todo) == "There could stand: counterexample, conforming."


def test_without_an_index_s_words_any_tranche_will_do() -> None:
    assert parse("tranche=mine") == Among("tranche", ("mine",))


def test_the_longest_filter_that_fits_is_read() -> None:
    tree = parse("row=1 " * 660)
    assert isinstance(tree, All)
    assert len(tree.parts) == 660
