"""Completion: what could stand at the cursor, and what it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.filters import FilterError, Vocabulary, complete, parse, show
from engine.filters.tree import Filter
from tests.engine.filters.trees import FILTERS

WORDS = Vocabulary(
    tranches=("harmless-base", "my own"),
    marks=("clear", "label wrong"),
    features=((32048, "url"), (7, "dont-know")),
)


def offered(text: str, cursor: int | None = None) -> list[str]:
    found = complete(text, len(text) if cursor is None else cursor, WORDS)
    return [candidate.text for candidate in found.candidates]


def test_an_empty_line_offers_every_field_and_what_it_means() -> None:
    found = complete("", 0, WORDS)
    assert {"margin", "verdict", "text", "feature:", "not", "("} <= {
        each.text for each in found.candidates
    }
    assert all(each.meaning for each in found.candidates)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("verd", ["verdict"]),
        ("verdict=ou", ["outvoted"]),
        ("verdict=outvoted,s", ["sae-miss", "silent"]),
        ("kind=", ["counterexample", "conforming"]),
        ("tranche=", ["harmless-base", '"my own"']),
        ('tranche="m', ['"my own"']),
        ("tranche=m", ['"my own"']),
        ("mark=l", ['"label wrong"']),
        ("bearer=ch", ["chosen"]),
        ("chosen", ["chosen~", "chosen!~"]),
        ("margin_sae", ["margin_sae" + sign for sign in (">", ">=", "<", "<=", "=", "!=")]),
        ("feature:", ["feature:32048", "feature:7"]),
        ("feature:3", ["feature:3>", "feature:3>=", "feature:3<", "feature:3<=", "feature:3=",
                       "feature:3!=", "feature:32048"]),
        ("(margin>2 o", ["or"]),
        ("margin>2 an", ["and"]),
    ],
)  # fmt: skip
def test_what_is_begun_is_finished(text: str, words: list[str]) -> None:
    assert offered(text) == words


def test_a_group_can_be_closed_only_inside_one() -> None:
    assert ")" in offered("(margin>2 ")
    assert ")" not in offered("margin>2 ")


def test_what_no_list_can_hold_is_hinted_at() -> None:
    assert "a number" in complete("margin>", 7).hint
    assert "a text" in complete("text~", 5).hint


def test_only_what_is_before_the_cursor_counts() -> None:
    assert offered("ver margin>2", 3) == ["verdict"]
    found = complete("ver margin>2", 3, WORDS)
    assert found.applied("ver margin>2", found.candidates[0]) == ("verdict margin>2", 7)


def test_behind_a_mistake_nothing_is_offered() -> None:
    assert offered("margn>2 ver") == []


@given(FILTERS, st.data())
def test_every_candidate_leads_further_wherever_the_cursor_stands(
    tree: Filter, data: st.DataObject
) -> None:
    """With a candidate put in, the text up to there is a filter, or only ends too early."""
    text = show(tree)
    cursor = data.draw(st.integers(0, len(text)))
    found = complete(text, cursor)
    assert found.start <= cursor == found.end
    for candidate in found.candidates[:40]:
        typed, place = found.applied(text, candidate)
        try:
            parse(typed[:place])
        except FilterError as error:
            assert error.column > place or candidate.text.endswith(":")
