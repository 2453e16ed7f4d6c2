"""Pairs that say nearly what another pair of the index says, with its label or with the other."""
