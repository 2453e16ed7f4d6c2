"""Where patterns are found, and who bears them."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from engine.heuristics import (
    Bearing,
    Direction,
    Heuristic,
    Kind,
    Scope,
    bearing,
    compile_heuristic,
    kind_of,
    presence,
)
from engine.heuristics.fold import fold, fold_regex
from engine.heuristics.relaxed import relaxed
from engine.heuristics.required import required
from engine.hh import Pair, PairName, Side, split_pair

CHOSEN = "\n\nHuman: I don't know.\n\nAssistant: Nor I.\n\nHuman: And?\n\nAssistant: I don’t know!"
REJECTED = "\n\nHuman: I don't know.\n\nAssistant: Nor I.\n\nHuman: And?\n\nAssistant: Blue."


def a_pair(chosen: str = CHOSEN, rejected: str = REJECTED) -> Pair:
    return Pair(7, PairName("a.jsonl", "test", 7), "harmless-base", *split_pair(chosen, rejected))


def look(heuristic: Heuristic, text: str) -> list[str]:
    """The texts that the heuristic finds in one response."""
    return [text[start:end] for start, end in compile_heuristic(heuristic).spans(text, 0)]


def test_the_bearer_is_the_one_side_that_carries_the_pattern() -> None:
    pair = a_pair()
    found = bearing(compile_heuristic(Heuristic("dunno", "I don't know", fold=True)), pair)
    assert found == Bearing("chosen", "counterexample", found.spans if found else ())
    # Spans count characters of the transcript, and the folded match is the text as it was typed.
    assert [CHOSEN[start:end] for start, end in found.spans] == ["I don’t know"]


def test_without_folding_a_curly_apostrophe_is_another_character() -> None:
    assert bearing(compile_heuristic(Heuristic("dunno", "I don't know")), a_pair()) is None


@pytest.mark.parametrize(
    ("scope", "sides"),
    [("response", (False, False)), ("assistant", (True, True)), ("transcript", (True, True))],
)
def test_a_scope_says_where_a_pattern_counts(scope: Scope, sides: tuple[bool, bool]) -> None:
    assert presence(compile_heuristic(Heuristic("nor", "Nor I", scope=scope)), a_pair()) == sides


def test_the_assistant_scope_leaves_the_human_out() -> None:
    heuristic = Heuristic("dunno", "I don't know", scope="assistant")
    assert presence(compile_heuristic(heuristic), a_pair()) == (False, False)


def test_no_match_reaches_over_the_border_of_its_scope() -> None:
    across = Heuristic("colon", ": Blue", scope="response")
    assert presence(compile_heuristic(across), a_pair()) == (False, False)
    anchored = Heuristic("start", "^ Blue", regex=True, scope="assistant")
    assert presence(compile_heuristic(anchored), a_pair()) == (False, True)


@pytest.mark.parametrize(
    ("bearer", "direction", "kind"),
    [
        ("chosen", "lowers", "counterexample"),
        ("rejected", "lowers", "conforming"),
        ("chosen", "raises", "conforming"),
        ("rejected", "raises", "counterexample"),
        ("chosen", "auto", "counterexample"),  # reads as `lowers` until it is resolved
    ],
)
def test_the_label_agrees_with_the_heuristic_or_not(
    bearer: Side, direction: Direction, kind: Kind
) -> None:
    assert kind_of(bearer, direction) == kind


def test_empty_matches_are_none_and_overlapping_ones_count_once() -> None:
    assert look(Heuristic("stars", "x*", regex=True), "axxb") == ["xx"]
    assert look(Heuristic("aba", "aba"), "ababa aba") == ["aba", "aba"]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("a–b", "a-b a—b aab", ["a-b", "a—b"]),
        ("[a–c]", "b-a", ["-", "a"]),  # a dash in a class is a dash, no range
        (r"\–", "x - y", ["-"]),
        ("(?x) I\u00a0know", "I\u2009know", ["I\u2009know"]),  # not lost as a verbose blank
        ("“hi”", '"hi"', ['"hi"']),
        (r"\d’s", "the 90's", ["0's"]),
    ],
)
def test_a_folded_regex_keeps_its_meaning(pattern: str, text: str, found: list[str]) -> None:
    assert look(Heuristic("folded", pattern, regex=True, fold=True), text) == found


@given(st.text())
def test_folding_keeps_the_length_and_is_done_once(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


@given(st.text(st.sampled_from("aZ09[]()*+?\\-–’“\u00a0 ^|")))
def test_folding_a_regex_adds_no_range_and_breaks_no_escape(pattern: str) -> None:
    assert fold_regex(pattern).isascii()
    if pattern.isascii():
        # A grave accent is the one ASCII character that folds, and it is not drawn here.
        assert fold_regex(pattern) == pattern


@given(st.text("ab -’'"), st.text("ab -’'", min_size=1, max_size=3))
def test_literal_and_escaped_regex_agree(text: str, needle: str) -> None:
    from re import escape

    literal = look(Heuristic("literal", needle, fold=True), text)
    assert look(Heuristic("regex", escape(needle), regex=True, fold=True), text) == literal


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "*", "(?P<a>x)(?P<a>y)"])
def test_an_invalid_regex_is_named_with_its_place(pattern: str) -> None:
    with pytest.raises(UserError, match=r'heuristic "bad": .* no valid regular expression at'):
        compile_heuristic(Heuristic("bad", pattern, regex=True))


def test_what_a_later_python_may_read_otherwise_is_no_ones_to_hear_of() -> None:
    odd = Heuristic("odd", "[[a]b", regex=True, fold=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert look(odd, "so [b it is") == ["[b"]
        assert required(odd.pattern) == (("b",),)
        assert relaxed(odd.pattern) is not None


def test_an_empty_pattern_is_no_pattern() -> None:
    with pytest.raises(UserError, match="empty"):
        compile_heuristic(Heuristic("bad", ""))
