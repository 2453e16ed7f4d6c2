"""The verdicts. Words and order: docs/verdicts.md."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

Outvoter = Literal["features", "error"]


class Verdict(StrEnum):
    """In the order in which they are tried; the first that holds is the verdict."""

    TIE = "tie"
    PM_WRONG = "pm-wrong"
    SAE_MISS = "sae-miss"
    NO_FEATURE = "no-feature"
    OUTVOTED = "outvoted"
    FOLLOWED = "followed"
    CONTRARY = "contrary"
    SILENT = "silent"
    INERT = "inert"
    UNMEASURED = "unmeasured"
