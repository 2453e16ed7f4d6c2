"""`outvoted index SOURCE...`: build or extend an index."""

from __future__ import annotations

import argparse
import sys

from engine.cache.indexing import Indexed, index_sources
from engine.canonical import Json
from engine.hh.record import Columns
from engine.hh.source import SourceOptions, open_sources
from engine.plain import plain
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.options import add_common, index_paths, print_json


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted index`."""
    parser = subparsers.add_parser(
        "index",
        help=COMMANDS["index"].help,
        description="Build or extend an index. A source that is there already is left as it is;"
        " one that changed is indexed again.",
    )
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="+",
        help="hub:Anthropic/hh-rlhf, a .jsonl, .jsonl.gz or .parquet file, the URL of a .parquet"
        " file, or a folder saved by datasets",
    )
    parser.add_argument(
        "--split", help="default: test for a file that says so, else train; of a hub source, all"
    )
    parser.add_argument(
        "--tranche",
        help="what to call the source's tranche (default: as its name says); of a hub source that"
        " holds several, the one to index",
    )
    parser.add_argument("--chosen-column", metavar="NAME", default="chosen", help="default: chosen")
    parser.add_argument(
        "--rejected-column", metavar="NAME", default="rejected", help="default: rejected"
    )
    parser.add_argument(
        "--skip-bad", action="store_true", help="leave bad records out, count and list them"
    )
    parser.add_argument(
        "--in-place",
        action="store_true",
        help="leave the texts in the .parquet file, here or at a URL (s3://…), and read them from"
        " there: the index holds what names them",
    )
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Index the sources, all of them or none, and say what became of each."""
    options = SourceOptions(
        args.split,
        args.tranche,
        Columns(args.chosen_column, args.rejected_column),
        in_place=args.in_place,
    )
    sources = [source for spec in args.sources for source in open_sources(spec, options)]
    try:
        done = index_sources(index_paths(args), sources, skip_bad=args.skip_bad, progress=_progress)
    finally:
        _clear_progress()
    if args.json:
        print_json([_document(indexed) for indexed in done])
    else:
        for indexed in done:
            _tell(indexed)
    return 0


def _progress(name: str, records: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{plain(name)}: {records:,} records", end="", file=sys.stderr, flush=True)


def _clear_progress() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _tell(indexed: Indexed) -> None:
    info = indexed.info
    print(f"{plain(info.source)}:{plain(info.split)}: {indexed.outcome}, {info.pairs:,} pairs")
    if info.skipped:
        print(f"  {info.skipped:,} bad records were skipped:")
        for bad in info.bad_records:
            print(f"  {plain(bad, keep_newlines=False)}")
        if info.skipped > len(info.bad_records):
            print(f"  and {info.skipped - len(info.bad_records):,} more")


def _document(indexed: Indexed) -> Json:
    info = indexed.info
    return {
        "source": info.source,
        "split": info.split,
        "outcome": indexed.outcome,
        "pairs": info.pairs,
        "skipped": info.skipped,
        "bad_records": list(info.bad_records),
    }
