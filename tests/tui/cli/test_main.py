"""The program itself: help, exit statuses, and what it does not load."""

from __future__ import annotations

import argparse
import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from engine.errors import UserError
from tui.cli.commands import COMMANDS, Command, Subparsers
from tui.cli.main import main


class FakeCommand(ModuleType):
    """A command whose run ends as it is told."""

    def __init__(self, end: Callable[[], int]) -> None:
        super().__init__("fake_command")
        self._end = end

    def add(self, subparsers: Subparsers) -> None:
        subparsers.add_parser("show").add_argument("pair")

    def run(self, args: argparse.Namespace) -> int:
        return self._end()


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int]], None]:
    def make(end: Callable[[], int]) -> None:
        monkeypatch.setitem(sys.modules, "fake_command", FakeCommand(end))
        monkeypatch.setitem(COMMANDS, "show", Command("fake_command", "fake"))

    return make


def raising(error: BaseException) -> Callable[[], int]:
    def end() -> int:
        raise error

    return end


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [
        (lambda: 0, 0, ""),
        (
            raising(UserError("bad\x1b", where="a.jsonl, line 3", todo="Mend it.")),
            2,
            "line 3: bad␛",
        ),
        (raising(KeyboardInterrupt()), 130, "outvoted: interrupted"),
        (raising(OSError(28, "No space left on device", "/x")), 1, "outvoted: /x: No space left"),
        (raising(OSError(errno.ENAMETOOLONG, "too long", "/y")), 2, "outvoted: /y: too long"),
    ],
)
def test_how_a_command_ends(
    ending: Callable[[Callable[[], int]], None],
    capsys: pytest.CaptureFixture[str],
    end: Callable[[], int],
    status: int,
    said: str,
) -> None:
    ending(end)
    assert main(["show", "7"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_a_mistake_of_ours_keeps_its_traceback(
    ending: Callable[[Callable[[], int]], None],
) -> None:
    ending(raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main(["show", "7"])


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert name in out
        assert command.help in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], 'no command "frobnicate"'),
        (["census", "--scop", "response"], "unrecognized arguments"),
        (["--name", "x", "index", "a.jsonl"], "Put it first: outvoted index"),
        (["census", "x", "--scope", "all"], "invalid choice"),
        (["index"], "SOURCE"),
        (["census", "x", "--name", "../x"], '"../x" cannot name an index'),
    ],
)
def test_what_is_mistyped_ends_with_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own: what it imports is its own too."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )


def test_version_through_python_m() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("outvoted ")


def test_the_way_in_loads_nothing_heavy() -> None:
    done = python(
        "import sys; from tui.cli import main; main(['--help']);"
        "heavy = {'duckdb', 'pyarrow', 'torch', 'transformers', 'datasets', 'textual', 'numpy'};"
        "sys.exit(','.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_indexing_and_counting_load_no_model(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text(r'{"chosen": "\n\nHuman: a", "rejected": "\n\nHuman: b"}')
    done = python(
        "import sys; from tui.cli import main; cache = ['--cache', sys.argv[2]];"
        "assert main(['index', sys.argv[1], *cache]) == 0;"
        "assert main(['census', 'a', *cache]) == 0;"
        "sys.exit(','.join({'torch', 'transformers', 'datasets'} & set(sys.modules)) or 0)",
        str(source),
        str(tmp_path / "cache"),
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_text(r'{"chosen": "\n\nHuman: a", "rejected": "\n\nHuman: b"}')
    script = (
        "import sys, time; from tui.cli import main; time.sleep(0.2);"
        " sys.exit(main(['index', *sys.argv[1:]]))"
    )
    command = [sys.executable, "-c", script, str(source), "--cache", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process:
        assert process.stderr.read() == b""
    assert process.returncode == 1
