"""`outvoted serve`: the browser in a web page, on this machine's loopback."""

from __future__ import annotations

import argparse
import importlib.util
import sys

from engine.errors import UserError
from tui.cli import browse as browser
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.live_options import add_live, worker_command
from tui.cli.options import add_common, add_labels, heuristics, index_paths, labels

PORT = 8000
HOST = "127.0.0.1"
_PASSED = (
    *("cache", "name", "run", "heuristics", "labels"),
    *("worker", "device", "preset", "theme"),
)
"""Options that a page's browser is started with, as they were given."""


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted serve`."""
    parser = subparsers.add_parser(
        "serve",
        help=COMMANDS["serve"].help,
        description="Show the browser in a web page, one of its own to each tab. The page comes"
        " from this machine alone, fonts and scripts included, and its address holds a secret that"
        " is new with every start. Of another machine: ssh -L 8000:localhost:8000 HOST. End it"
        " with ctrl+c.",
    )
    parser.add_argument(
        "--port", type=int, default=PORT, help=f"0: any that is free; default: {PORT}"
    )
    parser.add_argument(
        "--host",
        default=HOST,
        help=f"the address to listen on; default: {HOST}, which only this machine reaches",
    )
    add_common(parser)
    add_labels(parser)
    add_live(parser)
    browser.add_looks(parser)
    parser.set_defaults(name=None)


def run(args: argparse.Namespace) -> int:
    """Serve until it is interrupted.

    Raises:
        UserError: textual-serve is not here, the port cannot be had, or an option is at fault.
    """
    if importlib.util.find_spec("textual_serve") is None:
        raise UserError(
            "textual-serve is not installed", todo="Install it: pip install 'outvoted[serve]'."
        )
    from tui.page import LOOPBACK, listen, make_site, serve

    _check(args)
    place = listen(args.host, args.port)
    if args.host not in LOOPBACK:
        print(
            f"outvoted: WARNING: {args.host} can be reached from other machines: whoever has this"
            " address reads, marks and measures as you do, and nothing on its way is encrypted."
            " `ssh -L` needs no --host.",
            file=sys.stderr,
        )
    serve(make_site(browser_command(args), place.token), place, _tell)
    return 0


def browser_command(args: argparse.Namespace) -> list[str]:
    """The words that start the browser of one page."""
    words = [sys.executable, "-m", "tui"]
    for option in _PASSED:
        value = getattr(args, option)
        if value is not None:
            words.append(f"--{option}={value}")  # one word: a value may begin with a dash
    if args.mouse is not None:
        words.append("--mouse" if args.mouse else "--no-mouse")
    return words


def _check(args: argparse.Namespace) -> None:
    """Find what is at fault here, where it can be read: a page would only stay dark."""
    if args.name is not None:
        index_paths(args)
    if args.heuristics is not None:
        heuristics(args)
    labels(args)
    worker_command(args)


def _tell(address: str) -> None:
    print(f"The browser is at {address}", flush=True)
    print("Whoever has that address is let in. ctrl+c ends it.", flush=True)
