"""What commands leave in the log, and how a measurement ends that was not let go on."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from engine import log
from tests.engine.tiny import TinyIndex
from tui.cli.main import main


@pytest.fixture
def fresh(tiny_index: TinyIndex, tmp_path: Path) -> Path:
    """A cache with the tiny pairs and no run."""
    sources = tmp_path / "cache" / "tiny" / "sources"
    shutil.copytree(tiny_index.paths.sources, sources)
    return tmp_path / "cache"


def scoring(tiny_index: TinyIndex, cache: Path) -> list[str]:
    models = ["--pm", str(tiny_index.pm), "--sae", str(tiny_index.sae)]
    return [sys.executable, "-m", "tui", "score", *models, "--name", "tiny", "--cache", str(cache)]


def test_every_command_says_what_it_was_and_how_it_ended(
    fresh: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    where = ["--cache", str(fresh), "--name", "tiny"]
    assert main(["census", "thank you\x1b[2J", *where, "--verbose"]) == 0
    assert main(["show", "400", *where]) == 2
    kept = (fresh / log.FILE).read_text(encoding="utf-8").splitlines()
    assert "info outvoted census 'thank you␛[2J'" in kept[0]
    assert "info done after" in kept[1]
    assert "error ended after" in kept[3]
    assert "400" in kept[3]
    assert "info outvoted census" in capfd.readouterr().err


def test_killed_it_ends_in_a_sentence(tiny_index: TinyIndex, fresh: Path) -> None:
    process = subprocess.Popen(scoring(tiny_index, fresh), stderr=subprocess.PIPE, text=True)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 60
    while not (found := children.read_text().split()) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(int(found[0]), signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the measurement was killed (SIGKILL)" in said
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert "was killed" in (fresh / log.FILE).read_text(encoding="utf-8")


def test_an_index_that_finds_no_room_is_not_half_written(
    tiny_index: TinyIndex, tmp_path: Path
) -> None:
    """A limit on the size of files stands for a full disk."""
    cache = tmp_path / "cache"
    command = [sys.executable, "-m", "tui", "index", str(tiny_index.source), "--cache", str(cache)]
    small = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (9_000, 9_000))
    full = subprocess.run(command, capture_output=True, text=True, preexec_fn=small, timeout=120)
    assert (full.returncode, full.stdout) == (1, "")
    assert "Make room and run the same command again" in full.stderr
    assert "Traceback" not in full.stderr
    assert [path.name for path in (cache / "default" / "sources").iterdir()] == []
    assert subprocess.run(command, capture_output=True, timeout=120).returncode == 0
