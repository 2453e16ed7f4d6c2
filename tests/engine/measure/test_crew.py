"""Who measures a run changes none of its rows: other processes, in any order, elsewhere."""

from __future__ import annotations

import dataclasses
import pickle
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from engine.cache.layout import IndexPaths
from engine.cache.pairs import open_pairs
from engine.cache.parts import Parts
from engine.cache.run_records import RUN_FILE
from engine.errors import UserError
from engine.measure import enlist, run, score, staging
from engine.measure.crew import Crew
from engine.measure.enlist import orders_of
from engine.measure.hand import Answer, Asked, Hand, Job, error_of
from engine.measure.handed import Ask, Handed
from engine.measure.instrument import Instrument
from engine.measure.request import ScoreRequest
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import write_sae
from tests.engine.measure.world import ARCHITECTURE, DUNNO, YES, World, measure, rows, rows_of

STAGES = ("texts", "base", "sample", "noise", "spans", "effects", "checks", "integrated")


def shuffled(jobs: Sequence[Job], tasks: Sequence[Asked]) -> Iterator[Answer]:
    """Two workers as a cluster has them, given tasks in any order."""
    draw = random.Random(len(tasks))
    asked = draw.sample(tasks, len(tasks))
    pickle.dumps((jobs, tasks))  # all of it can travel
    hands = [Hand(jobs) for _ in range(2)]
    for task in asked:
        yield draw.choice(hands)(task)
        if draw.random() < 0.25:
            draw.choice(hands)(task)  # measured again, as after a death


@pytest.fixture(scope="module", autouse=True)
def _small_parts() -> Iterator[None]:
    """Parts are cut small, so that there are some for everyone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging, "PART_IDS", dict.fromkeys(STAGES, 16))
        patch.setattr(run, "CHECKED_PAIRS", 9)
        yield


@pytest.fixture(scope="module")
def alone(tiny_of: MakeTiny, tmp_path_factory: pytest.TempPathFactory) -> World:
    """What one process measures by itself: to be read, never written."""
    folder = tiny_of(ARCHITECTURE).folder
    request = ScoreRequest(
        paths=IndexPaths(folder, "none"),
        heuristics=(DUNNO, YES),
        pm=str(folder / "pm"),
        saes=(str(folder / "sae"),),
        hook=None,
        readout="last-text-token",
        positions="all",
        pairs="bearers",
        dtype="float32",
        device="cpu",
    )
    world = World(request, folder).copy(tmp_path_factory.mktemp("alone") / "cache")
    measure(world.request)
    return world


def spread(
    runs: Mapping[str, tuple[ScoreRequest, Instrument]],
    device: str,
    workers: int | None,
    ask: Ask = shuffled,
) -> Crew:
    return Handed({run: orders_of(*own) for run, own in runs.items()}, ask)


def test_workers_elsewhere_measure_the_same_rows_into_an_object_store(
    alone: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be renamed; and the next sitting finds the parts without being told."""
    world = alone.copy(tmp_path / "cache")
    monkeypatch.setattr(score, "crew_of", spread)
    measure(dataclasses.replace(world.request, parts="memory://bucket/parts"))
    assert rows(world) == rows(alone)
    folder = world.run_file.parent
    assert MemoryFileSystem().ls(f"/bucket/parts/{folder.name}/base")
    assert not (folder / "parts").exists()
    world.run_file.unlink()
    monkeypatch.undo()
    assert measure(world.request).tokens == 0
    assert rows(world) == rows(alone)
    with pytest.raises(UserError, match=f"are in memory://bucket/parts/{folder.name}\n"):
        measure(dataclasses.replace(world.request, parts=str(tmp_path)))


def test_workers_too_measure_two_saes_on_one_capture(
    alone: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch runs through the PM once for both, wherever that is; no row is another one."""
    other = write_sae(tmp_path / "other", ARCHITECTURE, seed=2)
    both = dataclasses.replace(alone.request, saes=(*alone.request.saes, str(other)))
    here, there = (alone.copy(tmp_path / name).request for name in ("here", "there"))
    together = list[list[int]]()

    def counting(jobs: Sequence[Job], tasks: Sequence[Asked]) -> Iterator[Answer]:
        together.append([len(task["job"]) for task in tasks if isinstance(task["job"], list)])
        return shuffled(jobs, tasks)

    in_one = score.score(dataclasses.replace(both, paths=here.paths), lambda _: None)
    monkeypatch.setattr(score, "crew_of", partial(spread, ask=counting))
    elsewhere = score.score(dataclasses.replace(both, paths=there.paths), lambda _: None)
    assert max(together[0]) >= 2
    assert [each.tokens for each in elsewhere] == [each.tokens for each in in_one]
    for made, expected in zip(elsewhere, in_one, strict=True):
        assert made.run == expected.run
        found, wanted = (paths.run(made.run) / RUN_FILE for paths in (there.paths, here.paths))
        assert rows_of(found) == rows_of(wanted)


def test_workers_go_on_where_some_of_the_bearers_have_base_figures_already(
    alone: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those are asked for their activations alone, the others for all, by one name of a stage."""
    here, there = (alone.copy(tmp_path / name) for name in ("here", "there"))
    for world, crew in ((here, enlist.crew_of), (there, spread)):
        some = dataclasses.replace(world.request, heuristics=(YES,), pairs="row=0..20")
        measure(some)
        monkeypatch.setattr(score, "crew_of", crew)
        measure(world.request)
    assert rows(there) == rows(here)


def test_a_worker_with_other_models_or_other_pairs_measures_nothing(
    alone: World, tiny_of: MakeTiny, tmp_path: Path
) -> None:
    orders = orders_of(alone.request, tiny_of(ARCHITECTURE).instrument)
    task: Asked = {"number": 0, "ids": [1], "job": [0], "stage": [0], "first": [0]}
    own = {1: "0" * 8}
    for parts, run_id, what in (
        (Parts(tmp_path, own), "", "its pairs are not those that the head reads"),
        (Parts(tmp_path, _hashes(alone)), "1" * 16, "the head's 1111111111111111"),
    ):
        error = error_of(Hand([Job(run_id, orders, parts, ())])(task))
        assert isinstance(error, UserError)
        assert what in error.what
        assert ", on " in str(error.where)
    assert not list(tmp_path.iterdir())


def _hashes(world: World) -> dict[int, str]:
    store = open_pairs(world.request.paths)
    try:
        return store.source_hashes()
    finally:
        store.close()


def test_ray_is_asked_for_by_name_alone(alone: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra that is one sentence, told before anything is loaded."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"needs Ray.*\n.*pip install 'outvoted\[cluster\]'"):
        measure(dataclasses.replace(alone.request, ray=""))
