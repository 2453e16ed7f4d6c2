"""The embedded demo: pairs written for Outvoted, a tiny PM and SAE trained on them."""

from __future__ import annotations

from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
"""What was written by hand: scenes by topic, and sentences that go with any of them."""

DATA = Path(__file__).parent / "data"
"""What ships: composed by `python -m engine.demo.compose`, trained by `-m engine.demo.train`."""

PAIRS = DATA / "pairs.jsonl"
HEURISTICS = DATA / "heuristics.toml"
PM = DATA / "pm"
SAE = DATA / "sae"

HOOK = "transformer.h.0"
"""The SAE stands at the output of this block: above it a pattern has spread over later tokens."""

UNSEEN_ROWS = 261
"""Rows 0 to 260 of the pairs were never trained on, nor any text of theirs; all others were."""

__all__ = ["CORPUS", "DATA", "HEURISTICS", "HOOK", "PAIRS", "PM", "SAE", "UNSEEN_ROWS"]
