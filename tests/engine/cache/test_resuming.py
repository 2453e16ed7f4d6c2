"""A run that is not finished is gone on with as it was begun, or not at all: what differs is named.

Its manifest stands for it here; that `score` asks is tested in tests/engine/measure/test_score.py.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.cache.layout import IndexPaths
from engine.cache.manifest import MANIFEST, Manifest, PinnedSource, RunConfig, read_manifest
from engine.cache.resuming import check_resumable
from engine.cache.run_records import RUN_FILE
from engine.errors import UserError
from engine.files import writer_lock

CONFIG = RunConfig(
    "pm-then-0", "tok-then-0", "sae-then-0", "h.1", "last-text-token", "float32", "all"
)
PAIRS = PinnedSource("a.jsonl:train", "0123456789abcdef")
BEGUN = Manifest(CONFIG, "pm", "/m/pm", "GPTJ", "sae", "/m/sae", "gated", 8, sources=(PAIRS,))


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    """An index whose one run was begun, and is not finished."""
    paths = IndexPaths(tmp_path, "tiny")
    BEGUN.write(paths.run(CONFIG.run) / MANIFEST)
    return paths


def asked(config: RunConfig) -> Manifest:
    return replace(BEGUN, config=config)


def refusal(paths: IndexPaths, manifest: Manifest, named: str | None = None) -> UserError:
    with pytest.raises(UserError) as caught:
        check_resumable(paths, manifest, named)
    return caught.value


def test_a_run_states_how_effects_were_taken(paths: IndexPaths) -> None:
    """Beside positions and truncation, which name it: error term and baseline, which do not."""
    path = paths.run(CONFIG.run) / MANIFEST
    stated = json.loads(path.read_text())
    assert (stated["config"]["positions"], stated["config"]["truncation"]) == (
        "all",
        "context-left",
    )
    assert stated["method"]["sae_error"] == "kept"
    assert stated["method"]["baseline"] == "features at zero, decoder bias and SAE error kept"
    assert stated["method"]["effect_positions"]["vote"] == "span"
    assert read_manifest(path) == BEGUN
    del stated["method"]  # earlier versions stated none
    path.write_text(json.dumps(stated))
    assert read_manifest(path) == BEGUN


def test_begun_with_the_same_it_goes_on(paths: IndexPaths) -> None:
    check_resumable(paths, BEGUN, None)
    check_resumable(paths, BEGUN, CONFIG.run)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            replace(CONFIG, pm_hash="pm-now-00"),
            "other weights of the PM /m/pm (hash pm-then- then, pm-now-0 now)",
        ),
        (replace(CONFIG, tokenizer_hash="tok-now-0"), "(hash tok-then then, tok-now- now)"),
        (
            replace(CONFIG, sae_hash="sae-now-0"),
            "other weights of the SAE /m/sae (hash sae-then then, sae-now- now)",
        ),
        (replace(CONFIG, hook="h.2"), "hook h.1 (now h.2)"),
        (
            replace(CONFIG, readout="appended-end-of-text"),
            "readout last-text-token (now appended-end-of-text)",
        ),
        (replace(CONFIG, dtype="bfloat16"), "dtype float32 (now bfloat16)"),
        (replace(CONFIG, positions="after-first"), "positions all (now after-first)"),
        (replace(CONFIG, truncation="none"), "truncation context-left (now none)"),
        (replace(CONFIG, version=99), "measurement version 2 (now 99)"),
    ],
)
def test_what_differs_is_named_and_what_to_do(
    paths: IndexPaths, changed: RunConfig, told: str
) -> None:
    error = refusal(paths, asked(changed))
    run = changed.run
    assert error.what.startswith(f"run {CONFIG.run} is not finished, and was begun with ")
    assert error.what.endswith(told)
    assert error.where == str(paths.run(CONFIG.run))
    assert error.todo is not None
    assert f"--run {run}" in error.todo
    check_resumable(paths, asked(changed), run)  # said so, it is begun beside it


def test_all_that_differs_is_named_at_once(paths: IndexPaths) -> None:
    error = refusal(paths, asked(replace(CONFIG, dtype="float16", hook="h.2")))
    assert "hook h.1 (now h.2); dtype float32 (now float16)" in error.what


def test_a_named_run_must_be_the_one_that_the_settings_make(paths: IndexPaths) -> None:
    error = refusal(paths, asked(replace(CONFIG, dtype="float16")), CONFIG.run[:6])
    assert f"run {CONFIG.run} was begun with dtype float32 (now float16)" in error.what
    assert "names no run" in refusal(paths, BEGUN, "zzzz").what


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        ((replace(PAIRS, hash="f" * 16),), "was indexed again (hash 01234567 then, ffffffff now)"),
        ((), "a.jsonl:train is gone"),
    ],
)
def test_pairs_that_changed_are_named(
    paths: IndexPaths, sources: tuple[PinnedSource, ...], told: str
) -> None:
    changed = replace(BEGUN, sources=sources)
    error = refusal(paths, changed)
    assert error.what.endswith(told)
    assert error.todo is not None
    assert f"--run {CONFIG.run}" in error.todo
    check_resumable(paths, changed, CONFIG.run)


def test_pairs_that_joined_change_nothing(paths: IndexPaths) -> None:
    more = PinnedSource("b.jsonl:train", "0" * 16)
    check_resumable(paths, replace(BEGUN, sources=(PAIRS, more)), None)


def test_what_stands_in_no_way(paths: IndexPaths) -> None:
    """A finished run, one of other models, one that is being measured, and one begun before."""
    other = asked(replace(CONFIG, dtype="float16"))
    folder = paths.run(CONFIG.run)
    with writer_lock(folder / "run"):
        check_resumable(paths, other, None)
    check_resumable(paths, replace(other, sae_path="/m/another"), None)
    other.write(paths.run(other.config.run) / MANIFEST)
    check_resumable(paths, other, None)
    (paths.run(other.config.run) / MANIFEST).unlink()
    (folder / RUN_FILE).touch()
    check_resumable(paths, other, None)
    check_resumable(paths, replace(BEGUN, sources=()), None)


def test_a_manifest_that_cannot_be_read_is_no_guard(paths: IndexPaths) -> None:
    (paths.run(CONFIG.run) / MANIFEST).write_text("[" * 100_000, encoding="utf-8")
    check_resumable(paths, asked(replace(CONFIG, dtype="float16")), None)
