"""Texts whose rewards are known, asked of a PM before anything is measured with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import UserError
from engine.measure.alone import reward_alone
from engine.measure.progress import Progress, Report
from engine.models.pm import PreferenceModel
from engine.models.tokens import Readout, tokenise
from engine.plain import plain

STAGE = "known"
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """What a sound PM answers under the readout and dtype of this run."""

    text: str
    reward: float
    tolerance: float


def check_known(
    pm: PreferenceModel, answers: Sequence[KnownAnswer], readout: Readout, report: Report
) -> None:
    """Ask the PM for each of them.

    Raises:
        UserError: an answer is further off than it may be, or no number; both are named.
    """
    for done, known in enumerate(answers):
        report(Progress("", STAGE, done, len(answers), 0))
        tokens = tokenise(pm.tokenizer, pm.end_of_text, known.text, readout, pm.chat)
        reward = reward_alone(pm, tokens.ids)
        if not abs(reward - known.reward) <= known.tolerance:
            ending = plain(known.text, keep_newlines=False)[-_SHOWN:]
            raise UserError(
                f"its reward of a known text is {reward:.4f}, not {known.reward:.4f} "
                f"(give or take {known.tolerance:g}): …{ending}",
                where=pm.name,
                todo="The weights, the tokenizer or the readout are not those of the preset; "
                "nothing was measured.",
            )
    report(Progress("", STAGE, len(answers), len(answers), 0))
