"""The commands of the pages: tutorial and worked pairs run, those of all other pages parse."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.demo import PM, SAE
from engine.demo.shipped import unpack
from tests.docs.console import (
    PAGES,
    ROOT,
    as_a_reader,
    browser_here,
    missing,
    parse,
    run,
    steps,
    typed,
)
from tests.engine.presets.hub import repository

RUN = ("tutorial.md", "worked-pairs.md")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that stands in for the hub, with the demo's models under names there."""
    folder = tmp_path_factory.mktemp("hub")
    for name, models in (("you/tiny-pm", PM), ("you/tiny-sae", SAE)):
        shutil.copytree(models, repository(folder, name), dirs_exist_ok=True)
    return folder


@pytest.mark.parametrize("page", RUN)
def test_a_page_prints_what_it_shows(page: str, tmp_path: Path, hub: Path) -> None:
    with as_a_reader(tmp_path, hub) as patch:
        unpack(tmp_path / "cache")
        for step in steps(ROOT / "docs" / page):
            patch.setattr("tui.app.run", browser_here(step))
            printed = run(step, tmp_path)
            assert not missing(step.shown, printed), f"$ {step.command}\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_has_one_type_parses(page: Path) -> None:
    for line in typed(page):
        parse(line)


def test_a_shown_line_that_does_not_come_is_told() -> None:
    assert missing(("a", "…", "c …"), "a\nb\nc 3\n") == []
    assert missing(("c …", "a"), "a\nb\nc 3\n") == ["a"]
    with pytest.raises(SystemExit):
        parse("outvoted census x --scop response")
