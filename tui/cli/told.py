"""`outvoted score --trained-…`: what the PM was trained on, as the user tells it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

Trained = Mapping[str, list[str]]
"""The fields of `engine.cache.training.Told`, as JSON has them: rows, tranches, texts."""


def add_told(parser: argparse.ArgumentParser) -> None:
    """Add the three options."""
    group = parser.add_argument_group(
        "what the PM was trained on",
        "Told, never guessed, and no part of a run: score again with other values to tell it anew,"
        " nothing is measured again. Together they are the whole of it; pairs that none of them"
        " speaks of are `unknown`.",
    )
    group.add_argument(
        "--trained-rows",
        metavar="ROWS",
        action="append",
        default=[],
        help="296-2311 or split:296-2311, several with commas, or a file of them; the other rows of"
        " that source are unseen",
    )
    group.add_argument(
        "--trained-tranches",
        metavar="NAME,…",
        default="",
        help="tranche or split:tranche; all others are unseen",
    )
    group.add_argument(
        "--trained-texts",
        metavar="FILE",
        action="append",
        default=[],
        help="the training pairs or transcripts themselves: hub:REPO, .jsonl, .jsonl.gz, .parquet"
        " or a saved folder; what is not among them is unseen",
    )


def told(args: argparse.Namespace) -> Trained:
    """What the options say, as the measurement takes it."""
    tranches = (name.strip() for name in args.trained_tranches.split(","))
    return {
        "rows": args.trained_rows,
        "tranches": [name for name in tranches if name],
        "texts": args.trained_texts,
    }
