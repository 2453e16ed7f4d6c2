"""The parsers of commands, with their examples: for `main`, the references and completions."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from tui.cli.commands import Command, load
from tui.cli.examples import EXAMPLES, Example

PROGRAM = "outvoted"


@dataclass(frozen=True, slots=True)
class Parsers:
    """`whole` takes a command and its options; `commands` are the parsers behind it, by name."""

    whole: argparse.ArgumentParser
    commands: dict[str, argparse.ArgumentParser]


def parsers(*wanted: Command, parent: argparse.ArgumentParser | None = None) -> Parsers:
    """The parsers of some commands; their modules are loaded.

    Args:
        wanted: the commands.
        parent: whose options may stand in place of a command; it has no `--help` of its own.
    """
    whole = argparse.ArgumentParser(prog=PROGRAM, parents=[parent] if parent else [])
    subparsers = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in wanted:
        load(command).add(subparsers)
    for name, parser in subparsers.choices.items():
        # A script that abbreviates would break when an option is added.
        parser.allow_abbrev = False
        parser.formatter_class = _Help
        parser.epilog = _epilog(EXAMPLES[name])
    return Parsers(whole, dict(subparsers.choices))


class _Help(argparse.HelpFormatter):
    """Fills descriptions, and leaves a text that has lines of its own as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return "".join(f"{indent}{line}\n" for line in text.splitlines())
        return super()._fill_text(text, width, indent)


def _epilog(examples: tuple[Example, ...]) -> str:
    lines = (f"  {example.line}\n      {example.does}" for example in examples)
    return "\n".join(["examples:", *lines])
