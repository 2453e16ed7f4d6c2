"""Heuristics that cannot be measured as they were asked for, and why."""

from __future__ import annotations

from collections.abc import Sequence

from engine.cache.pins import UserPins
from engine.errors import UserError
from engine.heuristics import Heuristic


def check_findable(heuristics: Sequence[Heuristic]) -> None:
    """Refuse features as heuristics where nothing but bearers of patterns is measured.

    A feature is looked for among measured pairs; bearers of patterns stand for nobody.

    Raises:
        UserError: names the first of them.
    """
    for heuristic in heuristics:
        if heuristic.feature is not None:
            raise UserError(
                f"where {heuristic.pattern} is found among the pairs that are measured, and only "
                "bearers of patterns would be",
                where=f'heuristic "{heuristic.name}"',
                todo="Say which pairs to look at: --pairs all, or a filter.",
            )


def check_pins(heuristic: Heuristic, pins: UserPins, d_sae: int) -> None:
    """Refuse pins that are no features of the SAE.

    Raises:
        UserError: names the feature, and the file that pins it.
    """
    wrong = [feature for feature in pins.features(heuristic) if not 0 <= feature < d_sae]
    if wrong:
        said = f"its line in {pins.file}" if pins.of(heuristic) else "the heuristics file"
        raise UserError(
            f"feature {wrong[0]} does not exist: the SAE has {d_sae} (0 to {d_sae - 1})",
            where=f'heuristic "{heuristic.name}"',
            todo=f"Correct `features` in {said}.",
        )
