"""The options of the commands that ask a running PM: which one, and where it puts the models."""

from __future__ import annotations

import argparse
import shlex
import sys

from engine.errors import UserError


def add_live(parser: argparse.ArgumentParser) -> None:
    """`--worker` and `--device`."""
    parser.add_argument(
        "--worker",
        metavar="COMMAND",
        help='what runs the PM, such as "ssh gpu1 outvoted worker"; default: this machine',
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps; default: cpu")


def worker_command(args: argparse.Namespace) -> list[str]:
    """The words of `--worker`, or how this very program is started as one.

    Raises:
        UserError: it is no command.
    """
    if args.worker is None:
        return [sys.executable, "-m", "tui", "worker"]
    try:
        words = shlex.split(args.worker)
    except ValueError as error:
        raise UserError(f"it is no command: {error}", where="--worker") from None
    if not words:
        raise UserError("the command is empty", where="--worker")
    return words
