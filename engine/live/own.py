"""A pair of one's own: from a file, part of no index."""

from __future__ import annotations

import json
from pathlib import Path

from engine.cache.pair_records import PairDetail
from engine.errors import UserError
from engine.hh import Pair, PairName, split_pair
from engine.hh.record import HH_COLUMNS, BadRecord, check
from engine.live.protocol import LONGEST_LINE

OWN_ID = 0
"""No index has it: the numbers of sources start at 1."""
_OWN = "custom"
_SHAPE = 'It must hold one record, {"chosen": "\\n\\nHuman: ...", "rejected": "\\n\\nHuman: ..."}.'


def read_own_pair(path: Path) -> Pair:
    """The one pair of a `.json` or `.jsonl` file.

    Raises:
        UserError: the file can't be read, or does not hold exactly one record.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(LONGEST_LINE + 1)
    except OSError as error:
        raise UserError(f"it cannot be read: {error.strerror}", where=str(path)) from None
    if len(text) > LONGEST_LINE:
        raise UserError(f"it is larger than {LONGEST_LINE >> 20} MiB", where=str(path), todo=_SHAPE)
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError as error:
        several = "it holds more than one record" if error.msg == "Extra data" else "it is not JSON"
        where = f"{path}, line {error.lineno}"
        raise UserError(f"{several} ({error.msg})", where=where, todo=_SHAPE) from None
    except (ValueError, RecursionError):  # not UTF-8, numbers or brackets without end
        raise UserError("it is not JSON", where=str(path), todo=_SHAPE) from None
    record = check(value, HH_COLUMNS, where=str(path), row=0)
    if isinstance(record, BadRecord):
        raise UserError(record.what, where=record.where, todo=_SHAPE)
    context, chosen, rejected = split_pair(record.chosen, record.rejected)
    return Pair(OWN_ID, PairName(path.name, _OWN, 0), _OWN, context, chosen, rejected)


def nothing_known(pair: Pair, run: str) -> PairDetail:
    """What a run knows of a pair that it never saw."""
    return PairDetail(
        pair=pair,
        run=run,
        reward_chosen=None,
        reward_rejected=None,
        margin=None,
        margin_sae=None,
        heuristics=(),
        features=(),
        mark=None,
        note=None,
    )
