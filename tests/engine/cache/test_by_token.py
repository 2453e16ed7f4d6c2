"""Attributions by token, from a sealed run to the record of a pair."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from engine.cache.breakdown import SideTokens, TokenEffects
from engine.cache.opening import open_reader
from engine.cache.sealed import run_path
from tests.engine.cache.scored import id_of, make_index, seal


def test_a_pair_tells_its_tokens_and_the_features_that_are_told(tmp_path: Path) -> None:
    paths = make_index(tmp_path)
    seal(paths)
    reader = open_reader(paths)
    tokens = reader.pair(id_of(0)).tokens
    assert tokens == TokenEffects(
        chosen=SideTokens(
            spans=((0, 5), (5, 8)),
            total=(0.25, -1.0),
            by_feature={3: ((0, 0.25), (1, -0.5)), 9: ((1, -0.5),)},
            running=None,
        ),
        # Feature 77 is neither among the pair's strongest nor the heuristic's own.
        rejected=SideTokens(((0, 2),), (0.5,), {9: ((0, 0.75),)}, None),
    )
    assert tokens.chosen.of((3, 9)) == (0.25, -1.0)
    assert reader.pair(id_of(1)).tokens is None
    reader.close()


def test_a_run_of_an_earlier_version_has_none_and_opens(tmp_path: Path) -> None:
    paths = make_index(tmp_path)
    run = seal(paths)
    with duckdb.connect(str(run_path(paths, run))) as connection:
        connection.execute("DROP TABLE tokens; DROP TABLE token_effects")
    reader = open_reader(paths)
    assert reader.pair(id_of(0)).tokens is None
    assert reader.pair(id_of(0)).margin is not None
    reader.close()


def test_figures_that_are_not_of_the_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="not of its tokens"):
        SideTokens(((0, 1),), (), {}, None)
    with pytest.raises(ValueError, match="not of its tokens"):
        SideTokens(((0, 1),), (0.5,), {3: ((1, 0.5),)}, None)
