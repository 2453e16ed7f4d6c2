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

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
FEATURES = st.integers(0, 2**31 - 1)
TEXTS_OF_ALL_KINDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def filters(
    numbers: st.SearchStrategy[float] = NUMBERS,
    texts: st.SearchStrategy[str] = TEXTS_OF_ALL_KINDS,
    features: st.SearchStrategy[int] = FEATURES,
) -> st.SearchStrategy[Filter]:
    """Filters up to eight tests wide, of these values."""
    figures, comparisons = st.sampled_from(list(FIGURES)), st.sampled_from(COMPARISONS)
    tests: st.SearchStrategy[Filter] = st.one_of(
        st.builds(Compare, figures, comparisons, numbers),
        st.builds(Between, figures, numbers, numbers),
        st.sampled_from(list(NAMES)).flatmap(lambda name: _among(name, texts)),
        st.builds(Contains, st.sampled_from(list(TEXTS)), texts),
        st.builds(Feature, st.sampled_from(ON_FEATURES), features, comparisons, numbers),
    )
    return st.recursive(tests, _above, max_leaves=8)


def _among(name: str, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Filter]:
    known = [each.text for each in NAMES[name].values]
    values = st.sampled_from(known) if known else texts
    return st.builds(Among, st.just(name), st.lists(values, min_size=1, max_size=3).map(tuple))


def _above(part: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    parts = st.lists(part, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(Not, part), st.builds(All, parts), st.builds(Either, parts))


FILTERS = filters()
