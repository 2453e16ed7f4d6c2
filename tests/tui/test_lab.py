"""The lab: a change is composed, queued over pairs, held against what was stored, and kept."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from engine.errors import UserError
from engine.live.change import Change
from engine.live.edit import Edit, NoWorkerError, Rescored
from engine.live.queue import Experiment, Result
from tests.tui.driving import browser, press, settle, text_of, until_measured
from tests.tui.fakes import FakeReader, FakeRescorer, make_detail
from tests.tui.golden import SIZES, check_golden
from tui.app import OutvotedApp
from tui.screens.lab import LabScreen
from tui.screens.lab_tally import Tallies, verdicts
from tui.screens.lab_targets import Target, over_words
from tui.screens.pair import PairScreen
from tui.screens.pairs import PairsScreen
from tui.screens.prompt import Prompt
from tui.widgets.document import Document

FROM_PAIRS = ("enter", "L")
FROM_PAIR = ("enter", "enter", "L")
"""The first counterexample of `url`; twelve pairs are in the list."""


async def measure(pilot: Pilot[None], *keys: str) -> None:
    await press(pilot, *keys)
    await until_measured(pilot)


def screen_of(pilot: Pilot[None]) -> type[object]:
    return type(pilot.app.screen)


def document(pilot: Pilot[None], name: str) -> list[str]:
    page = pilot.app.screen.query_one(f"#{name}", Document).page
    return [line.plain.rstrip() for line in page.lines]


def experiments(pilot: Pilot[None]) -> list[str]:
    """The lines of the queue and its history, the newest first."""
    return document(pilot, "experiments")[1:]


def queue_line(pilot: Pilot[None]) -> str:
    return text_of(pilot, "queue")


async def test_it_is_reached_from_the_list_and_from_a_pair_and_left_by_esc() -> None:
    async with browser().run_test() as pilot:
        await press(pilot, *FROM_PAIRS)
        assert screen_of(pilot) is LabScreen
        assert "fake.jsonl:test:0" in text_of(pilot, "title")
        assert "Nothing was measured yet. enter measures" in document(pilot, "experiments")[0]
        await press(pilot, "escape")
        assert screen_of(pilot) is PairsScreen
        await press(pilot, "enter", "L")
        assert screen_of(pilot) is LabScreen
        await press(pilot, "escape")
        assert screen_of(pilot) is PairScreen


async def test_a_pair_as_it_is_shows_its_drift() -> None:
    async with browser().run_test(size=(80, 40)) as pilot:
        await press(pilot, *FROM_PAIR)
        await measure(pilot, "enter")
        assert experiments(pilot) == ["✓   1         1/1   -0.000  as it is"]
        shown = "\n".join(document(pilot, "body"))
        assert "drift                 -1e-06 (noise floor 2.4e-06)" in shown
        assert "drift unedited" not in shown


async def test_an_edit_stands_beside_the_stored_figures_and_the_drift_of_its_pair() -> None:
    rescorer = FakeRescorer()
    async with browser(rescorer=rescorer).run_test(size=(80, 50)) as pilot:
        await press(pilot, *FROM_PAIR)
        await measure(pilot, "e", "Z", "f5")
        assert rescorer.edits[0].response_chosen is not None
        assert rescorer.edits[0].response_chosen.startswith("Z")
        assert rescorer.edits[1].is_none  # for the drift
        shown = "\n".join(document(pilot, "body"))
        assert "+0.400   +0.150   -0.250" in shown
        assert "drift unedited        -1e-06 (noise floor 2.4e-06)" in shown
        assert "chosen · EDITED" in shown
        assert "rejected as stored" in shown
        # An edit on top of the edit, and nothing changed in it.
        await measure(pilot, "e", "tab", "Y", "f5")
        assert rescorer.edits[2].response_chosen == rescorer.edits[0].response_chosen
        assert (
            text_of(pilot, "title")
            .splitlines()[1]
            .startswith("change  chosen edited · rejected edited")
        )


async def test_a_change_is_composed_of_deletion_insertion_and_features() -> None:
    rescorer = FakeRescorer()
    async with browser(rescorer=rescorer).run_test(size=(100, 40)) as pilot:
        await press(pilot, *FROM_PAIR, "d", "I", "enter", "a", *"12,34 5=2 6@3.5", "enter")
        said = text_of(pilot, "title").splitlines()[1]
        assert said == (
            'change  url deleted · rejected + " https://" · 12,34 ablated · 5 times 2'
            " · 6 pinned to 3.5"
        )
        await measure(pilot, "enter")
        edit = rescorer.edits[0]
        assert edit.response_chosen is not None
        assert "https://" not in edit.response_chosen
        assert edit.response_rejected is not None
        assert edit.response_rejected.endswith(" https://")
        assert (edit.ablate, edit.scale, edit.pin) == ((12, 34), {5: 2.0}, {6: 3.5})
        # What was typed is there again; a word that means nothing changes nothing.
        await press(pilot, "a", *", x", "enter")
        assert '"x" is no feature' in text_of(pilot, "complaint")
        await press(pilot, "escape")
        assert text_of(pilot, "title").splitlines()[1] == said
        await press(pilot, "d", "c")
        assert "as it is" in text_of(pilot, "title")
        await measure(pilot, "i", *["backspace"] * 9, *" ok", "enter", "enter")
        assert (rescorer.edits[-1].response_chosen or "").endswith(" ok")


async def test_the_pattern_is_deleted_in_all_pairs_of_a_mark() -> None:
    """Two pairs are marked interesting; one of them has no pattern to delete."""
    reader, rescorer = FakeReader(), FakeRescorer()
    async with browser(reader, rescorer).run_test(size=(100, 40)) as pilot:
        await press(pilot, "enter", "4", "4", "g", "L", "d", "t")
        assert "[the list (12)]" in text_of(pilot, "title")
        await press(pilot, "t")
        assert "[marked interesting (2)]" in text_of(pilot, "title")
        await measure(pilot, "enter")
        assert len(rescorer.edits) == 2
        assert all("https://" not in (edit.response_chosen or "") for edit in rescorer.edits)
        (line,) = experiments(pilot)
        assert line == "✓   1         2/2   -0.250  url deleted"
        shown = document(pilot, "body")
        assert "2 of 2 measured · margin changed by -0.250 on average (-0.250 to" in shown[0]
        assert shown[-2].startswith("test:0             +0.400   +0.150   -0.250  outvoted")
        # Back to this pair: the list goes round.
        await press(pilot, "t")
        assert "[this pair]" in text_of(pilot, "title")


async def test_many_results_are_gone_through_opened_kept_and_exported(tmp_path: Path) -> None:
    reader = FakeReader()
    async with browser(reader).run_test(size=(120, 40)) as pilot:
        await press(pilot, *FROM_PAIRS, "t")
        await measure(pilot, "r")
        (line,) = experiments(pilot)
        assert "12/12" in line
        summary = document(pilot, "body")[0]
        assert "12 of 12 measured" in summary
        assert "within the noise floor 2.4e-06" in summary
        # One is opened, kept, closed; then all the others are kept too.
        await press(pilot, "tab", "j", "o")
        assert document(pilot, "body")[0].startswith("── test:")
        await press(pilot, "s")
        assert "kept 1 custom pair in custom/me.jsonl" in text_of(pilot, "state")
        assert "· kept" in document(pilot, "body")[0]
        await press(pilot, "escape")
        assert screen_of(pilot) is LabScreen
        await press(pilot, "s")
        assert "not kept already" not in text_of(pilot, "state")
        await press(pilot, "tab", "s", "s")
        assert "There is no result to keep that is not kept already." in text_of(pilot, "state")
        assert len(reader.kept) == 12
        assert len({made.name for made in reader.kept}) == 12
        path = tmp_path / "out.jsonl"
        await press(pilot, "w")
        for name in (tmp_path / "missing" / "out.jsonl", tmp_path):
            pilot.app.screen.query_one(Input).value = str(name)
            await press(pilot, "enter")
            assert isinstance(pilot.app.screen, Prompt), "the name stays to be mended"
        pilot.app.screen.query_one(Input).value = str(path)
        await press(pilot, "enter")
        assert "wrote 12 results to" in text_of(pilot, "state")
        documents = [json.loads(line) for line in path.read_text().splitlines()]
        assert [document["change"] for document in documents] == ["as it is"] * 12
        assert documents[0]["before"]["pair"] == documents[0]["pair"]


async def test_a_queue_goes_on_when_the_lab_is_left_and_is_stopped_by_a_key() -> None:
    rescorer = FakeRescorer(wait=60)
    async with browser(rescorer=rescorer).run_test(size=(100, 30)) as pilot:
        await press(pilot, *FROM_PAIRS, "t", "enter", "d", "enter")
        assert "24 left · this one" in queue_line(pilot)
        assert "x stops it" in queue_line(pilot)
        lines = experiments(pilot)
        assert [line.split()[0] for line in lines] == ["·", "▶"]
        await press(pilot, "escape", "L")
        assert [line.split()[0] for line in experiments(pilot)] == ["·", "▶"]
        await press(pilot, "j", "x")
        assert [line.split()[0] for line in experiments(pilot)] == ["▶", "×"]
        assert rescorer.settled == 1
        await press(pilot, "X")
        await until_measured(pilot)
        assert [line.split()[0] for line in experiments(pilot)] == ["×", "×"]
        assert "nothing to measure" in queue_line(pilot)
        await press(pilot, "x")
        assert "nothing to stop" in text_of(pilot, "state")


async def test_the_time_and_an_estimate_are_shown() -> None:
    rescorer = FakeRescorer(wait=0.3)
    async with browser(rescorer=rescorer).run_test(size=(100, 30)) as pilot:
        await press(pilot, *FROM_PAIRS, "t", "enter")
        await asyncio.sleep(0.8)
        await pilot.pause()
        assert "about" in queue_line(pilot)
        assert "to go" in queue_line(pilot)
        await press(pilot, "X")


async def test_a_refused_pair_is_told_with_its_words_and_what_to_do() -> None:
    refusal = UserError("out of memory (CUDA out of memory)", todo="Score with a smaller dtype.")
    rescorer = FakeRescorer(failing=refusal)
    async with browser(rescorer=rescorer).run_test(size=(100, 40)) as pilot:
        await press(pilot, *FROM_PAIRS, "t")
        await measure(pilot, "enter")
        assert experiments(pilot)[0].endswith("as it is  ! 12 failed")
        shown = document(pilot, "body")
        assert "! row 0: out of memory (CUDA out of memory). Score with a smaller dtype." in shown
        await press(pilot, "s", "w")
        assert text_of(pilot, "state") == "There is no result to write."


async def test_a_worker_that_is_lost_holds_the_queue_until_somebody_says_to_go_on() -> None:
    rescorer = FakeRescorer(failing=NoWorkerError("the worker is gone: it ended", todo="Look."))
    async with browser(rescorer=rescorer).run_test(size=(100, 40)) as pilot:
        await press(pilot, *FROM_PAIRS, "t")
        await measure(pilot, "enter")
        assert "held, 11 left · p goes on, X gives up" in queue_line(pilot)
        assert "! the worker is gone: it ended. Look." in text_of(pilot, "state")
        rescorer.failing = None
        await measure(pilot, "p")
        assert experiments(pilot)[0].startswith("✓   1       12/12")
        assert len(rescorer.edits) == 2 + 11
        await press(pilot, "p")
        assert "Nothing holds the queue" in text_of(pilot, "state")


async def test_an_edited_text_is_measured_on_its_own_pair_alone() -> None:
    async with browser().run_test(size=(100, 40)) as pilot:
        await press(pilot, *FROM_PAIRS)
        await measure(pilot, "e", "Z", "f5")
        await press(pilot, "t", "enter")
        assert "An edited text belongs to one pair" in text_of(pilot, "state")


async def test_what_was_measured_on_a_pair_is_in_the_history() -> None:
    async with browser().run_test(size=(100, 40)) as pilot:
        await press(pilot, "enter", "enter", "a", *"12@3", "enter", "r", "L")
        assert [line.split("  ")[-1] for line in experiments(pilot)] == [
            "as it is",
            "12 pinned to 3",
        ]
        await press(pilot, "j")
        shown = "\n".join(document(pilot, "body"))
        assert "drift unedited        -1e-06" in shown


async def test_features_are_ablated_on_the_pair_itself() -> None:
    rescorer = FakeRescorer()
    async with browser(rescorer=rescorer).run_test(size=(100, 40)) as pilot:
        await press(pilot, "enter", "enter", "a", *"12, #34", "enter")
        assert rescorer.edits[0].ablate == (12, 34)
        assert "EDITED" in text_of(pilot, "title")
        assert "before and after" in "\n".join(document(pilot, "body"))
        await press(pilot, "a", "x", "enter")
        assert '"x" is no feature' in text_of(pilot, "complaint")
        await press(pilot, "escape", "a", "escape", "a", "enter")
        assert len(rescorer.edits) == 2, "the features, and the drift"


async def test_without_a_run_it_says_so() -> None:
    app = OutvotedApp(None, FakeReader, None, None)
    async with app.run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "L")
        await measure(pilot, "enter")
        assert "no PM to ask" in "\n".join(document(pilot, "body"))


@pytest.mark.parametrize("row", [3, 7, 13, 19])
async def test_hostile_texts_are_measured_and_shown_and_never_obeyed(row: int) -> None:
    """Markup, escapes, right to left, a word of 100,000 characters, nothing at all."""
    async with browser().run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "enter", *["j"] * row, "L", "i", *["backspace"] * 20)
        await measure(pilot, *"[/x]", "enter", "enter")
        assert experiments(pilot) == ['✓   1         1/1   -0.250  chosen + "[/x]"']
        drawn = pilot.app.export_screenshot()
        assert "\x1b" not in drawn
        assert "\u202e" not in drawn
        assert max(map(len, document(pilot, "body"))) <= 80


def test_the_pairs_a_change_is_meant_for_are_in_view_whichever_is_chosen() -> None:
    names = ("this pair", "the list", "marked clear", "marked unclear", "marked label wrong")
    targets = [Target(name, (1, 2)) for name in names]
    for chosen, name in enumerate(names):
        assert f"[{name} (2)]" in over_words(targets, chosen, 200)
        for width in (73, 53):
            shown = over_words(targets, chosen, width)
            assert f"[{name} (2)]" in shown
            assert len(shown) <= width


def test_results_taken_in_one_by_one_amount_to_what_all_of_them_do() -> None:
    made = Experiment(1, Change(), tuple(range(6)))
    tallies = Tallies("url", 0.25)
    tallies.of(made)
    for row in range(6):
        before = make_detail(row)
        margin = None if before.margin is None else before.margin + row / 10
        rescored = Rescored(before, replace(before, margin=margin), 1.0, Edit())
        made.results.append(Result(row, rescored))
        assert len(tallies.of(made).lines) == row + 1
    made.kept.add(2)
    tally, fresh = tallies.of(made), Tallies("url", 0.25).of(made)
    assert [line.plain for line in tally.lines] == [line.plain for line in fresh.lines]
    assert tally.lines[2].plain.endswith("kept")
    assert (tally.mean, tally.moves) == (fresh.mean, fresh.moves)
    assert tally.mean == pytest.approx(0.25)
    assert (tally.lowest, tally.highest) == pytest.approx((0.0, 0.5))
    assert tally.within == 3


def test_a_heuristic_whose_pattern_went_has_no_verdict_though_another_has_one() -> None:
    before = make_detail(0)
    (url,) = before.heuristics
    other = replace(url, heuristic=replace(url.heuristic, name="other", pattern="See"))
    two = replace(before, heuristics=(url, other))
    without = replace(before, heuristics=(other,))
    made = Result(0, Rescored(two, without, 1.0, Edit(response_chosen=" x")))
    assert verdicts(made, "url") == ("outvoted", "none")
    assert verdicts(made, "other") == ("outvoted", "outvoted")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("lab-empty", FROM_PAIR),
        ("lab-edit", (*FROM_PAIR, "d", "a", *"12,34", "enter", "enter")),
        ("lab-many", (*FROM_PAIRS, "d", "t", "enter")),
    ],
)
async def test_the_screen_says_what_it_said(
    request: pytest.FixtureRequest, name: str, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    update = bool(request.config.getoption("--snapshot-update"))
    app = browser()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await measure(pilot, *keys)
        check_golden(app, name, update=update)
