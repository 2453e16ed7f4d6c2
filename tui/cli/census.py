"""`outvoted census PATTERN...`: who carries a pattern."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from engine.cache.pairs import open_pairs
from engine.canonical import Json
from engine.heuristics import SCOPES, Heuristic, compile_heuristic
from engine.heuristics.census import GROUPINGS, CensusLine, Counts, census
from engine.plain import plain
from tui.cli.commands import COMMANDS, Subparsers
from tui.cli.options import add_common, heuristics, index_paths, print_json, print_table


def add(subparsers: Subparsers) -> None:
    """Add the parser of `outvoted census`."""
    parser = subparsers.add_parser(
        "census",
        help=COMMANDS["census"].help,
        description="Count the pairs by the sides that carry a pattern. Without a PATTERN: the"
        " patterns of --heuristics, as they say themselves.",
    )
    parser.add_argument(
        "patterns", metavar="PATTERN", nargs="*", help="a text, or with --regex an expression"
    )
    parser.add_argument("--scope", choices=SCOPES, default="response", help="default: response")
    parser.add_argument("--regex", action="store_true", help="PATTERN is a regular expression")
    parser.add_argument(
        "--fold", action="store_true", help="variants of apostrophe, quote, dash and space match"
    )
    parser.add_argument(
        "--by",
        choices=GROUPINGS,
        help="also by tranche, by the role of the turn, or by position: context, first turn of"
        " the response, later turn",
    )
    parser.add_argument(
        "--after",
        metavar="PATTERN",
        help="count only matches in an Assistant turn straight after a Human turn with this"
        " pattern (--regex and --fold hold for it too)",
    )
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Count, and print the counts."""
    wanted = [
        Heuristic(pattern, pattern, regex=args.regex, scope=args.scope, fold=args.fold)
        for pattern in args.patterns
    ] or list(heuristics(args))
    matchers = [compile_heuristic(heuristic) for heuristic in wanted]
    after = None
    if args.after is not None:
        after = compile_heuristic(
            Heuristic("--after", args.after, regex=args.regex, fold=args.fold)
        )
    store = open_pairs(index_paths(args))
    try:
        lines = census(store.iter_pairs(), matchers, args.by, after)
    finally:
        store.close()
    if args.json:
        said = {"after": args.after} if args.after is not None else {}
        print_json([_document(line, args.by is not None) | said for line in lines])
    else:
        _print(lines)
        if args.after is not None:
            print(plain(f'straight after "{args.after}" in the human\'s turn', keep_newlines=False))
    return 0


def _document(line: CensusLine, grouped: bool) -> dict[str, Json]:
    document: dict[str, Json] = {
        "heuristic": line.heuristic.name,
        "pattern": line.heuristic.pattern,
        "scope": line.heuristic.scope,
        "regex": line.heuristic.regex,
        "fold": line.heuristic.fold,
        **asdict(line.counts),
    }
    if grouped:
        document["groups"] = {name: asdict(counts) for name, counts in line.groups.items()}
    return document


def _print(lines: tuple[CensusLine, ...]) -> None:
    rows = [["pattern", "scope", "fold", "chosen only", "rejected only", "both", "neither"]]
    for line in lines:
        heuristic = line.heuristic
        name = heuristic.name
        folded = "yes" if heuristic.fold else "no"
        rows.append([name, heuristic.scope, folded, *_figures(line.counts)])
        rows += [[f"  {group}", "", "", *_figures(counts)] for group, counts in line.groups.items()]
    print_table(rows, left=3)


def _figures(counts: Counts) -> list[str]:
    return [
        f"{count:,}"
        for count in (counts.chosen_only, counts.rejected_only, counts.both, counts.neither)
    ]
