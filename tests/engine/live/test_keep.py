"""What is kept of a measured change, and what is exported."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import UserError
from engine.live.change import Change
from engine.live.client import LiveRescorer
from engine.live.edit import Rescored
from engine.live.features import FeatureChanges
from engine.live.keep import custom_pair, result_json
from engine.live.queue import Result
from tests.engine.live.talking import RUNNING
from tests.engine.tiny import THANKS, TinyIndex
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


@RUNNING
@pytest.mark.asyncio(loop_scope="module")
async def test_kept_text_of_a_heuristic_without_a_stated_direction_stands_beside_natural_text(
    live: LiveRescorer, tiny_index: TinyIndex, tmp_path: Path
) -> None:
    """It is kept with the direction that it was judged by."""
    reader = tiny_index.copy(tmp_path / "cache").read()
    before = reader.pair(reader.store.find("5").id)
    change = Change(response_chosen=" Fine, thank you.")
    rescored = await live.rescore(before, change.edit(before.pair))
    reader.keep([custom_pair(change, Result(before.pair.id, rescored))])
    thanks = next(made for made in reader.customs() if made.heuristic == THANKS)
    assert thanks.heuristic.direction == "auto"
    assert [figures.margin for figures in thanks.custom] == [rescored.after.margin]
    reader.close()
