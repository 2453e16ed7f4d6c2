"""`outvoted score`, typed: a child measures, stdout is one document, bad input names itself."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.parts import Parts
from engine.cache.triage import TriageFile, user_name
from engine.errors import UserError
from tests.docs.console import child_here
from tests.engine.measure.tiny import hook_of
from tests.engine.models.tiny import write_pm
from tests.engine.models.tiny_lm import write_lm
from tests.engine.tiny import TinyIndex
from tui.cli.main import main
from tui.screens.feature_page import pin_told

KEYS = {
    "run",
    "pairs",
    "tokens",
    "seconds",
    "pairs_per_second",
    "fvu",
    "reward_recovered",
    "sign_agreement",
    "noise_floor",
}
HEURISTICS_FILE = """
[[heuristic]]
name = "dunno"
pattern = "I don't know"
"""
FEATURE = """
[[heuristic]]
name = "fires"
feature = 29
threshold = 3.0
"""


@pytest.fixture(autouse=True)
def _measured_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a child is not what the test is about, torch is loaded once for all."""
    monkeypatch.setattr("tui.cli.score.run_child", child_here)


@pytest.fixture
def fresh(tiny_index: TinyIndex, tmp_path: Path) -> list[str]:
    """What is typed to score the tiny pairs in an index of their own."""
    cache = str(tmp_path / "cache")
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["index", str(tiny_index.source), "--cache", cache]) == 0
    file = tmp_path / "heuristics.toml"
    file.write_text(HEURISTICS_FILE)
    models = ["--pm", str(tiny_index.pm), "--sae", str(tiny_index.sae)]
    return ["score", "--cache", cache, "--heuristics", str(file), *models]


def test_one_document_and_a_finished_run(
    fresh: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*fresh, "--json"]) == 0
    seen = capfd.readouterr()
    (result,) = json.loads(seen.out)
    assert result.keys() >= KEYS
    assert "noise floor" in seen.err, "progress goes to stderr"
    reader = open_reader(IndexPaths(tmp_path / "cache"))
    assert reader.run is not None
    assert reader.run.run == result["run"]
    reader.close()

    # What the PM was trained on may be told later, and a language model asked: the run is the same,
    # and nothing of it is measured.
    write_lm(tmp_path / "lm")
    later = ["--trained-rows", "10-39", "--lm", str(tmp_path / "lm")]
    assert main([*fresh, "--json", *later]) == 0
    (again,) = json.loads(capfd.readouterr().out)
    assert (again["run"], again["pairs"], again["tokens"]) == (result["run"], result["pairs"], 0)
    assert (result["seen"], again["seen"], again["unseen"]) == (None, 30, 10)
    where = ["--cache", str(tmp_path / "cache")]
    for row, flag in (("9", "unseen"), ("10", "seen")):
        assert main(["show", row, *where, "--json"]) == 0
        shown = json.loads(capfd.readouterr().out)
        assert (shown["seen"], shown["likelihood"]["lm"]) == (flag, "lm")
        assert shown["likelihood"]["chosen"] < 0 < shown["likelihood"]["tokens_chosen"]
        assert main(["show", row, *where]) == 0
        said = capfd.readouterr().out
        assert f"{flag} in the PM's training\n" in said
        assert "log-likelihood per token (lm)  chosen -" in said
    assert main(["report", *where, "--json"]) == 0
    groups = json.loads(capfd.readouterr().out)["likelihood"]["groups"]
    assert {name: group["pairs"] for name, group in groups.items()} == {
        "all": 40,
        "seen": 30,
        "unseen": 10,
    }


