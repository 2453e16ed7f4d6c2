"""Rescoring with a real PM: unedited it is what was stored, and edits move it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.cache.custom import read_customs
from engine.cache.pair_records import PairDetail
from engine.cache.reader import IndexReader
from engine.cache.run_records import TOLD_FEATURES
from engine.errors import UserError
from engine.live import outcome
from engine.live.change import Change, as_edit, without_patterns
from engine.live.client import LiveRescorer
from engine.live.edit import Edit
from engine.live.keep import custom_pair
from engine.live.own import OWN_ID, nothing_known
from engine.live.queue import Result
from engine.live.standing import make_rescorer
from engine.verdict import Verdict
from tests.engine.live.talking import COMMAND, RUNNING
from tests.engine.tiny import DUNNO, PAIRS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), RUNNING]


def stored(reader: IndexReader, row: int) -> PairDetail:
    return reader.pair(reader.store.find(str(row)).id)


def close(left: float | None, right: float | None) -> bool:
    """Equal but for rounding: both None, or nearer than anything that is ever shown."""
    if left is None or right is None:
        return left is right
    return left == pytest.approx(right, abs=2e-5)


async def test_unedited_it_is_what_was_stored(live: LiveRescorer, reader: IndexReader) -> None:
    assert reader.run is not None
    drifts = []
    for row in range(PAIRS):
        before = stored(reader, row)
        rescored = await live.rescore(before, Edit())
        after = rescored.after
        assert rescored.drift is not None
        drifts.append(abs(rescored.drift))
        assert after.pair == before.pair
        assert close(after.margin_sae, before.margin_sae)
        assert len(after.heuristics) == len(before.heuristics)
        for old, new in zip(before.heuristics, after.heuristics, strict=True):
            assert new.judgement.verdict == old.judgement.verdict
            for name in ("kind", "bearer", "spans", "features", "thresholds", "decisive"):
                assert getattr(new, name) == getattr(old, name)
            for name in (
                "effect",
                "activation",
                "effect_all",
                "random_effect",
                "deletion_effect",
                "control_effect",
                "drop_without_others",
                "drop_without_error",
                "effect_over_response",
            ):
                assert close(getattr(new, name), getattr(old, name)), (row, name)
        kept = {made.feature: made.attribution for made in after.features}
        for made in before.features[:10]:
            assert close(kept[made.feature], made.attribution)
    within = sum(drift <= reader.run.figures.noise_floor for drift in drifts)
    assert within >= 0.97 * PAIRS
    assert max(drifts) < 1e-5


async def test_a_deleted_pattern_costs_its_deletion_effect(
    live: LiveRescorer, reader: IndexReader
) -> None:
    before = stored(reader, 4)
    (dunno,) = before.heuristics
    assert dunno.deletion_effect is not None
    assert dunno.bearer == "chosen"
    edit = as_edit(before.pair, without_patterns(before.pair, [DUNNO]))
    rescored = await live.rescore(before, edit)
    assert rescored.drift is None  # an edit has effects, and no drift
    change = (rescored.after.margin or 0) - (before.margin or 0)
    assert change == pytest.approx(-dunno.deletion_effect, abs=1e-5)
    assert rescored.after.heuristics == ()
    assert "I don't know" not in rescored.after.pair.chosen
    assert rescored.before is before


async def test_an_edit_that_is_too_long_tells_what_its_context_lost(
    live: LiveRescorer, reader: IndexReader
) -> None:
    before = stored(reader, 4)
    assert before.truncated == 0
    edit = Edit(response_chosen=before.pair.chosen + "." * 102)
    after = (await live.rescore(before, edit)).after
    assert after.truncated > 0
    assert f"its oldest {after.truncated} tokens do not fit the PM" in after.remarks[0]


async def test_a_pattern_put_into_the_other_side_has_no_bearer(
    live: LiveRescorer, reader: IndexReader
) -> None:
    before = stored(reader, 4)
    edit = Edit(response_rejected=before.pair.rejected + " I don't know.")
    after = (await live.rescore(before, edit)).after
    assert after.heuristics == ()
    assert after.reward_chosen == pytest.approx(before.reward_chosen, abs=1e-5)
    assert after.reward_rejected != pytest.approx(before.reward_rejected, abs=1e-3)


async def test_a_scale_of_one_changes_nothing_and_zero_is_ablation(
    live: LiveRescorer, reader: IndexReader
) -> None:
    before = stored(reader, 4)
    plain = (await live.rescore(before, Edit())).after
    feature = plain.features[0].feature
    same = (await live.rescore(before, Edit(scale={feature: 1.0}))).after
    assert close(same.margin, plain.margin)
    assert close(same.margin_sae, plain.margin_sae)
    gone = (await live.rescore(before, Edit(ablate=(feature,)))).after
    zero = (await live.rescore(before, Edit(scale={feature: 0.0}))).after
    assert gone == zero
    # The exact single effect that the run checked its attributions with.
    checked = next(made.effect for made in before.features if made.feature == feature)
    assert checked is not None
    assert gone.margin == pytest.approx((before.margin or 0) - checked, abs=1e-5)
    # A scaled run has no verdict; who bears the pattern is known all the same.
    (dunno,) = gone.heuristics
    assert dunno.judgement.verdict is Verdict.UNMEASURED
    assert dunno.spans == before.heuristics[0].spans


async def test_a_pinned_feature_is_ablated_at_zero_and_moves_the_margin_elsewhere(
    live: LiveRescorer, reader: IndexReader
) -> None:
    before = stored(reader, 4)
    feature = before.features[0].feature
    gone = (await live.rescore(before, Edit(ablate=(feature,)))).after
    zero = (await live.rescore(before, Edit(pin={feature: 0.0}))).after
    assert close(gone.margin, zero.margin)
    assert close(gone.margin_sae, zero.margin_sae)
    pinned = (await live.rescore(before, Edit(pin={feature: 5.0}))).after
    assert not close(pinned.margin, zero.margin)


async def test_a_measured_edit_is_kept_beside_the_run(
    live: LiveRescorer, reader: IndexReader
) -> None:
    """The whole way: a recipe, a real PM, a custom pair on disk, read back."""
    before = stored(reader, 4)
    change = Change(delete=(DUNNO,), insert_rejected=" I don't know")
    edit = change.edit(before.pair)
    result = Result(before.pair.id, await live.rescore(before, edit))
    path = reader.keep([custom_pair(change, result)])
    assert path.parent == reader.paths.custom
    (kept,) = (made for user in read_customs(path.parent, before.run).values() for made in user)
    assert kept.rejected == before.pair.rejected + " I don't know"
    assert kept.after.margin == result.rescored.after.margin
    assert [made.bearer for made in kept.after.heuristics] == ["rejected"]
    assert [made.verdict for made in kept.after.heuristics] == [
        made.judgement.verdict for made in result.rescored.after.heuristics
    ]


async def test_a_pair_of_ones_own_is_judged_as_the_run_judges(
    live: LiveRescorer, reader: IndexReader
) -> None:
    before = stored(reader, 4)
    assert before.run is not None
    own = nothing_known(replace(before.pair, id=OWN_ID), before.run)
    rescored = await live.rescore(own, Edit())
    assert rescored.drift is None
    assert close(rescored.after.margin, before.margin)
    (dunno,) = rescored.after.heuristics
    assert dunno.judgement.verdict == before.heuristics[0].judgement.verdict
    assert dunno.features == DUNNO.features


async def test_what_the_worker_refuses_is_said_and_the_next_works(
    live: LiveRescorer, reader: IndexReader
) -> None:
    before = stored(reader, 4)
    with pytest.raises(UserError, match="longer than the PM's context"):
        await live.rescore(before, Edit(response_chosen=" word" * 200))
    assert live.state == "ready"
    assert (await live.rescore(before, Edit())).seconds < 5


async def test_an_asker_that_goes_away_again_and_again(
    live: LiveRescorer, reader: IndexReader
) -> None:
    before = stored(reader, 4)
    for pause in (0, 0.001, 0.005, 0.01, 0.02, 0.04):
        leaving = asyncio.create_task(live.rescore(before, Edit()))
        await asyncio.sleep(pause)
        leaving.cancel()
        stopping = asyncio.create_task(live.settle())
        staying = asyncio.create_task(live.rescore(stored(reader, 5), Edit()))
        assert close((await staying).drift, 0)
        await stopping


async def test_without_a_run_there_is_no_pm_to_ask(reader: IndexReader) -> None:
    bare = IndexReader(reader.paths, reader.store, None, reader.looked_at)
    with pytest.raises(UserError, match='the index "tiny" has no finished run'):
        make_rescorer(bare, COMMAND, "cpu")


async def test_as_many_features_are_told_as_of_a_stored_pair() -> None:
    assert outcome.MOST_FEATURES == TOLD_FEATURES
