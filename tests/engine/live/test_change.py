"""Edits: what is taken out and put in, and what cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.hh import Pair, PairName
from engine.live.change import Change, as_edit, with_text, without_patterns
from engine.live.edit import Edit
from engine.live.features import FeatureChanges

URL = Heuristic("url", "https://", replace="www.")
DUNNO = Heuristic("dunno", "I don't know", scope="assistant")


def pair(chosen: str, rejected: str, context: str = "\n\nHuman: Hi\n\nAssistant:") -> Pair:
    return Pair(1, PairName("a.jsonl", "train", 0), "a", context, chosen, rejected)


def test_every_span_goes_and_the_replacement_stands_there() -> None:
    before = pair(" See https://a and https://b.", " No. I don't know.")
    after = without_patterns(before, [URL, DUNNO])
    assert (after.chosen, after.rejected) == (" See www.a and www.b.", " No. .")
    assert as_edit(before, after) == Edit(" See www.a and www.b.", " No. .")


def test_a_pattern_without_a_bearer_stays() -> None:
    both = pair(" https://a I don't know", " https://b")
    assert without_patterns(both, [URL, DUNNO]).chosen == " https://a "
    with pytest.raises(UserError, match='no side of it alone carries the pattern of "url"'):
        without_patterns(both, [URL])


def test_a_pattern_that_begins_in_the_context_cannot_be_deleted() -> None:
    straddling = Heuristic("start", r"Assistant: I", regex=True, scope="transcript")
    with pytest.raises(UserError, match="begins in the context"):
        without_patterns(pair(" I see", " No"), [straddling])


@given(st.text(), st.text(), st.text())
def test_a_text_goes_to_the_end_of_the_chosen_response(
    chosen: str, rejected: str, text: str
) -> None:
    before = pair(chosen, rejected)
    after = with_text(before, text)
    assert after == replace(before, chosen=chosen + text)
    assert as_edit(before, after).is_none == (text == "")


def test_a_recipe_is_applied_in_order_and_says_what_it_does() -> None:
    change = Change(
        response_chosen=" Go to https://a.",
        delete=(URL,),
        insert_chosen="!",
        insert_rejected=" https://",
        features=FeatureChanges((12, 34), {5: 2.0}, {6: 3.5}),
    )
    edit = change.edit(pair(" See https://a", " No."))
    assert edit == Edit(" Go to www.a.!", " No. https://", (12, 34), {5: 2.0}, {6: 3.5})
    assert change.words == (
        'chosen edited · url deleted · chosen + "!" · rejected + " https://"'
        " · 12,34 ablated · 5 times 2 · 6 pinned to 3.5"
    )


def test_a_recipe_of_nothing_leaves_a_pair_as_it_is() -> None:
    assert Change().edit(pair(" See https://a", " No.")).is_none
    assert (Change().words, Change().is_none) == ("as it is", True)


def test_a_recipe_that_does_not_fit_a_pair_is_refused() -> None:
    with pytest.raises(UserError, match="no side of it alone carries"):
        Change(delete=(URL,)).edit(pair(" Yes", " No."))
