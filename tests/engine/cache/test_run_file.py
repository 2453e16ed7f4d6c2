"""Sealing: base figures come in pieces, as many as there are parts, and one is held at a time."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from engine.cache import tables
from engine.cache.run_file import write_run
from engine.cache.run_records import STRONGEST
from engine.errors import UserError
from tests.engine.cache.scored import FIGURES, base, manifest

TABLES = ("rewards", "features", "by_feature")
Rows = dict[str, list[tuple[object, ...]]]


def sealed(target: Path, pieces: Iterable[pa.Table]) -> Rows:
    """What a run's tables hold, in their order, once it is sealed from these base figures."""
    write_run(
        target,
        manifest=manifest("h.1"),
        figures=FIGURES,
        heuristics=[],
        judged=[],
        base=pieces,
        sample=tables.SAMPLE.empty_table(),
        sampled=[],
        checks=tables.CHECKS.empty_table(),
        peaks=tables.PEAKS.empty_table(),
        tokens=tables.TOKEN_EFFECTS.empty_table(),
        texts=pa.table({"id": pa.array([], pa.int64()), "content_hash": pa.array([], pa.string())}),
    )
    with duckdb.connect(str(target), read_only=True) as connection:
        return {table: connection.table(table).fetchall() for table in TABLES}


def test_pieces_in_any_order_are_the_rows_of_one_table(tmp_path: Path) -> None:
    whole = sealed(tmp_path / "whole.duckdb", [base(range(12))])
    rows = list(range(12))
    random.Random(1).shuffle(rows)
    pieces = [base(rows[:5]), base([]), base(rows[5:6]), base(rows[6:])]
    assert sealed(tmp_path / "pieces.duckdb", pieces) == whole
    assert [len(whole[table]) for table in TABLES] == [12, 48, 48]


def test_the_strongest_are_a_pairs_highest_attributions_and_of_equals_the_lower_number(
    tmp_path: Path,
) -> None:
    features = list(range(3, 103))
    attribution = [float(feature % 40 - 5) for feature in features]
    (row,) = base([0]).to_pylist()
    row |= {
        "feature": features,
        "attribution": attribution,
        "activation_chosen": [1.0] * 100,
        "activation_rejected": [0.0] * 100,
    }
    piece = pa.Table.from_pylist([row], schema=tables.BASE)
    ((*_, strongest, _),) = sealed(tmp_path / "run.duckdb", [piece])["rewards"]
    ranked = sorted(zip((-value for value in attribution), features, strict=True))
    assert strongest == [feature for _, feature in ranked[:STRONGEST]]


def test_a_part_that_cannot_be_read_is_told_by_its_own_sentence_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    def pieces() -> Iterator[pa.Table]:
        yield base(range(6))
        raise UserError("this part cannot be read", where="base/1.parquet")

    with pytest.raises(UserError, match="this part cannot be read"):
        sealed(tmp_path / "run.duckdb", pieces())
    assert list(tmp_path.iterdir()) == []
