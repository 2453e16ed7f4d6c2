"""The shell blocks of the pages, run as a reader would: in order, in one folder, offline.

A block ```console holds commands behind `$ ` (further lines of one behind `> `) and lines of what
each prints. Every line that is shown must come, in that order; `…` stands for anything. A block
```keys is pressed in the browser that the command before it opens: a key, the screen it leads to.
`outvoted` runs in this process, and so do the children that it would start: torch is loaded once.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import pytest
import torch
from textual.pilot import Pilot

from engine.canonical import Json
from tests.tui.driving import settle
from tui.app import OutvotedApp
from tui.cli.child import Event
from tui.cli.commands import BROWSE, COMMANDS, Command
from tui.cli.main import main
from tui.cli.parsers import parsers

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_TYPED = re.compile(r"^\s*(?:\$ )?(outvoted(?: .*)?)$", re.MULTILINE)
_INLINE = re.compile(r"`(outvoted \w+ [^`]*)`")
_SHELL = (" | ", " > ", " &")


@dataclass(frozen=True, slots=True)
class Step:
    """One command, what it is told to print, and the keys that its browser is given."""

    command: str
    shown: tuple[str, ...]
    keys: tuple[tuple[str, str], ...] = ()


def steps(page: Path) -> list[Step]:
    """The commands of a page's console blocks."""
    found: list[Step] = []
    for kind, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "console":
            found += _commands(text)
        elif kind == "keys":
            keys = tuple((key, screen) for key, screen, *_ in map(str.split, text.splitlines()))
            found[-1] = Step(found[-1].command, found[-1].shown, keys)
    return found


def _commands(block: str) -> Iterator[Step]:
    command: list[str] = []
    shown: list[str] = []
    for line in [*block.splitlines(), "$ "]:
        if line.startswith("$ "):
            if command:
                yield Step("\n".join(command), tuple(shown))
            command, shown = [line[2:]], []
        elif line == ">" or line.startswith("> "):
            command.append(line[2:])
        else:
            shown.append(line)


def typed(page: Path, *, inline: bool) -> list[str]:
    """Every command line of `outvoted` that stands in a page's blocks; `inline`: in its text too.

    In a text most name a command, and say no more of it than that.
    """
    text = page.read_text(encoding="utf-8")
    found = _TYPED.findall(_blocks(text)) + (_INLINE.findall(text) if inline else [])
    lines = [line.partition("  #")[0].strip() for line in found]
    return [line for line in lines if "…" not in line]


def _blocks(text: str) -> str:
    """The lines of a page that stand in a block, fenced or indented; no output of a console."""
    fence, kept = "", list[str]()
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fence = "" if fence else line.strip()
        elif fence == "```console":
            kept += [line] if line.startswith("$ ") else []
        elif fence or line.startswith("    "):
            kept.append(line)
    return "\n".join(kept)


def parse(line: str) -> argparse.Namespace:
    """What a command line asks for.

    Raises:
        SystemExit: it is none that `outvoted` takes.
    """
    words = shlex.split(re.split("|".join(map(re.escape, _SHELL)), line)[0])[1:]
    named = bool(words) and words[0] in COMMANDS
    command = COMMANDS[words[0]] if named else BROWSE
    return _parser(command).parse_args(words if named else ["browse", *words])


@cache
def _parser(command: Command) -> argparse.ArgumentParser:
    return parsers(command).whole


def run(step: Step, folder: Path) -> str:
    """What a command prints. It ends well, or the test does not."""
    if not step.command.startswith("outvoted") or any(mark in step.command for mark in _SHELL):
        done = subprocess.run(
            ["bash", "-ec", step.command], cwd=folder, capture_output=True, text=True, check=True
        )
        return done.stdout
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = main(shlex.split(step.command)[1:])
    assert status == 0, step.command
    return printed.getvalue()


def missing(shown: tuple[str, ...], printed: str) -> list[str]:
    """The shown lines that did not come, or not in that order."""
    came = [line.rstrip() for line in printed.splitlines()]
    absent, place = [], 0
    for line in shown:
        pattern = ".*".join(map(re.escape, line.rstrip().split("…")))
        if line.strip() == "…":
            continue
        found = next(
            (at for at in range(place, len(came)) if re.fullmatch(pattern, came[at])), None
        )
        if found is None:
            absent.append(line)
        else:
            place = found + 1
    return absent


def child_here(
    module: str,
    request: Event,
    take: Callable[[Event], None],
    around: AbstractContextManager[object] | None = None,
) -> None:
    """`tui.cli.child.run_child`, in this process."""

    def say(kind: str, values: dict[str, Json]) -> None:
        take(json.loads(json.dumps({"type": kind} | values)))

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # tensors this small only wait for each other
    with around or contextlib.nullcontext():
        importlib.import_module(f"{module}.__main__")._measure(json.loads(json.dumps(request)), say)
    torch.set_num_threads(threads)


def browser_here(step: Step) -> Callable[[OutvotedApp], None]:
    """`tui.app.run`, without a terminal: the step's keys are pressed, and `q` at the end."""

    async def press(driven: Pilot[object]) -> None:
        pilot = cast("Pilot[None]", driven)  # Textual's own type for it is the wider one
        await settle(pilot)
        for key, screen in step.keys:
            await pilot.press(key)
            await settle(pilot)
            assert type(pilot.app.screen).__name__ == f"{screen}Screen", (key, screen)
        await pilot.press("q")

    def browse(app: OutvotedApp) -> None:
        app.run(headless=True, size=(100, 30), auto_pilot=press)

    return browse


@contextlib.contextmanager
def as_a_reader(folder: Path, hub: Path) -> Iterator[pytest.MonkeyPatch]:
    """Everything in this process, in a folder, with a cache of its own and a stand-in hub."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("OUTVOTED_CACHE", str(folder / "cache"))
        patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(hub))
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        patch.setattr("tui.cli.score.run_child", child_here)
        patch.setattr("tui.cli.browse._drawable", lambda: True)
        for name in ("hold_little", "give_back"):  # the process is the suite's, and torch is in it
            patch.setattr(f"engine.memory.{name}", lambda: None)
        yield patch
