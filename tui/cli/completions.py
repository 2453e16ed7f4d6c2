"""`outvoted completions SHELL`: what completes commands, options, choices and files there."""

from __future__ import annotations

import argparse

from tui.cli.commands import BROWSE, COMMANDS, Subparsers
from tui.cli.parsers import parsers

SHELLS = ("bash", "zsh", "fish")
_FOLDERS = ("DIR",)
_FILES = ("FILE", "FILE.toml", "SOURCE", "PM", "SAE", "LM")


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted completions`."""
    parser = subparsers.add_parser(
        "completions",
        help=COMMANDS["completions"].help,
        description="Print a script that completes outvoted's commands, options, choices and files"
        " in a shell. Write it to where the shell looks, once; after an update, again.",
    )
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print(script(args.shell))
    return 0


def script(shell: str) -> str:
    """The script for a shell, made from the parsers."""
    import shtab  # nothing else needs it

    made = parsers(*COMMANDS.values(), parent=_browse())
    for parser in (made.whole, *made.commands.values()):
        parser.epilog = None
        for action in parser._actions:
            kind = shtab.FILE if action.metavar in _FILES else None
            kind = shtab.DIRECTORY if action.metavar in _FOLDERS else kind
            if kind is not None:
                vars(action)["complete"] = kind  # where shtab looks; argparse knows no such thing
    return str(shtab.complete(made.whole, shell))


def _browse() -> argparse.ArgumentParser:
    """What `outvoted` takes without a command."""
    source = parsers(BROWSE).commands["browse"]
    parent = argparse.ArgumentParser(add_help=False)
    for action in source._actions:
        if not isinstance(action, argparse._HelpAction):
            parent._add_action(action)
    return parent
