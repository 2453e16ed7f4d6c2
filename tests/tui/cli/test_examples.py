"""Every example of `--help` is one that the command line takes."""

from __future__ import annotations

import shlex

import pytest

from tui.cli.commands import BROWSE, COMMANDS
from tui.cli.examples import EXAMPLES
from tui.cli.main import main
from tui.cli.parsers import parsers

_LINES = [example.line for examples in EXAMPLES.values() for example in examples]


@pytest.mark.parametrize("line", _LINES)
def test_an_example_parses(line: str) -> None:
    program, *words = shlex.split(line.partition(" > ")[0])
    assert program == "outvoted"
    named = bool(words) and words[0] in COMMANDS
    command = COMMANDS[words[0]] if named else BROWSE
    parsers(command).whole.parse_args(words if named else ["browse", *words])


def test_every_command_has_one_to_three_and_help_shows_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert set(EXAMPLES) == {"browse", *COMMANDS}
    assert all(1 <= len(examples) <= 3 for examples in EXAMPLES.values())
    for name, examples in EXAMPLES.items():
        begins = "outvoted" if name == "browse" else f"outvoted {name}"
        assert examples[0].line.startswith(begins)
    assert main(["census", "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(
        f"  {example.line}\n      {example.does}\n" in shown for example in EXAMPLES["census"]
    )
