"""An n-gram made a heuristic is borne by exactly the responses that it was found in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.discovery.words import heuristic_of, words
from engine.heuristics import Heuristic, compile_heuristic
from engine.heuristics.ngram import ngram_of, ngram_pattern

TEXTS = st.text(alphabet="ABab'’ .,-_\n1", max_size=30)
OTHERS = st.none() | st.lists(st.sampled_from(["a", "b", "a'b", "1", "_"]), min_size=1, max_size=4)


def test_an_apostrophe_is_part_of_a_word_however_it_is_typed() -> None:
    assert words("I don’t know: 'See https://x.org'!") == [
        *("i", "don't", "know", "see", "https", "x", "org")
    ]


def test_a_word_is_found_whole_and_in_any_case() -> None:
    know = compile_heuristic(Heuristic("i", ngram_pattern(["i"]), regex=True, fold=True))
    assert know.found_in("So do I.")
    assert know.found_in("‘I’ it says")
    assert not know.found_in("I’m, in Rio")


@given(TEXTS, st.integers(0, 9), st.integers(1, 4), OTHERS)
def test_the_pattern_finds_the_ngram_where_the_words_are_and_nowhere_else(
    text: str, start: int, length: int, other: list[str] | None
) -> None:
    found = words(text)
    ngram = other or found[start : start + length] or ["a"]
    inside = any(found[at : at + len(ngram)] == ngram for at in range(len(found)))
    matcher = compile_heuristic(Heuristic("ngram", ngram_pattern(ngram), regex=True, fold=True))
    assert matcher.found_in(text) == inside
    assert ngram_of(matcher.heuristic.pattern) == tuple(ngram)


def test_a_heuristic_is_named_after_its_words_and_keeps_the_direction() -> None:
    made = heuristic_of(["i", "don't", "know"], "raises", ["i-dont-know"])
    assert (made.name, made.direction, made.fold) == ("i-dont-know-2", "raises", True)
    assert made.shown == "i don't know"
    typed = Heuristic("words", r"don't (\w+)", regex=True)
    assert typed.shown == typed.pattern
