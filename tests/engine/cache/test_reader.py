"""What the screens are told of an index, with a run and without."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.records import SORT_KEYS, Query
from engine.cache.sealed import run_path
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.heuristics.file import default_heuristics
from engine.report.build import build_report
from engine.verdict import Verdict
from tests.engine.cache.opened import BEARERS, Open, rows_of
from tests.engine.cache.scored import (
    MARGINS,
    ROWS,
    URL,
    id_of,
    index,
    row_of,
    seal,
    write_source,
)


def test_without_a_run_everything_is_there_but_figures(opened: Open) -> None:
    reader = opened()
    overview = reader.overview()
    assert (overview.index, overview.pairs, overview.run) == ("tiny", 12, None)
    assert [card.heuristic for card in overview.heuristics] == list(default_heuristics())
    card = overview.heuristics[0]
    assert (card.held, card.chosen_only, card.rejected_only) == ("unmeasured", 6, 6)
    assert card.counterexamples == card.conforming == {Verdict.UNMEASURED: 6}
    assert [(card.tranche, card.pairs, card.measured) for card in overview.tranches] == [
        ("first", 6, 0),
        ("second", 6, 0),
    ]
    assert rows_of(reader, Query(heuristic="url")) == [0, 2, 4, 6, 8, 10]
    (row,) = reader.rows(reader.ids(Query(heuristic="url"))[:1], Query(heuristic="url"))
    assert (row.kind, row.verdict, row.margin, row.opposer) == (
        "counterexample",
        Verdict.UNMEASURED,
        None,
        None,
    )
    (on,) = reader.pair(id_of(0)).heuristics
    assert (on.judgement.verdict, on.effect, on.spans) == (Verdict.UNMEASURED, None, ((9, 17),))


def test_with_a_run_the_overview_counts_its_verdicts(paths: IndexPaths, opened: Open) -> None:
    run = seal(paths)
    overview = opened().overview()
    assert overview.run is not None
    assert (overview.run.run, overview.run.pm, overview.run.margin_threshold) == (
        run,
        "tiny-pm",
        0.1,
    )
    (card,) = overview.heuristics
    assert card.counterexamples == {
        Verdict.TIE: 1,
        Verdict.PM_WRONG: 1,
        Verdict.OUTVOTED: 2,
        Verdict.SILENT: 1,
        Verdict.INERT: 1,
    }
    assert card.conforming == {Verdict.PM_WRONG: 1, Verdict.FOLLOWED: 3, Verdict.INERT: 2}
    # Deleting adds half a reward: it lowers, as stated. Five of twelve bearers lose 1 by F.
    assert card.held == "held"
    assert card.deletion_effect == pytest.approx(-0.5)
    assert card.coverage == pytest.approx(5 / 6)
    first = overview.tranches[0]
    of_first = [MARGINS[row] for row in range(6)]
    assert first.mean_margin == pytest.approx(sum(of_first) / 6)
    assert first.accuracy == pytest.approx(4.5 / 6)  # row 0 is a tie: one half


def test_where_not_all_is_measured_the_sample_stands_for_the_index(
    paths: IndexPaths, opened: Open
) -> None:
    seal(paths, measured=range(8), sampled=(0, 1, 6))
    cards = {card.tranche: card for card in opened().overview().tranches}
    assert [cards[name].measured for name in ("first", "second")] == [2, 1]
    assert cards["second"].mean_margin == pytest.approx(MARGINS[6])


def test_heuristics_that_the_run_does_not_know(paths: IndexPaths, opened: Open) -> None:
    seal(paths)
    raises = replace(URL, direction="raises")
    friend = Heuristic("friend", "friend")
    reader = opened(heuristics=(URL, replace(raises, name="raising"), friend))
    known, raising, other = reader.overview().heuristics
    assert known.held == "held"
    assert (raising.held, raising.counterexamples) == ("unmeasured", {Verdict.UNMEASURED: 6})
    assert rows_of(reader, Query(heuristic="raising")) == [1, 3, 5, 7, 9, 11]
    assert other.held == "unmeasured"
    # Margins are of pairs and not of heuristics: they are told and sorted by all the same.
    query = Query(heuristic="friend", kind=None, sort="margin")
    assert rows_of(reader, query)[:2] == [4, 11]
    (row,) = reader.rows(reader.ids(query)[:1], query)
    assert (row.margin, row.verdict, row.opposer) == (-2.0, Verdict.UNMEASURED, 3)
    # The same name with another pattern is another heuristic.
    (renamed,) = opened(heuristics=(Heuristic("url", "x.org"),)).overview().heuristics
    assert renamed.counterexamples == {Verdict.UNMEASURED: 6}


def test_pairs_that_came_after_the_run_read_unmeasured(
    paths: IndexPaths, opened: Open, tmp_path: Path
) -> None:
    seal(paths)
    index(paths, write_source(tmp_path, "third", [0, 20]))
    reader = opened()
    (card,) = reader.overview().heuristics
    assert (card.chosen_only, card.counterexamples[Verdict.UNMEASURED]) == (8, 2)
    assert len(reader.ids(Query(heuristic="url"))) == 8


def test_a_pair_that_came_after_the_run_is_of_the_kind_that_the_run_found(
    paths: IndexPaths, opened: Open, tmp_path: Path
) -> None:
    """`auto`, found to raise: what bears it on the chosen side conforms, judged or not."""
    seal(paths, heuristic=replace(URL, direction="auto"), deletion=0.5, direction="raises")
    index(paths, write_source(tmp_path, "third", [0]))
    reader = opened()
    (card,) = reader.overview().heuristics
    assert (sum(card.counterexamples.values()), sum(card.conforming.values())) == (6, 7)
    assert card.conforming[Verdict.UNMEASURED] == 1
    (added,) = reader.ids(Query(heuristic="url", kind=None, tranche="third"))
    assert [made.kind for made in reader.pair(int(added)).heuristics] == ["conforming"]
    (reported,) = build_report(reader).heuristics
    assert (reported.counterexamples.pooled.pairs, reported.conforming.pooled.pairs) == (6, 7)


def test_a_verdict_on_another_text_is_dropped(
    paths: IndexPaths, opened: Open, tmp_path: Path
) -> None:
    seal(paths)
    index(paths, write_source(tmp_path, "first", [10, 11, 12, 13]))  # other pairs, fewer of them
    reader = opened()
    (card,) = reader.overview().heuristics
    assert (card.chosen_only, card.counterexamples[Verdict.UNMEASURED]) == (5, 2)
    ids = reader.ids(BEARERS)
    assert len(reader.rows(ids, BEARERS)) == 10


def test_nothing_that_was_measured_of_a_pair_is_told_of_another_text(
    paths: IndexPaths, opened: Open, tmp_path: Path
) -> None:
    """The pattern stands where it stood, and the response goes on otherwise."""
    seal(paths)
    file = tmp_path / "first.jsonl"
    line, *others = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([line.replace("100%", "50%"), *others]), encoding="utf-8")
    index(paths, file)
    reader = opened()
    (card,) = reader.overview().heuristics
    assert card.counterexamples[Verdict.UNMEASURED] == 1
    changed = reader.pair(id_of(0))
    assert (changed.margin, changed.features, changed.tokens) == (None, (), None)
    assert changed.heuristics[0].judgement.verdict is Verdict.UNMEASURED
    assert reader.pair(id_of(2)).margin == MARGINS[2]
    (run,) = reader.over_runs(id_of(0))
    assert (run.margin, run.verdicts) == (None, ())
    assert {row_of(row.id) for row in reader.bulk.judged()} == set(range(1, ROWS))
    assert np.isnan(reader.bulk.indexed_pairs().margins).sum() == 1
    assert reader.feature(3).active == ROWS - 1
    first, second = reader.overview().tranches  # not all is measured: the sample is told
    assert (first.measured, second.measured) == (1, 2)
    standing = reader.standing()
    assert standing is not None and len(standing.ids) == 3


def test_the_newest_run_or_the_one_named(paths: IndexPaths, opened: Open) -> None:
    old, new = seal(paths, hook="h.1"), seal(paths, hook="h.3")
    os.utime(run_path(paths, old), (1, 1))
    assert opened().pair(id_of(0)).run == new
    assert opened(run=old[:6]).pair(id_of(0)).run == old
    with pytest.raises(UserError, match="names no run"):
        opened(run="nope")


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_a_damaged_newest_run_is_named(paths: IndexPaths, opened: Open, content: bytes) -> None:
    old, new = seal(paths, hook="h.1"), seal(paths, hook="h.3")
    os.utime(run_path(paths, old), (1, 1))
    run_path(paths, new).write_bytes(content)
    with pytest.raises(UserError, match=rf"run {new} is damaged .*\n.*--run"):
        opened()
    assert opened(run=old).pair(id_of(0)).run == old


def test_a_run_sealed_before_effects_over_the_responses_reads_without(
    paths: IndexPaths, opened: Open
) -> None:
    run = seal(paths)
    reader = opened()
    (now,) = reader.pair(id_of(0)).heuristics
    reader.close()
    with duckdb.connect(str(run_path(paths, run))) as connection:
        connection.execute("ALTER TABLE judged DROP effect_over_response")
    (before,) = opened().pair(id_of(0)).heuristics
    assert now.effect_over_response == -1.5
    assert before == replace(now, effect_over_response=None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE meta SET schema_version = 99", "schema version 99, this Outvoted reads version 1"),
        ("UPDATE meta SET figures = '{}'", "is damaged"),
        ("UPDATE meta SET manifest = '[]'", "is damaged"),
        ("DELETE FROM meta", "is damaged"),
        ("DROP TABLE rewards", "is damaged"),
        ("UPDATE judged SET verdict = 'guilty'", "is damaged"),
        ("ALTER TABLE judged DROP vote", "is damaged"),
        ("UPDATE heuristics SET measured = '7'", "is damaged"),
    ],
)
def test_a_run_of_another_making_is_refused(
    paths: IndexPaths, opened: Open, change: str, said: str
) -> None:
    run = seal(paths)
    with duckdb.connect(str(run_path(paths, run))) as connection:
        connection.execute(change)
    with pytest.raises(UserError, match=said) as refused:
        opened()
    assert run in str(refused.value)


def test_threads_share_a_reader(paths: IndexPaths, opened: Open) -> None:
    seal(paths)
    reader = opened()
    queries = [replace(BEARERS, sort=key) for key in SORT_KEYS] * 4

    def ask(query: Query) -> list[int | float | None]:
        ids = reader.ids(query)
        reader.mark(int(ids[0]), "seen")
        margins = [row.margin for row in reader.rows(ids, query)]
        return [*margins, reader.pair(int(ids[0])).margin, len(reader.marks()) > 0]

    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(ask, queries))
    assert together == [ask(query) for query in queries]


def test_the_real_file(tmp_path: Path, real_pairs: Path) -> None:
    paths = IndexPaths(tmp_path / "cache", "real")
    index(paths, real_pairs)
    reader = open_reader(paths)
    url, dunno, *_ = reader.overview().heuristics
    assert (url.chosen_only, url.rejected_only, url.both) == (16, 6, 0)
    assert (dunno.chosen_only, dunno.rejected_only, dunno.both) == (98, 63, 4)
    query = Query(heuristic="dont-know", kind=None, text="KNOW")
    ids = reader.ids(query)
    assert len(ids) == 98 + 63
    rows = reader.rows(ids, query)
    assert [row.id for row in rows] == ids.tolist()
    assert {row.match.replace("’", "'") for row in rows} == {"I don't know"}
    assert not any("\n" in row.before + row.after for row in rows)
    for identifier, row in zip(ids.tolist()[::40], rows[::40], strict=True):
        (on,) = [
            on for on in reader.pair(identifier).heuristics if on.heuristic.name == "dont-know"
        ]
        start, end = on.spans[0]
        assert reader.pair(identifier).pair.response(on.bearer)[start:end] == row.match
    reader.close()
