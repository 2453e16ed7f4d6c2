"""What is kept of a measured change, and what is exported."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from engine.errors import UserError
from engine.live.change import Change
from engine.live.edit import Rescored
from engine.live.features import FeatureChanges
from engine.live.keep import custom_pair, result_json
from engine.live.queue import Result
from tests.tui.fakes import make_detail

BEFORE = make_detail(0)
CHANGE = Change(insert_chosen="!", features=FeatureChanges((3,), {5: 2.0}, {6: 3.5}))


def result() -> Result:
    edit = CHANGE.edit(BEFORE.pair)
    pair = replace(BEFORE.pair, chosen=edit.response_chosen or "")
    after = replace(BEFORE, pair=pair, margin=0.125)
    return Result(BEFORE.pair.id, Rescored(BEFORE, after, 0.5, edit))


def test_a_custom_pair_holds_all_of_it() -> None:
    kept = custom_pair(CHANGE, result())
    assert kept.run == BEFORE.run
    assert kept.name == BEFORE.pair.name
    assert kept.content_hash == BEFORE.pair.content_hash
    assert kept.chosen == BEFORE.pair.chosen + "!"
    assert kept.words == 'chosen + "!" · 3 ablated · 5 times 2 · 6 pinned to 3.5'
    assert (kept.edit.ablate, kept.edit.scale, kept.edit.pin) == ((3,), {5: 2.0}, {6: 3.5})
    assert kept.before is not None
    assert (kept.before.margin, kept.after.margin) == (BEFORE.margin, 0.125)


def test_without_figures_there_is_nothing_to_keep() -> None:
    made = result()
    nothing = replace(made.rescored, after=replace(made.rescored.after, margin=None))
    with pytest.raises(UserError, match="no figures to keep"):
        custom_pair(CHANGE, replace(made, rescored=nothing))


def test_a_document_is_that_of_rescore_and_says_what_was_changed() -> None:
    document = json.loads(json.dumps(result_json(CHANGE, result(), 1e-6)))
    assert document["margin"] == 0.125
    assert document["before"]["margin"] == BEFORE.margin
    assert document["drift"] == 1e-6
    assert document["edit"]["pin"] == {"6": 3.5}
    assert document["change"] == CHANGE.words
