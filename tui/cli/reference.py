"""The command line as one Markdown page, from the parsers themselves: docs/cli.md."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from tui.cli.commands import BROWSE, COMMANDS, Command
from tui.cli.examples import EXAMPLES
from tui.cli.parsers import PROGRAM, parsers


def cli_markdown() -> str:
    """Every command with its options, in the order of `outvoted --help`."""
    lines = [
        "# The command line",
        "",
        "Made from the parsers; a test says when it is stale. Without a command `outvoted`",
        "opens the browser, on the index used last or on the demo.",
    ]
    for command in (BROWSE, *COMMANDS.values()):
        lines += _command(command)
    return "\n".join(lines) + "\n"


def _command(command: Command) -> Iterator[str]:
    for name, parser in parsers(command).commands.items():
        title = PROGRAM if command is BROWSE else f"{PROGRAM} {name}"
        yield from ("", f"## `{title}`", "", sentence(parser.description or command.help), "")
        yield "```sh"
        for example in EXAMPLES[name]:
            yield f"{example.line}  # {example.does}"
        yield from ("```", "", "| option | what it does |", "| --- | --- |")
        for action in parser._actions:
            if not isinstance(action, argparse._HelpAction):
                yield f"| {_written(action)} | {_told(action)} |"


def value_of(action: argparse.Action) -> str:
    """What an option takes, or what stands in an argument's place; empty for a switch."""
    if action.nargs == 0 or isinstance(action, argparse.BooleanOptionalAction):
        return ""
    choices = "|".join(map(str, action.choices)) if action.choices else None
    metavar = action.metavar if isinstance(action.metavar, str) else None
    value = metavar or choices or action.dest.upper()
    return f"[{value}]" if action.nargs == "?" and action.option_strings else value


def sentence(text: str) -> str:
    """A text on one line, with a full stop."""
    text = " ".join(text.split()).replace("%%", "%")
    return text if text.endswith(".") else f"{text}."


def _written(action: argparse.Action) -> str:
    """`--pairs FILTER`, `PAIR`, as it is typed."""
    text = f"{', '.join(action.option_strings)} {value_of(action)}".strip()
    return f"`{_cell(text)}`"


def _told(action: argparse.Action) -> str:
    told = (action.help or "").replace("%%", "%")
    return _cell(told)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
