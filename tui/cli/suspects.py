"""`outvoted suspects`: pairs whose label may be wrong; near-duplicates are looked for once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from engine.cache.duplicates import keep_duplicates, kept_duplicates
from engine.cache.pairs import open_pairs
from engine.cache.records import SUSPICIONS
from engine.canonical import Json
from engine.errors import UserError
from engine.report.suspect_list import SuspectList, SuspectPair, suspect_list
from engine.report.wording import WHY_SUSPECT, bare
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.opened import open_index
from tui.cli.options import add_common, index_paths, print_json, print_table

_LISTED = 20


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted suspects`."""
    parser = subparsers.add_parser(
        "suspects",
        help=COMMANDS["suspects"].help,
        description="List the pairs whose label may be wrong, or that count twice: identical or"
        " tied sides, the same pair or nearly with the opposite label elsewhere, repeats of an"
        " earlier pair, and labels that several PMs call wrong with confidence. Near-duplicates"
        " are looked for once and kept beside the index; interrupted, nothing is kept. In the"
        " browser they are `suspect=REASON` on the filter line, and facets of the list;"
        " `outvoted report --without-suspects` leaves them out.",
    )
    parser.add_argument(
        "--list",
        metavar="N",
        type=int,
        default=_LISTED,
        help=f"pairs to list; --json lists all; default: {_LISTED}",
    )
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Look for near-duplicates where nobody did, then count and list all suspects."""
    if args.list < 0:
        raise UserError("it must be 0 or more", where="--list")
    _look_for_duplicates(args)
    reader = open_index(args)
    try:
        found = suspect_list(reader)
    finally:
        reader.close()
    if args.json:
        print_json(_document(found))
    else:
        _print(found, args.list)
    return 0


def _look_for_duplicates(args: argparse.Namespace) -> None:
    paths = index_paths(args)
    store = open_pairs(paths)
    try:
        if kept_duplicates(paths, store) is None:
            from engine.duplicates.find import find_duplicates  # datasketch loads scipy

            keep_duplicates(paths, store, find_duplicates(store, _progress))
    finally:
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        store.close()


def _progress(pairs: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{pairs:,} pairs", end="", file=sys.stderr, flush=True)


def _document(found: SuspectList) -> dict[str, Json]:
    return {
        "index": found.index,
        "run": found.run,
        "pairs": sum(found.pairs.values()),
        "suspects": len(found.suspects),
        "reasons": {
            reason: {
                "pairs": found.by_tranche(reason).total(),
                "by_tranche": dict(found.by_tranche(reason)),
            }
            for reason in SUSPICIONS
        },
        "found": [
            {
                **made.pair._asdict(),
                "tranche": made.tranche,
                "reasons": list(made.reasons),
                "near": [
                    {"reason": near.reason, **near.pair._asdict(), "similarity": near.similarity}
                    for near in made.near
                ],
            }
            for made in found.suspects
        ],
    }


def _print(found: SuspectList, listed: int) -> None:
    pairs = sum(found.pairs.values())
    print(
        f"{len(found.suspects):,} of {pairs:,} pairs of the index {bare(found.index)} are suspect"
    )
    rows = [
        [reason, f"{found.by_tranche(reason).total():,}", f"  {WHY_SUSPECT[reason]}"]
        for reason in SUSPICIONS
        if reason != "tied" or found.run is not None
    ]
    _table(rows)
    if found.run is None:
        print("tied       unknown: no run has measured a margin")
    print()
    by_tranche = found.by_tranche()
    print_table(
        [["tranche", "suspect", "pairs"]]
        + [[name, f"{by_tranche[name]:,}", f"{held:,}"] for name, held in found.pairs.items()]
    )
    if listed and found.suspects:
        print()
        for made in found.suspects[:listed]:
            print("  ".join(_line(made)))
        if len(found.suspects) > listed:
            print(f"and {len(found.suspects) - listed:,} more: --list N, or --json")


def _table(rows: list[list[str]]) -> None:
    reasons = max(len(reason) for reason, _, _ in rows)
    counts = max(len(count) for _, count, _ in rows)
    for reason, count, why in rows:
        print(f"  {reason:<{reasons}}  {count:>{counts}}{why}")


def _line(made: SuspectPair) -> Iterator[str]:
    yield bare(str(made.pair))
    yield ", ".join(made.reasons)
    for near in made.near:
        word = "against" if near.reason == "contradicted" else "repeats"
        yield bare(f"{word} {near.pair} ({near.similarity:.0%} alike)")
