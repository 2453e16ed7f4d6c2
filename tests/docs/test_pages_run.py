"""The commands of the pages: tutorial and worked pairs run, those of all other pages parse."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from engine.demo import PAIRS, PM, SAE
from engine.demo.shipped import unpack
from tests.docs.console import (
    PAGES,
    ROOT,
    Step,
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


def test_the_readmes_commands_run_where_no_network_and_no_gpu_is_asked_for(
    tmp_path: Path, hub: Path
) -> None:
    """Its file and folders are stand-ins: a few pairs of the demo, and the demo's models."""
    few = "".join(PAIRS.read_text(encoding="utf-8").splitlines(keepends=True)[:3])
    (tmp_path / "harmless-base-test.jsonl.gz").write_bytes(gzip.compress(few.encode()))
    shutil.copytree(PM, tmp_path / "path" / "to" / "pm")
    shutil.copytree(SAE, tmp_path / "path" / "to" / "sae")
    ran = []
    with as_a_reader(tmp_path, hub) as patch:
        for line in typed(ROOT / "README.md", inline=False):
            if any(word in line for word in ("hub:", "cuda")):
                continue
            step = Step(line, ())
            patch.setattr("tui.app.run", browser_here(step))
            run(step, tmp_path)
            ran.append(line.split()[1] if " " in line else "")
    assert ran == ["index", "census", "score", "report", "", "presets"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_has_one_type_parses(page: Path) -> None:
    compared = page.name == "compared.md"
    lines = typed(page, inline=compared)
    assert not compared or len(lines) > 20
    for line in lines:
        parse(line)


def test_a_shown_line_that_does_not_come_is_told() -> None:
    assert missing(("a", "…", "c …"), "a\nb\nc 3\n") == []
    assert missing(("c …", "a"), "a\nb\nc 3\n") == ["a"]
    with pytest.raises(SystemExit):
        parse("outvoted census x --scop response")
