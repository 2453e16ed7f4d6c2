"""The index that the common options name, opened for reading."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from engine.cache.opening import open_reader
from engine.cache.reader import IndexReader
from engine.cache.sealed import find_run
from tui.cli.options import heuristics, index_paths


def open_index(args: argparse.Namespace, labels: Mapping[int, str] | None = None) -> IndexReader:
    """The reader of `--name`, with `--run` (its beginning is enough) or the newest run.

    Without `--heuristics` it looks at those that the run measured. `labels` name its features.

    Raises:
        UserError: there is no such index or run, or something of it is damaged.
    """
    paths = index_paths(args)
    run = find_run(paths, args.run) if args.run else None
    asked = None if args.heuristics is None else heuristics(args)
    return open_reader(paths, run=run, heuristics=asked, labels=labels)
