"""`score --ray` on a cluster of two workers: the rows of one process, whoever is killed.

Needs the extra `cluster`; `make cluster-test` installs it and runs this.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cache.layout import IndexPaths
from engine.cache.run_records import RUN_FILE
from engine.measure import run, staging
from engine.measure.progress import Progress
from engine.measure.request import ScoreRequest
from engine.measure.score import score
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import write_sae
from tests.engine.measure.world import ARCHITECTURE, DUNNO, YES, World, rows_of

ray = pytest.importorskip("ray", reason="ray is not installed: make cluster-test installs it")


@pytest.fixture
def two_workers() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def test_a_worker_killed_midway_costs_no_row(
    tiny_of: MakeTiny, tmp_path: Path, two_workers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts are cut small, so that there are some for everyone."""
    small = dict.fromkeys(("texts", "base", "sample", "noise", "spans", "effects", "checks"), 8)
    monkeypatch.setattr(staging, "PART_IDS", small)
    monkeypatch.setattr(run, "CHECKED_PAIRS", 9)
    folder = tiny_of(ARCHITECTURE).folder
    models = World(
        ScoreRequest(
            paths=IndexPaths(folder, "none"),
            heuristics=(DUNNO, YES),
            pm=str(folder / "pm"),
            saes=(str(folder / "sae"), str(write_sae(tmp_path / "other", ARCHITECTURE, seed=2))),
            hook=None,
            readout="last-text-token",
            positions="all",
            pairs="bearers",
            dtype="float32",
            device="cpu",
        ),
        other_sae=folder,
    )
    alone, spread = models.copy(tmp_path / "alone"), models.copy(tmp_path / "spread")
    killed: list[int] = []

    def kill_one(_: Progress) -> None:
        if not killed and (workers := list(_workers())):
            os.kill(workers[0], signal.SIGKILL)
            killed.append(workers[0])

    # Rows, unlike parts, are in the run's own file, on this machine.
    request = dataclasses.replace(spread.request, ray="", parts=f"local://{tmp_path}/parts")
    results = score(request, kill_one)
    assert killed
    here = score(alone.request, lambda _: None)
    assert [each.tokens for each in results] == [each.tokens for each in here]
    for result in results:
        files = [world.request.paths.run(result.run) / RUN_FILE for world in (spread, alone)]
        assert rows_of(files[0]) == rows_of(files[1])
        assert list((tmp_path / "parts" / result.run).rglob("*.parquet"))
    assert not list(spread.request.paths.runs.glob("*/parts"))
    assert score(request, lambda _: None)[0].tokens == 0  # and nothing is measured again


def _workers() -> Iterator[int]:
    """Processes of this test's cluster that measure now."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if b"(Hand)" in (folder / "cmdline").read_bytes() and os.getpid() in _above(folder):
                yield int(folder.name)


def _above(folder: Path) -> Iterator[int]:
    """The process's parent, and theirs."""
    while (parent := int((folder / "stat").read_text().rpartition(")")[2].split()[1])) > 1:
        yield parent
        folder = folder.with_name(str(parent))
