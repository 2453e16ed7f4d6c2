"""HH text: pairs, transcripts and the files they come from."""

from engine.hh.pair import SIDES, Pair, PairName, Side, pair_id, split_pair_id

__all__ = ["SIDES", "Pair", "PairName", "Side", "pair_id", "split_pair_id"]
