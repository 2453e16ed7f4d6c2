"""Where RE2 finds nothing by a relaxed expression, Python finds nothing by the real one."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.heuristics import Heuristic, compile_heuristic
from engine.heuristics.fold import fold_regex
from engine.heuristics.relaxed import relaxed
from tests.examples import few

CHARACTERS = "aBkKsSiI019 _'-`.\n%é\u2019\u212a\u017f\u0131\u0130ß\u0660\u00a0"
"""With letters whose other case is no ASCII letter, a digit beyond ASCII, and variants to fold."""
ATOMS = [
    *("a", "B", "k", "S", "i", "é", "ſ", "\\u212a", "ß", "1", "'", "’", "-", " ", "%", "\\."),
    *(r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", ".", "[a-c]", "[^a]", "[A-Z_]", r"[\s'-]", "[é-ſ]"),
    *(r"\b", r"\B", "^", "$", "(?=a)", "(?!s)", "(?<=1)", "(?<!k)", "(?i:k)", "(?s:.)", "(s)\\1?"),
]


def expressions() -> st.SearchStrategy[str]:
    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        times = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{9,}", "*?", "++"])
        return st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
            st.tuples(inner, times).map(lambda of: f"(?:{of[0]}){of[1]}"),
            inner.map(lambda one: f"(?>{one})"),
        )

    whole = st.recursive(st.sampled_from(ATOMS), larger, max_leaves=6)
    return st.tuples(st.sampled_from(["", "(?i)", "(?s)", "(?a)"]), whole).map("".join)


def valid(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:  # a group is numbered, and may stand twice
        return False
    return True


@settings(max_examples=few(50))
@given(expressions().filter(valid), st.text(CHARACTERS, max_size=12), st.booleans())
def test_what_python_finds_re2_finds(pattern: str, text: str, fold: bool) -> None:
    matcher = compile_heuristic(Heuristic("any", pattern, regex=True, fold=fold))
    found = relaxed(fold_regex(pattern) if fold else pattern, fold=fold)
    if found is not None and matcher.found_in(text):
        ((by_re2,),) = duckdb.execute("SELECT regexp_matches(?, ?)", [text, found]).fetchall()
        assert by_re2


@pytest.mark.parametrize(
    ("pattern", "carried", "not_carried"),
    [
        (r"\b\d{2}%", "42% of", "42 %"),
        (r"(?i)(ab|cd)+e", "xABe", "abd"),
        (r"(a{3}){50}", "a" * 150, "aab"),
        (r"(?<!no )[A-Z]{2,}(?=!)", "no WAY!", "No Way!"),
    ],
)
def test_most_texts_without_a_match_are_left_out(
    pattern: str, carried: str, not_carried: str
) -> None:
    asked = [carried, relaxed(pattern), not_carried, relaxed(pattern)]
    told = duckdb.execute("SELECT regexp_matches(?, ?), regexp_matches(?, ?)", asked).fetchall()
    assert told == [(True, False)]


@pytest.mark.parametrize("pattern", [r"a*", r"\b", r"(?=a)", r"(?:x|)"])
def test_what_may_be_empty_may_be_anywhere(pattern: str) -> None:
    assert relaxed(pattern) is None
