"""Outvoted's engine: pairs, heuristics, measurements and verdicts. It answers; it never asks."""
