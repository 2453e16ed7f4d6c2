"""`outvoted doctor`: a line a check, status 0 whatever is found, and no torch in its process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.doctor.accelerator import Answer, Device
from engine.files import writer_lock
from engine.hh.source import SourceOptions, open_sources
from tests.engine.tiny import TinyIndex
from tui.cli.main import main

ALONE = """
import sys
from tui.cli.main import main
status = main(["doctor", *sys.argv[1:]])
assert not {"torch", "transformers"} & set(sys.modules)
sys.exit(status)
"""
NOBODY = 2**22 + 1
"""No process has this number: Linux counts to 2**22."""


@pytest.fixture
def copied(tiny_index: TinyIndex, tmp_path: Path) -> Path:
    """The tiny index in a cache of its own, to be spoiled."""
    cache = tmp_path / "cache"
    shutil.copytree(tiny_index.paths.folder, cache / tiny_index.paths.name)
    return cache


def test_it_asks_a_child_whether_the_pm_fits(tiny_index: TinyIndex) -> None:
    models = ["--pm", str(tiny_index.pm), "--sae", str(tiny_index.sae)]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, "--json", *models, "--cache", str(tiny_index.paths.cache)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = json.loads(done.stdout)
    assert all(entry.keys() == {"level", "check", "what", "todo"} for entry in found)
    (fits,) = (entry for entry in found if entry["check"] == "fits")
    assert fits["level"] == "ok"
    assert "x 4 bytes" in fits["what"]
    (index,) = (entry for entry in found if entry["check"] == "index tiny")
    assert (index["level"], index["what"]) == ("ok", "1 source, 1 run, all readable")


def test_a_preset_is_weighed_before_anything_of_it_is_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The original PM with the SAE it measures, on a GPU with 8 GiB free and on one with 40."""
    where = ["--cache", str(tmp_path)]

    def told(gib: int, *arguments: str) -> dict[str, str]:
        device = Device("a GPU", gib * 2**30, gib * 2**30)
        answer = Answer("2.13", (device,), False, None, (), ())
        monkeypatch.setattr("engine.doctor.accelerator._ask", lambda question: answer)
        assert main(["doctor", "--json", *arguments, *where]) == 0
        found = json.loads(capsys.readouterr().out)
        (fits,) = (entry for entry in found if entry["check"] == "fits")
        return {name: str(fits[name]) for name in fits}

    asked = ("--preset", "original")
    assert told(40, *asked)["level"] == "ok"
    small = told(8, *asked)
    assert small["level"] == "fault"
    assert "5,844 M parameters x 2 bytes = 10.9 GiB, SAE 1.0 GiB" in small["what"]
    exact = told(40, *asked, "--dtype", "float32")
    assert "in float32: 5,844 M parameters x 4 bytes" in exact["what"]
    assert main(["doctor", *asked, "--pm", "x", *where]) == 2
    assert "both name a PM" in capsys.readouterr().err


def test_what_is_wrong_with_an_index_is_told_file_by_file(
    copied: Path, tiny_index: TinyIndex, capfd: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("tui.cli.doctor.accelerator", lambda question, dtype: iter(()))
    paths = IndexPaths(copied, "tiny")
    (paths.sources / f".1.duckdb.{NOBODY}.part").write_bytes(b"half")
    changed = tmp_path / tiny_index.source.name
    changed.write_text(tiny_index.source.read_text().replace("A poet did", "A sailor did"))
    # Indexed again under its own name and number, as it would be where it lies.
    index_sources(paths, open_sources(str(changed), SourceOptions()))
    (paths.sources / f".2.duckdb.{'9' * 30}.part").write_bytes(b"of no process that can be")
    (paths.sources / "9.duckdb").write_bytes(b"no database")
    unsealed = paths.runs / "0123456789abcdef"
    shutil.copytree(paths.run(tiny_index.run) / "parts", unsealed / "parts")
    (unsealed / "manifest.json").write_text("{}\x1b[2J")
    with writer_lock(paths.run(tiny_index.run) / "run"):
        assert main(["doctor", "--cache", str(copied)]) == 0
    said = capfd.readouterr().out
    assert "! fault  index tiny  tiny/sources/9.duckdb: it is damaged" in said
    assert f"half a file, left by process {'9' * 30}" in said
    assert "this is not the manifest of a run" in said
    assert "run.lock: being written by process" in said
    assert "\x1b" not in said


def test_a_run_whose_texts_changed_is_a_fault_until_it_is_scored_again(
    copied: Path, tiny_index: TinyIndex, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("tui.cli.doctor.accelerator", lambda question, dtype: iter(()))
    for part in (copied / "tiny" / "runs").rglob("*.parquet"):
        first, _, held = part.name.split("-")
        part.rename(part.with_name(f"{first}-01234567-{held}"))
    (copied / "tiny" / "sources" / f".1.duckdb.{NOBODY}.part").write_bytes(b"half")
    assert main(["doctor", "--cache", str(copied), "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    told = {entry["level"]: entry for entry in found if entry["check"] == "index tiny"}
    assert "measured on other bytes of tiny.jsonl:train" in told["fault"]["what"]
    assert "outvoted score" in told["fault"]["todo"]
    assert f"left by process {NOBODY}" in told["note"]["what"]
