"""Verdicts: pure functions from figures to a verdict, and the statistics around them."""

from engine.verdict.verdict import Evidence, Judgement, Outvoter, Thresholds, Verdict

__all__ = ["Evidence", "Judgement", "Outvoter", "Thresholds", "Verdict"]
