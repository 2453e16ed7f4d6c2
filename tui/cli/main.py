"""The way in: which command is meant, and what its end looks like to a shell."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Sequence

from engine.errors import FailedError, UserError
from engine.interrupted import interruptible
from engine.plain import plain
from tui.cli.commands import BROWSE, COMMANDS, Command, load
from tui.cli.logged import Logged
from tui.cli.parsers import parsers

DONE, FAILED, USER_AT_FAULT, INTERRUPTED = 0, 1, 2, 130
_BROWSE = "browse"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `outvoted` with these arguments (default: the process's); the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = _run(given)
        sys.stdout.flush()  # a reader that went away is noticed here, not at exit
    except (UserError, FailedError) as error:
        print(f"outvoted: {plain(str(error))}", file=sys.stderr)
        return USER_AT_FAULT if isinstance(error, UserError) else FAILED
    except KeyboardInterrupt:
        print("outvoted: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes once more at exit; that must find an open file.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        print(f"outvoted: {plain(f'{named}{error.strerror or error}')}", file=sys.stderr)
        # No name of ours is as long as that: it was typed.
        return USER_AT_FAULT if error.errno == errno.ENAMETOOLONG else FAILED
    return status


def _run(given: list[str]) -> int:
    if given and given[0] in ("-h", "--help", "--version"):
        return _parse(_overview(), given)
    # Without a command the browser opens; it takes the options that are the same everywhere.
    if not given or given[0].startswith("-"):
        given = [_BROWSE, *given]
        command = BROWSE
    elif given[0] in COMMANDS:
        command = COMMANDS[given[0]]
    else:
        raise UserError(
            f'there is no command "{given[0]}"', todo=f"There are {', '.join(COMMANDS)}."
        )
    return _dispatch(command, given)


def _dispatch(command: Command, given: Sequence[str]) -> int:
    module = load(command)
    parser = parsers(command).whole
    try:
        args, left = parser.parse_known_args(given)
        if late := next((word for word in left if word in COMMANDS), None):
            raise UserError(
                f'the command "{late}" stands behind options',
                todo=f"Put it first: outvoted {late} … and the options after it.",
            )
        if left:
            parser.error(f"unrecognized arguments: {' '.join(left)}")
    except SystemExit as leaving:  # argparse has said what is wrong, or printed the help
        return leaving.code if isinstance(leaving.code, int) else USER_AT_FAULT
    with Logged(args, given), interruptible():
        return module.run(args)


def _overview() -> argparse.ArgumentParser:
    """The parser of `outvoted --help`: every command by its line, none of them loaded."""
    from importlib.metadata import version  # slow, and only --version shows it

    parser = argparse.ArgumentParser(
        prog="outvoted",
        description="Browse the preference pairs on which a reward heuristic gives the wrong"
        " answer. Without a command: the browser, on the index used last or on the demo.",
    )
    parser.add_argument("--version", action="version", version=f"outvoted {version('outvoted')}")
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.help)
    return parser


def _parse(parser: argparse.ArgumentParser, given: Sequence[str]) -> int:
    try:
        parser.parse_args(given)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else USER_AT_FAULT
    return DONE
