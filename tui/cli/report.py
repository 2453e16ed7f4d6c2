"""`outvoted report`: the population's answer, as text to read top to bottom or as JSON."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from engine.cache.reader import IndexReader
from engine.errors import UserError
from engine.report.build import build_report
from engine.report.page.document import document
from engine.report.page.gather import gather
from engine.report.page.keep import check_new, keep
from engine.report.page.markdown import as_markdown
from engine.report.report import Report
from engine.report.report_json import report_json
from engine.report.wording import bare
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.opened import open_index
from tui.cli.options import add_common, print_json
from tui.cli.report_text import report_text

STDOUT = Path("-")
Answer = TypeVar("Answer")


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted report`."""
    parser = subparsers.add_parser(
        "report",
        help=COMMANDS["report"].help,
        description="What a run says of each heuristic: whether the PM holds it, how much of it"
        " its features carry, and the verdicts on counterexamples beside those on conforming"
        " pairs, with 95% intervals. Above that, the run and its margins by tranche.",
    )
    parser.add_argument(
        "--html",
        metavar="FILE",
        type=Path,
        help="write it as one page with plots, to be opened, printed or sent: it fetches nothing",
    )
    parser.add_argument(
        "--markdown",
        metavar="FILE",
        type=Path,
        help="write its sentences and tables as Markdown; -: to stdout",
    )
    parser.add_argument(
        "--without-suspects",
        action="store_true",
        help="leave out the pairs whose label may be wrong: identical or tied sides, the same"
        " pair or nearly elsewhere with the opposite label, repeats of an earlier pair, or several"
        " PMs that call it wrong with confidence",
    )
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Print the report of `--run`, or of the newest one; or write it to files."""
    files = [path for path in (args.html, args.markdown) if path not in (None, STDOUT)]
    if args.json and args.markdown == STDOUT:
        raise UserError("--json and --markdown - both want stdout", todo="Name a file for one.")
    if len(set(files)) < len(files):
        raise UserError("--html and --markdown name the same file", todo="Name two files.")
    for path in files:
        check_new(path)
    if args.html is None and args.markdown is None:
        report = _asked(args, partial(build_report, without_suspects=args.without_suspects))
        _print(args, report)
        return 0
    gathered = _asked(args, partial(gather, without_suspects=args.without_suspects))
    page = document(gathered)
    if args.html is not None:
        from engine.report.page.html import as_html  # matplotlib: only where plots are drawn

        keep(args.html, as_html(page))
    if args.markdown == STDOUT:
        print(as_markdown(page), end="")
    elif args.markdown is not None:
        keep(args.markdown, as_markdown(page))
    if args.json:
        print_json(report_json(gathered.report))
    elif args.markdown != STDOUT:
        for path in files:
            print(f"The report is in {bare(str(path))}")
    return 0


def _asked(args: argparse.Namespace, question: Callable[[IndexReader], Answer]) -> Answer:
    reader = open_index(args)
    try:
        return question(reader)
    finally:
        reader.close()


def _print(args: argparse.Namespace, report: Report) -> None:
    if args.json:
        print_json(report_json(report))
    else:
        print("\n".join(report_text(report)))
