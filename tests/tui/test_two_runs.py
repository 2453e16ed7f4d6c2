"""Compare over two real runs of one index: the same PM read at the text's end, and after it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import torch

from engine.cache.sealed import sealed_runs
from engine.measure.request import ScoreRequest
from engine.measure.score import score
from tests.engine.measure.tiny import hook_of
from tests.engine.tiny import HEURISTICS, make_tiny_index
from tests.tui.driving import page_text, pair_screen, press, settle, text_of
from tui.app import OutvotedApp
from tui.screens.compare import CompareScreen
from tui.screens.runs import RunsScreen


async def test_two_readouts_of_one_pm_are_held_against_each_other(tmp_path: Path) -> None:
    index = make_tiny_index(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    score(
        ScoreRequest(
            paths=index.paths,
            heuristics=HEURISTICS,
            pm=str(index.pm),
            saes=(str(index.sae),),
            hook=hook_of("gptj"),
            readout="appended-end-of-text",
            positions="all",
            pairs="all",
            dtype="float32",
            device="cpu",
        ),
        report=lambda progress: None,
    )
    torch.set_num_threads(threads)
    newest, oldest = sealed_runs(index.paths)
    assert oldest == index.run
    app = OutvotedApp(None, index.read, None, None)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "c")
        screen = app.screen
        assert isinstance(screen, CompareScreen)
        title = text_of(pilot, "title").splitlines()
        assert title[1].startswith(f"here   {newest} · readout appended-end-of-text")
        assert title[2].startswith(f"there  {oldest} · readout last-text-token")

        # The table counts every bearer once, and the pairs off its diagonal are listed.
        assert screen.compared is not None
        compared = screen.compared.comparison
        assert compared is not None
        dunno = compared.heuristics[0]
        assert sum(dunno.verdicts.values()) == dunno.pairs == 20
        off = {pair: count for pair, count in dunno.verdicts.items() if pair[0] != pair[1]}
        assert off
        assert Counter((made.verdict, made.other_verdict) for made in dunno.differing) == off
        assert f"dunno · {len(dunno.differing)} of 20 verdicts differ" in page_text(pilot)
        assert compared.margins.pairs == 40

        # One that differs is opened; over all runs it has this verdict here, that one there.
        await press(pilot, "enter")
        shown = pair_screen(pilot).shown
        assert shown is not None
        differing = dunno.differing[0]
        assert shown.detail.pair.id == differing.id
        assert shown.detail.heuristics[0].judgement.verdict is differing.verdict
        await press(pilot, "c")
        assert isinstance(app.screen, RunsScreen)
        both = page_text(pilot)
        assert newest[:8] in both
        assert oldest[:8] in both
        assert differing.verdict.value in both
        assert differing.other_verdict.value in both
        await press(pilot, "escape", "escape", "q")
