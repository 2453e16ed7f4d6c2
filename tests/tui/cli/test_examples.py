"""Every example of `--help` is one that the command line takes."""

from __future__ import annotations

import shlex

import pytest

from tui.cli.commands import BROWSE, COMMANDS
from tui.cli.examples import EXAMPLES, Example
from tui.cli.main import main
from tui.cli.parsers import parsers

_ALL = [(name, example) for name, examples in EXAMPLES.items() for example in examples]


@pytest.mark.parametrize(("name", "example"), _ALL, ids=lambda part: getattr(part, "line", part))
def test_an_example_parses(name: str, example: Example) -> None:
    program, *words = shlex.split(example.line.partition(" > ")[0])
    assert program == "outvoted"
    command = BROWSE if name == "browse" else COMMANDS[name]
    given = [name, *words] if name == "browse" else words
    assert parsers(command).whole.parse_args(given).command == name


def test_every_command_has_one_to_three_and_help_shows_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert set(EXAMPLES) == {"browse", *COMMANDS}
    assert all(1 <= len(examples) <= 3 for examples in EXAMPLES.values())
    assert main(["census", "--help"]) == 0
    shown = capsys.readouterr().out
    assert all(
        f"  {example.line}\n      {example.does}\n" in shown for example in EXAMPLES["census"]
    )
