"""The command line as one Markdown page, from the parsers themselves: docs/cli.md."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from tui.cli.commands import BROWSE, COMMANDS, Command, load

_NO_COMMAND = "outvoted"


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
    top = argparse.ArgumentParser(prog=_NO_COMMAND)
    subparsers = top.add_subparsers()
    load(command).add(subparsers)
    for name, parser in subparsers.choices.items():
        title = _NO_COMMAND if command is BROWSE else f"{_NO_COMMAND} {name}"
        yield from ("", f"## `{title}`", "", _sentence(parser.description or command.help), "")
        yield from ("| option | what it does |", "| --- | --- |")
        for action in parser._actions:
            if not isinstance(action, argparse._HelpAction):
                yield f"| {_written(action)} | {_told(action)} |"


def _written(action: argparse.Action) -> str:
    """`--pairs FILTER`, `PAIR`, as it is typed."""
    takes = action.nargs != 0 and not isinstance(action, argparse.BooleanOptionalAction)
    choices = "|".join(map(str, action.choices)) if action.choices else None
    metavar = action.metavar if isinstance(action.metavar, str) else None
    value = metavar or choices or action.dest.upper()
    names = ", ".join(action.option_strings)
    text = f"{names} {value}" if names and takes else names or value
    return f"`{_cell(text)}`"


def _told(action: argparse.Action) -> str:
    told = (action.help or "").replace("%%", "%")
    return _cell(told)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith(".") else f"{text}."
