"""What was planted in a PM is found, with its direction, and what was not is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.discovery import Discovered, Discovery
from engine.discovery.find import discover
from engine.discovery.merge import merged
from engine.errors import UserError
from engine.heuristics import Heuristic, bearing, compile_heuristic
from tests.engine.cache.scored import make_index
from tests.engine.discovery.planted import SHORTCUTS


@pytest.fixture(scope="module")
def found(planted: IndexPaths) -> Discovery:
    reader = open_reader(planted, heuristics=[Heuristic("none", "none")])
    made = discover(reader)
    reader.close()
    return made


def ngram(found: Discovery, text: str) -> Discovered:
    return next(one for one in found.found if text in (one.text, *one.also))


def test_both_shortcuts_come_out_first_and_next_to_nothing_else(found: Discovery) -> None:
    told = [one for one in found.found if one.what == "n-gram"]
    first = {one.direction: one for one in reversed(told)}
    assert first["lowers"].text == "i have no idea"
    assert {"no idea", "idea"} <= set(first["lowers"].also)
    assert first["raises"].text == "my pleasure"
    planted = {"i", "have", "no", "idea", "my", "pleasure"}
    strangers = [one for one in told if not planted & set(one.text.split())]
    assert len(strangers) <= 3
    assert found.ngrams_tested > 200


def test_the_push_is_what_was_planted(found: Discovery) -> None:
    for text, shortcut in (("no idea", "I have no idea."), ("my pleasure", "My pleasure!")):
        one = ngram(found, text)
        assert one.push == pytest.approx(SHORTCUTS[shortcut], abs=0.25)
        assert abs(one.push_z) > 10
        assert one.beyond_labels  # the labels never looked at it
        assert abs(one.label_z) < 3
        assert one.measured == one.chosen_only + one.rejected_only


def test_a_feature_that_fires_on_the_shortcut_is_found_by_where_it_fires(found: Discovery) -> None:
    feature = next(one for one in found.found if one.what == "feature")
    assert (feature.text, feature.direction) == ("7", "lowers")
    idea = ngram(found, "no idea")
    assert feature.chosen_only == idea.chosen_only
    assert feature.push == pytest.approx(idea.push)
    assert found.features_tested == 2  # feature 11 fires on both sides of every pair


def test_the_examples_bear_it(found: Discovery, planted: IndexPaths) -> None:
    one = ngram(found, "no idea")
    assert one.pattern is not None
    matcher = compile_heuristic(Heuristic("idea", one.pattern, regex=True, fold=True))
    reader = open_reader(planted, heuristics=[Heuristic("none", "none")])
    pairs = [reader.store.find(name) for name in one.examples]
    assert len(pairs) == 3
    assert all(bearing(matcher, pair) for pair in pairs)
    counted = reader.look_at(matcher.heuristic).heuristics[-1]
    assert (counted.chosen_only, counted.rejected_only) == (one.chosen_only, one.rejected_only)
    assert counted.both == one.both
    reader.close()


def test_mean_margins_stand_beside_it(found: Discovery) -> None:
    one = ngram(found, "no idea")
    means = one.margin_chosen_only, one.margin_without, one.margin_rejected_only
    assert None not in means
    assert sorted(means, key=lambda mean: mean or 0.0) == list(means)


def test_an_index_without_a_run_has_nothing_to_discover(tmp_path: Path) -> None:
    reader = open_reader(make_index(tmp_path))
    with pytest.raises(UserError, match="has no finished run"):
        discover(reader)
    reader.close()


def test_ngrams_that_say_the_same_are_one_finding() -> None:
    spans = ((0, 50), (2, 50), (20, 70), (0, 20))
    pairs = [np.arange(*span, dtype=np.int32) for span in spans]
    assert merged(range(4), pairs.__getitem__, 3) == {0: [1], 2: [], 3: []}
    assert merged(range(4), pairs.__getitem__, 1) == {0: [1]}
