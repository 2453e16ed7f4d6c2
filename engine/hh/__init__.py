"""HH text: pairs and transcripts.

The readers of files are not on this face: they load pyarrow, and pure code builds on this one.
Import them from `engine.hh.source`.
"""

from engine.hh.pair import SIDES, Pair, PairName, Side, pair_id, split_pair_id
from engine.hh.transcript import ASSISTANT, HUMAN, Role, Turn, split_pair, turns

__all__ = [
    "ASSISTANT",
    "HUMAN",
    "SIDES",
    "Pair",
    "PairName",
    "Role",
    "Side",
    "Turn",
    "pair_id",
    "split_pair",
    "split_pair_id",
    "turns",
]
