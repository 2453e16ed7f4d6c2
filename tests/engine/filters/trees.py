"""Any filter at all, for laws that hold of every one of them."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.filters import (
    FIGURES,
    NAMES,
    TEXTS,
    All,
    Among,
    Between,
    Compare,
    Contains,
    Either,
    Feature,
    Filter,
    Not,
)
from engine.filters.tree import COMPARISONS, ON_FEATURES

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
_COMPARISONS = st.sampled_from(COMPARISONS)


def _among(name: str) -> st.SearchStrategy[Among]:
    words = st.sampled_from([each.text for each in NAMES[name].values] or [""])
    values = words if NAMES[name].values else TEXT
    return st.builds(Among, st.just(name), st.lists(values, min_size=1, max_size=3).map(tuple))


TESTS: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Compare, st.sampled_from(list(FIGURES)), _COMPARISONS, NUMBERS),
    st.builds(Between, st.sampled_from(list(FIGURES)), NUMBERS, NUMBERS),
    st.sampled_from(list(NAMES)).flatmap(_among),
    st.builds(Contains, st.sampled_from(list(TEXTS)), TEXT),
    st.builds(
        Feature, st.sampled_from(ON_FEATURES), st.integers(0, 2**31 - 1), _COMPARISONS, NUMBERS
    ),
)


def _above(part: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    parts = st.lists(part, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(Not, part), st.builds(All, parts), st.builds(Either, parts))


FILTERS: st.SearchStrategy[Filter] = st.recursive(TESTS, _above, max_leaves=8)
