"""The options of the commands that ask a running PM: which one, and where it puts the models."""

from __future__ import annotations

import argparse
import shlex
import sys

from engine.cache.layout import cache_dir
from engine.errors import UserError
from tui.cli.preset_options import add_preset, preset_of


def add_live(parser: argparse.ArgumentParser) -> None:
    """`--worker`, `--device` and `--preset`."""
    parser.add_argument(
        "--worker",
        metavar="COMMAND",
        help='what runs the PM, such as "ssh gpu1 outvoted worker"; default: this machine',
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, mps; default: cpu")
    add_preset(parser, "take PM and SAE from where this preset has them, not where the run had")


def worker_command(args: argparse.Namespace) -> list[str]:
    """The words of `--worker`, or how this very program is started as one.

    Raises:
        UserError: it is no command, or both it and a preset are given.
    """
    if args.worker is not None and args.preset is not None:
        raise UserError(
            "the worker finds the models, and it was started by another command",
            where="--preset",
            todo='Put the preset into it: --worker "ssh gpu1 outvoted worker --preset NAME".',
        )
    if args.worker is None:
        command = [sys.executable, "-m", "tui", "worker"]
        return command if args.preset is None else [*command, *_preset(args)]
    try:
        words = shlex.split(args.worker)
    except ValueError as error:
        raise UserError(f"it is no command: {error}", where="--worker") from None
    if not words:
        raise UserError("the command is empty", where="--worker")
    return words


def _preset(args: argparse.Namespace) -> list[str]:
    """`--preset` for a worker on this machine; a preset that is at fault is told at once."""
    preset_of(args)
    return ["--preset", args.preset, "--cache", str(cache_dir(args.cache))]
