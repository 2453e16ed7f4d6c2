"""The options that every command takes, and the output they share."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.cache.layout import IndexPaths, cache_dir
from engine.canonical import Json
from engine.heuristics import Heuristic
from engine.plain import plain


def add_common(
    parser: argparse.ArgumentParser, *, run: str = "default: the newest sealed run"
) -> None:
    """`--name`, `--cache`, `--run`, `--heuristics`, `--verbose` and `--json`."""
    group = parser.add_argument_group("everywhere")
    group.add_argument("--name", metavar="INDEX", default="default", help="default: default")
    group.add_argument(
        "--cache",
        metavar="DIR",
        help="where indexes are kept; default: $OUTVOTED_CACHE, else the checkout's cache/, else"
        " the user's cache folder",
    )
    group.add_argument("--run", metavar="RUN", help=run)
    group.add_argument(
        "--heuristics",
        metavar="FILE.toml",
        type=Path,
        help="default: those outvoted ships with, and those kept in the browser",
    )
    group.add_argument(
        "--verbose", action="store_true", help="what goes to the log file goes to stderr too"
    )
    group.add_argument(
        "--json", action="store_true", help="print one JSON document; progress goes to stderr"
    )


def add_labels(parser: argparse.ArgumentParser) -> None:
    """`--labels`."""
    parser.add_argument(
        "--labels",
        metavar="FILE",
        type=Path,
        help='what features are called: {"123": "label"} as JSON, CSV with feature,label, or'
        " Neuronpedia's explanations: a file or a folder of its export",
    )


def labels(args: argparse.Namespace) -> dict[int, str]:
    """The labels of `--labels`; none without it."""
    path: Path | None = args.labels
    if path is None:
        return {}
    from engine.cache.labels import labels_in  # rarely wanted

    found = labels_in(path)
    if found.sae is not None:
        told = plain(f"outvoted: labels of {found.sae}", keep_newlines=False)
        print(f"{told}: of the run's SAE only if that is this one", file=sys.stderr)
    return dict(found.named)


def index_paths(args: argparse.Namespace) -> IndexPaths:
    """The index that the options name."""
    return IndexPaths(cache_dir(args.cache), args.name)


def heuristics(args: argparse.Namespace) -> tuple[Heuristic, ...]:
    """The heuristics of `--heuristics`, or those outvoted ships with and those of the index."""
    from engine.cache.kept import with_kept
    from engine.heuristics.file import default_heuristics, load_heuristics  # TOML, rarely wanted

    path: Path | None = args.heuristics
    if path is not None:
        return load_heuristics(path)
    return tuple(with_kept(index_paths(args), default_heuristics()))


def print_json(value: Json) -> None:
    """The one document of `--json`. Escapes keep every control character off the terminal."""
    print(json.dumps(value, indent=2, allow_nan=False))


def print_table(rows: Sequence[Sequence[str]], *, left: int = 1) -> None:
    """Aligned columns, the first `left` of them to the left, the rest (figures) to the right."""
    shown = [[plain(cell, keep_newlines=False) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = [
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
