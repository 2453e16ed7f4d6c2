"""A measured change as what is kept of it: a custom pair, or a document to export."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

from engine.cache.custom import VERSION, CustomEdit, CustomPair, custom_figures
from engine.canonical import Json
from engine.errors import UserError
from engine.live.change import Change
from engine.live.edit import Edit
from engine.live.queue import Result
from engine.report.pair_json import pair_json


def custom_pair(change: Change, result: Result) -> CustomPair:
    """A result as a custom pair, made now.

    Raises:
        UserError: the result belongs to no run, or holds no figures.
    """
    before, after = result.rescored.before, result.rescored.after
    figures = custom_figures(after)
    if after.run is None or figures is None:
        raise UserError("there are no figures to keep", where=str(before.pair.name))
    name = before.pair.name
    return CustomPair(
        version=VERSION,
        run=after.run,
        source=name.source,
        split=name.split,
        row=name.row,
        content_hash=before.pair.content_hash,
        tranche=before.pair.tranche,
        words=change.words,
        edit=_kept(result.rescored.edit),
        context=after.pair.context,
        chosen=after.pair.chosen,
        rejected=after.pair.rejected,
        before=custom_figures(before),
        after=figures,
        seconds=result.rescored.seconds,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def result_json(change: Change, result: Result, drift: float | None) -> dict[str, Json]:
    """A result in the shape of `outvoted rescore --json`, with what was changed.

    Args:
        change: what was asked for.
        result: what came of it.
        drift: of an unedited rescore of the pair, where one was measured.
    """
    rescored = result.rescored
    return pair_json(rescored.after) | {
        "before": pair_json(rescored.before),
        "drift": drift,
        "seconds": rescored.seconds,
        "change": change.words,
        "edit": asdict(_kept(rescored.edit)),
    }


def _kept(edit: Edit) -> CustomEdit:
    return CustomEdit(
        response_chosen=edit.response_chosen,
        response_rejected=edit.response_rejected,
        ablate=edit.ablate,
        scale=edit.scale,
        pin=edit.pin,
    )
