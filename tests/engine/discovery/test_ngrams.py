"""Counted level by level, the n-grams are those that counting everything would find."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.discovery.ngrams import ngrams, read_texts
from engine.discovery.words import words

Counted = dict[tuple[str, ...], set[int]]
_RESPONSE = st.lists(st.sampled_from("abc"), max_size=8).map(" ".join)


def counted(pairs: list[tuple[str, str]], length: int, floor: int) -> Counted:
    """Which responses carry each n-gram that enough pairs carry, by looking at every one."""
    responses: Counted = {}
    for pair, sides in enumerate(pairs):
        for side, text in enumerate(sides):
            found = words(text)
            for at in range(len(found) - length + 1):
                responses.setdefault(tuple(found[at : at + length]), set()).add(2 * pair + side)
    return {
        ngram: where
        for ngram, where in responses.items()
        if len({response // 2 for response in where}) >= floor
    }


@pytest.mark.parametrize("floor", [1, 2, 4])
@given(pairs=st.lists(st.tuples(_RESPONSE, _RESPONSE), max_size=12))
def test_the_levels_hold_what_a_full_count_holds(pairs: list[tuple[str, str]], floor: int) -> None:
    texts = read_texts(pairs)
    for length, level in enumerate(ngrams(texts, floor), start=1):
        named = [tuple(texts.vocabulary[at] for at in row) for row in level.ngrams.tolist()]
        found: Counted = {ngram: set() for ngram in named}
        for thing, response in zip(level.thing.tolist(), level.response.tolist(), strict=True):
            found[named[thing]].add(response)
        assert found == counted(pairs, length, floor)
        assert max(Counter(named).values(), default=1) == 1
