"""Who measures a run changes none of its rows: other processes, in any order, elsewhere."""

from __future__ import annotations

import dataclasses
import pickle
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from engine.cache.layout import IndexPaths
from engine.cache.pairs import open_pairs
from engine.cache.parts import Parts
from engine.errors import UserError
from engine.measure import run, score, staging
from engine.measure.crew import Crew
from engine.measure.enlist import orders_of
from engine.measure.hand import Hand, Orders, error_of, makers, tasks
from engine.measure.instrument import Instrument
from engine.measure.progress import Report
from engine.measure.request import ScoreRequest
from engine.measure.staging import Pairs, Stage, Work, missing
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.world import ARCHITECTURE, DUNNO, YES, World, measure, rows

STAGES = ("texts", "base", "sample", "noise", "spans", "effects", "checks", "integrated")


@dataclass(frozen=True, slots=True)
class Shuffled:
    """Two workers as a cluster has them, asked for parts in any order, for some of them twice."""

    orders: Orders

    def measure(
        self, run: str, stages: Sequence[Stage], *, parts: Parts, source: Pairs, report: Report
    ) -> list[Work]:
        left = [missing(stage.name, stage.ids, parts) for stage in stages]
        asked = tasks(left)
        draw = random.Random(run)
        asked += draw.sample(asked, len(asked) // 4)
        draw.shuffle(asked)
        pickle.dumps((self.orders, run, parts, makers(stages)))  # all of it can travel
        hands = [Hand(self.orders, run, parts, makers(stages)) for _ in range(2)]
        for task in asked:
            if error := error_of(draw.choice(hands)(task)):
                raise error
        return [Work(each.pairs) for each in left]


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


def spread(request: ScoreRequest, instrument: Instrument, workers: int | None) -> Crew:
    return Shuffled(orders_of(request, instrument))


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


def test_a_worker_with_other_models_or_other_pairs_measures_nothing(
    alone: World, tiny_of: MakeTiny, tmp_path: Path
) -> None:
    orders = orders_of(alone.request, tiny_of(ARCHITECTURE).instrument)
    task = {"stage": 0, "first": 0, "ids": [1]}
    own = {1: "0" * 8}
    for parts, run_id, what in (
        (Parts(tmp_path, own), "", "its pairs are not those that the head reads"),
        (Parts(tmp_path, _hashes(alone)), "1" * 16, "the head's 1111111111111111"),
    ):
        error = error_of(Hand(orders, run_id, parts, [])(task))
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