def test_it_judges_with_what_the_user_pinned_and_says_so(
    fresh: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(fresh) == 0
    assert "pins" not in capsys.readouterr().out
    paths = IndexPaths(Path(fresh[2]), "default")
    reader = open_reader(paths)
    reader.close()
    assert reader.run is not None
    mine = TriageFile(paths.triage, user_name())
    mine.pin(reader.heuristics[0], reader.run.manifest.config.sae_hash, 5, pinned=True)
    assert main([*fresh[:3], "--run", reader.run.run[:6]]) == 0
    assert "dunno: judged with your pins, 5" in capsys.readouterr().out
    assert main(["report", *fresh[1:5]]) == 0
    assert f"Features, pinned by {user_name()}: 5." in capsys.readouterr().out
    assert main([*fresh, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["pins"] == {"dunno": [5]}


def test_the_command_that_a_pin_is_told_with_is_one_that_works(
    tiny_index: TinyIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands on the screen: also for an index that is not the usual one."""
    pinning = tiny_index.copy(tmp_path / "cache")
    reader = pinning.read()
    pins = reader.pin(reader.heuristics[0], 9, pinned=True)
    told = pin_told(reader.feature(9), "dunno", pins)
    reader.close()
    command = told.partition("outvoted ")[2].partition(" judges")[0].split()
    assert main([*command, "--cache", str(pinning.paths.cache)]) == 0
    assert "dunno: judged with your pins, 9" in capsys.readouterr().out


def test_a_run_is_measured_again_by_its_id_alone(
    fresh: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With its models, settings and heuristics: nothing of it is lacking."""
    assert main([*fresh, "--json", "--positions", "after-first"]) == 0
    (first,) = json.loads(capsys.readouterr().out)
    again = [*fresh[:3], "--run", first["run"][:8]]
    assert main([*again, "--json"]) == 0
    (second,) = json.loads(capsys.readouterr().out)
    assert (second["run"], second["tokens"]) == (first["run"], 0)
    reader = open_reader(IndexPaths(Path(fresh[2]), "default"))
    reader.close()
    assert [made.name for made in reader.heuristics] == ["dunno"]

    assert main([*again, "--readout", "appended-end-of-text"]) == 2
    assert "readout last-text-token (now appended-end-of-text)" in capsys.readouterr().err
    assert main([*fresh[:3], "--run", "no"]) == 2
    told = capsys.readouterr().err
    assert '"no" names no run of this index' in told
    assert f"There are: {first['run']}." in told


def test_an_unfinished_run_goes_on_by_its_id_with_what_it_was_asked_for(
    fresh: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own heuristics and pairs; one that is sealed too, and a feature among what it judged."""
    file = tmp_path / "features.toml"
    file.write_text(HEURISTICS_FILE + FEATURE)
    paths = IndexPaths(Path(fresh[2]), "default")
    with monkeypatch.context() as patch:
        patch.setattr("engine.measure.run.seal", _full)
        assert main([*fresh, "--heuristics", str(file), "--pairs", "all"]) == 2
    (folder,) = paths.runs.glob("*/")
    again = [*fresh[:3], "--run", folder.name[:6]]
    for first in (again, fresh, again):
        assert main(first) == 0
        reader = open_reader(paths)
        parts = Parts(folder / "parts", reader.store.source_hashes())
        reader.close()
        assert {made.name for made in reader.heuristics} == {"dunno", "fires"}
        assert len(parts.covered("base")) == 40


def _full(*_: object) -> None:
    raise UserError("the disk is full")


def test_interrupted_it_can_be_resumed(
    fresh: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-m", "tui", *fresh, "--pairs", "all", "--json"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
        # What a shell starts in the background ignores interrupts, and so would its children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    runs = tmp_path / "cache" / "default" / "runs"

    def parts() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in runs.glob("*/parts/*/*.parquet")}

    # Texts are written last of what is measured with them: now that part is finished.
    deadline = time.monotonic() + 60
    while not list(runs.glob("*/parts/texts/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.002)
    # Held still while it is looked at: something is measured, and it is not finished.
    os.killpg(process.pid, signal.SIGSTOP)
    kept = parts()
    assert kept
    assert not list(runs.glob("*/run.duckdb"))
    # As a terminal would: to the whole foreground group.
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGCONT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "the same command goes on" in err
    assert "Traceback" not in err
    assert main(command[3:]) == 0
    (result,) = json.loads(capfd.readouterr().out)
    assert result["pairs"] == 40
    assert kept.items() <= parts().items()  # what was measured was not measured again


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--hook", "transformer.h.99"], "transformer.h.99"),
        (["--pairs", "some"], "--pairs"),
        (["--lm", "nowhere/at-all/there"], "nowhere/at-all/there"),
        (["--trained-rows", "40-50"], "--trained-rows: the index has no pair in 40-50"),
        (["--pm", "nowhere/at-all/here"], "nowhere/at-all/here"),
        (["--sae", "nowhere.pt"], "nowhere.pt"),
    ],
)
def test_bad_input_is_named_and_exits_2(
    fresh: list[str], capfd: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    given = [*fresh, *options]
    if options[0] in ("--pm", "--sae"):  # the last --pm counts; an --sae would be one more
        place = fresh.index(options[0])
        given = [*fresh[:place], *options, *fresh[place + 2 :]]
    assert main(given) == 2
    seen = capfd.readouterr()
    assert said in seen.err
    assert "Traceback" not in seen.err
    assert seen.out == ""


@pytest.mark.parametrize(
    "options", [["--pairs", "some"], ["--trained-rows", "40-50"], ["--trained-tranches", "none"]]
)
def test_a_mistake_in_what_names_pairs_is_told_before_anything_is_loaded(
    fresh: list[str], monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    started: list[str] = []
    monkeypatch.setattr("tui.cli.score.run_child", lambda module, *_: started.append(module))
    assert main([*fresh, *options]) == 2
    assert not started


def test_a_model_that_does_not_fit_leaves_the_old_run_alone(
    tiny_index: TinyIndex, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in tiny_index.paths.runs.rglob("run.duckdb")}
    two_labels = tmp_path / "two"
    write_pm(two_labels, "gptj", labels=2)
    hook = hook_of("gptj")
    for pm, sae, said in (
        (str(two_labels), str(tiny_index.sae), "label"),
        (str(tiny_index.pm), "demo:sae", "128"),
    ):
        given = ["--pm", pm, "--sae", sae, "--hook", hook, *tiny_index.options]
        assert main(["score", *given]) == 2
        assert said in capfd.readouterr().err
    assert before == {p: p.read_bytes() for p in tiny_index.paths.runs.rglob("run.duckdb")}


def test_without_an_index_the_next_step_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", "--cache", str(tmp_path), "--pm", "x", "--sae", "y"]) == 2
    assert "outvoted index" in capsys.readouterr().err
