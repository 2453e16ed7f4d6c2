"""A custom pair kept of the hand-made index: its first pair, edited."""

from __future__ import annotations

from engine.cache.custom import CustomEdit, CustomFigures, CustomHeuristic, CustomPair
from engine.verdict import Verdict
from tests.engine.cache.scored import URL


def custom_pair(run: str, edit: CustomEdit) -> CustomPair:
    """What a run measured of an edit: the pattern is there, and its features stay silent."""
    on = CustomHeuristic(
        heuristic=URL,
        kind="counterexample",
        bearer="chosen",
        spans=((0, 8),),
        features=(3, 5),
        verdict=Verdict.SILENT,
        by=None,
        vote=0.0,
        effect=0.0,
        activation=0.0,
        effect_all=None,
        random_effect=None,
        deletion_effect=None,
        control_effect=None,
        decisive=None,
        thresholds=None,
    )
    return CustomPair(
        version=1,
        run=run,
        source="first.jsonl",
        split="train",
        row=0,
        content_hash="0" * 16,
        tranche="first",
        words="edited",
        edit=edit,
        context="\n\nHuman: a\n\nAssistant:",
        chosen=" https://",
        rejected=" b",
        before=None,
        after=CustomFigures(1.5, 0.0, 1.5, 1.25, (on,)),
        seconds=0.1,
        time="2026-11-22T00:00:00+00:00",
    )
