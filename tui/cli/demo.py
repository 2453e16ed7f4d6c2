"""`outvoted demo`: the browser on the pairs, the PM, the SAE and the run that ship."""

from __future__ import annotations

import argparse

from engine.cache.layout import cache_dir
from engine.demo.shipped import unpack
from tui.cli import browse as browser
from tui.cli.commands import Subparsers
from tui.cli.live_options import add_live
from tui.cli.options import add_common, add_labels, heuristics


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted demo`."""
    parser = subparsers.add_parser(
        "demo",
        help="browse the embedded demo",
        description="Browse pairs written for Outvoted, with a tiny PM and SAE trained on them:"
        " offline, on a CPU. `outvoted report --name demo` prints what they amount to.",
    )
    add_common(parser)
    add_labels(parser)
    add_live(parser)
    browser.add_looks(parser)


def run(args: argparse.Namespace) -> int:
    """Browse the demo."""
    return browse(args)


def browse(args: argparse.Namespace) -> int:
    """Put the demo's index into the cache where it is not there yet, and browse it."""
    paths = unpack(cache_dir(args.cache))
    return browser.browse(args, paths, heuristics(args) if args.heuristics else None)
