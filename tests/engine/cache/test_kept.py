"""Patterns kept in the browser: there the next time, and measured by the next score."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cache.opening import open_reader
from engine.heuristics import Heuristic
from engine.heuristics.file import load_heuristics
from tests.engine.cache.scored import URL, make_index, seal
from tui.cli.main import main

FRIEND = Heuristic("friend", "'friend'", direction="raises")


def test_a_kept_pattern_is_looked_at_again_and_by_the_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = make_index(tmp_path)
    seal(paths)
    with_it = open_reader(paths)
    with_it.look_at(FRIEND)
    assert with_it.keep_heuristic(FRIEND) == paths.kept_heuristics
    with_it.close()
    again = open_reader(paths)
    assert [card.heuristic for card in again.overview().heuristics] == [URL, FRIEND]
    again.close()
    assert main(["census", "--cache", str(paths.cache), "--name", paths.name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[-1]["heuristic"] == "friend"


def test_it_is_appended_to_the_file_that_was_named(tmp_path: Path) -> None:
    paths = make_index(tmp_path)
    file = tmp_path / "mine.toml"
    file.write_text('[[heuristic]]\nname = "url"\npattern = "https://"\n')
    reader = open_reader(paths, heuristics=load_heuristics(file), kept_in=file)
    reader.keep_heuristic(FRIEND)
    reader.close()
    assert load_heuristics(file) == (URL, FRIEND)
    assert not paths.kept_heuristics.exists()
