"""Several SAEs in one pass: the PM runs once for all of them, and no run is the worse for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from torch import nn

from engine.hh import Pair
from engine.measure import run
from engine.measure.base_stage import base_stage
from engine.measure.instrument import Instrument
from engine.measure.on_views import OnViews, on_one_capture
from engine.measure.progress import Progress
from engine.measure.request import ScoreRequest
from engine.measure.score import score
from engine.models.pm import PreferenceModel
from engine.models.sae.load import load_sae
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import ARCHITECTURES, BLOCK, hook_of, pair, write_sae
from tests.engine.measure.world import (
    ARCHITECTURE,
    DUNNO,
    YES,
    Rows,
    World,
    make_index,
    rows_of,
)


@pytest.fixture(scope="module", autouse=True)
def _few_are_sampled() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "NOISE_PAIRS", 4)
        patch.setattr(run, "CHECKED_PAIRS", 4)
        patch.setattr(run, "INTEGRATED_PAIRS", 2)
        yield


@contextmanager
def full_forwards(pm: PreferenceModel) -> Iterator[list[None]]:
    """One entry for each time that the PM runs from its first block on: a resumed one does not."""
    seen: list[None] = []

    def count(_module: nn.Module, _inputs: object) -> None:
        seen.append(None)

    handle = next(pm.blocks[0].children()).register_forward_pre_hook(count)
    yield seen
    handle.remove()


def pairs() -> list[Pair]:
    """More than fit in one batch."""
    contexts = [f"\n\nHuman: {'so ' * (60 + row)}\n\nAssistant:" for row in range(9)]
    return [
        pair(f" Yes{row}, well then", " No, I don't know", context, row)
        for row, context in enumerate(contexts)
    ]


def stage_of(instrument: Instrument) -> OnViews:
    made = base_stage(instrument, base_too=True, texts_too=True, checked={1, 2}, integrated={2})
    assert isinstance(made, OnViews)
    return made


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_saes_of_one_pm_share_each_batchs_forward(
    tiny_of: MakeTiny, architecture: str, tmp_path: Path
) -> None:
    """Two at one hook point and one below: each has the rows that it has by itself."""
    tiny = tiny_of(architecture)
    other = load_sae(str(write_sae(tmp_path, architecture, seed=2)), device="cpu")
    below = dataclasses.replace(other, hook=None)
    hook = hook_of(architecture)
    instruments = [
        tiny.instrument,
        *(
            Instrument(tiny.pm, sae, hook=at, readout="last-text-token", positions="all")
            for sae, at in ((other, hook), (below, hook.replace(f".{BLOCK}", f".{BLOCK - 1}")))
        ),
    ]
    with full_forwards(tiny.pm) as by_themselves:
        alone = [stage_of(instrument)(pairs()) for instrument in instruments]
    with full_forwards(tiny.pm) as shared:
        together = on_one_capture([stage_of(each) for each in instruments], pairs())
    assert len(shared) > 1
    assert len(by_themselves) == 3 * len(shared)
    for one, among in zip(alone, together, strict=True):
        assert one.tables.keys() == among.tables.keys()
        for stage, table in one.tables.items():
            assert table.equals(among.tables[stage], check_metadata=True)
    assert [measured.tokens for measured in together] == [alone[0].tokens, 0, 0]


@pytest.fixture(scope="module")
def models(tiny_of: MakeTiny, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tiny_of(ARCHITECTURE).folder
    other = write_sae(tmp_path_factory.mktemp("sae") / "other", ARCHITECTURE, seed=2)
    cache = tmp_path_factory.mktemp("together") / "cache"
    request = ScoreRequest(
        paths=make_index(cache),
        heuristics=(DUNNO, YES),
        pm=str(folder / "pm"),
        saes=(str(folder / "sae"), str(other)),
        hook=None,
        readout="last-text-token",
        positions="all",
        pairs="row=0..40",
        dtype="float32",
        device="cpu",
    )
    return World(request, other)


def sealed(request: ScoreRequest) -> dict[str, Rows]:
    """The rows of every run of an index."""
    return {file.parent.name: rows_of(file) for file in request.paths.runs.glob("*/run.duckdb")}


@pytest.fixture(scope="module")
def by_themselves(models: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """The runs of both SAEs, where neither knows of the other."""
    rows: dict[str, Rows] = {}
    for sae in models.request.saes:
        own = models.copy(tmp_path_factory.mktemp("alone") / "cache").request
        score(dataclasses.replace(own, saes=(sae,)), lambda _: None)
        rows |= sealed(own)
    return rows


def test_two_saes_are_scored_in_one_pass_to_the_rows_of_two(
    models: World, by_themselves: dict[str, Rows]
) -> None:
    steps: list[Progress] = []
    one, other = score(models.request, steps.append)
    assert sealed(models.request) == by_themselves
    assert set(by_themselves) == {one.run, other.run}
    assert one.pairs == other.pairs
    second = {step.stage for step in steps if step.run == other.run and step.tokens}
    assert not second & {"texts", "base", "sample", "noise"}
    assert one.tokens > other.tokens
    assert one.pairs_per_second > 0


class StoppedError(Exception):
    """Stands for a process that is killed while it reports."""


@pytest.mark.parametrize("stop", [3, 9])
def test_a_pass_for_two_that_was_stopped_ends_with_the_same_rows(
    models: World, by_themselves: dict[str, Rows], tmp_path: Path, stop: int
) -> None:
    """Also where the second of them alone is gone on with first."""
    request = models.copy(tmp_path / "cache").request
    _stop_after(request, stop)
    for saes in (request.saes[1:], request.saes):
        score(dataclasses.replace(request, saes=saes), lambda _: None)
    assert sealed(request) == by_themselves


def _stop_after(request: ScoreRequest, steps: int) -> None:
    told: list[Progress] = []

    def report(progress: Progress) -> None:
        told.append(progress)
        if len(told) == steps:
            raise StoppedError

    with pytest.raises(StoppedError):
        score(request, report)


def test_an_sae_named_twice_is_one_run(models: World, tmp_path: Path) -> None:
    request = models.copy(tmp_path / "cache").request
    request = dataclasses.replace(request, heuristics=(DUNNO,), pairs="bearers")
    (result,) = score(dataclasses.replace(request, saes=request.saes[:1] * 2), lambda _: None)
    assert list(sealed(request)) == [result.run]
