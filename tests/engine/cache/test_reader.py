"""What the screens are told of an index, with a run and without."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from engine.cache.layout import IndexPaths
from engine.cache.on_pair import opposers
from engine.cache.opening import open_reader
from engine.cache.pair_records import Said
from engine.cache.reader import IndexReader
from engine.cache.records import SORT_KEYS, Query, Sample, SortKey
from engine.cache.sealed import run_path
from engine.cache.triage import TriageFile
from engine.errors import UserError
from engine.filters import FIGURES
from engine.heuristics import Heuristic
from engine.heuristics.file import default_heuristics
from engine.verdict import Verdict
from tests.engine.cache.scored import (
    MARGINS,
    URL,
    VERDICTS,
    id_of,
    index,
    make_index,
    row_of,
    seal,
    write_source,
)

Open = Callable[..., IndexReader]
EVERY = Query(heuristic=None, kind=None)
BEARERS = Query(heuristic="url", kind=None)


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return make_index(tmp_path)


@pytest.fixture
def opened(paths: IndexPaths) -> Iterator[Open]:
    with ExitStack() as closing:

        def open_it(
            run: str | None = None, heuristics: tuple[Heuristic, ...] | None = None
        ) -> IndexReader:
            reader = open_reader(paths, run=run, heuristics=heuristics)
            closing.callback(reader.close)
            return reader

        yield open_it


def rows_of(reader: IndexReader, query: Query) -> list[int]:
    return [row_of(identifier) for identifier in reader.ids(query).tolist()]


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


def test_a_line_of_the_list(paths: IndexPaths, opened: Open) -> None:
    seal(paths)
    reader = opened()
    rows = reader.rows(reader.ids(BEARERS)[[4, 0, 2]], BEARERS)
    assert [row.label for row in rows] == ["train:4", "train:0", "train:2"]
    wrong, first, third = rows
    assert (wrong.verdict, wrong.confident, wrong.by) == (Verdict.PM_WRONG, True, None)
    assert (third.by, third.decisive, first.decisive) == ("features", True, False)
    assert (first.margin, first.margin_sae, first.effect) == (0.0, 0.0, -1.0)
    assert first.opposer == 9  # 3 and 5 are the heuristic's own, 7 pushes the other way
    assert first.before.endswith(" Assistant: It's at ")
    assert (first.match, first.after) == ("https://", "x.org/0 [100% sure_]")


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SORT_KEYS)
def test_every_sort_in_both_directions(
    paths: IndexPaths, opened: Open, sort: SortKey, descending: bool
) -> None:
    seal(paths, measured=range(10))
    reader = opened()
    rows = rows_of(reader, replace(BEARERS, sort=sort, descending=descending))
    votes = {row: abs(VERDICTS[row] in (Verdict.OUTVOTED, Verdict.FOLLOWED)) for row in range(12)}
    figures: dict[SortKey, Callable[[int], float]] = {
        "row": lambda row: row,
        "margin": lambda row: MARGINS[row],
        "margin_sae": lambda row: MARGINS[row] / 2,
        "effect": lambda row: votes[row] * (-1 if row % 2 == 0 else 1),
        "vote": lambda row: votes[row],
        "distance": lambda row: row,
        "gap": lambda row: abs(MARGINS[row]) / 2,
        "reward_chosen": lambda row: MARGINS[row],
        "reward_rejected": lambda row: 0.0,
        "effect_all": lambda row: -1 if row % 2 == 0 else 1,
        "activation": lambda row: 2.0,
        "deletion_effect": lambda row: -0.5,
    }
    sign = -1 if descending else 1
    unmeasured = [] if sort == "row" else [10, 11]  # they come last either way
    found = [row for row in range(12) if row not in unmeasured]
    expected = sorted(found, key=lambda row: (sign * figures[sort](row), row)) + unmeasured
    assert rows == expected
    if FIGURES[sort].needs != "heuristic":
        assert rows_of(reader, replace(EVERY, sort=sort, descending=descending)) == expected


def test_filters(paths: IndexPaths, opened: Open) -> None:
    seal(paths)
    reader = opened()
    for query, rows in [
        (Query(heuristic="url"), [0, 2, 4, 6, 8, 10]),
        (Query(heuristic="url", kind="conforming"), [1, 3, 5, 7, 9, 11]),
        (replace(BEARERS, verdicts=frozenset({Verdict.PM_WRONG, Verdict.TIE})), [4, 6, 11]),
        (replace(BEARERS, tranche="second"), [6, 7, 8, 9, 10, 11]),
        (replace(EVERY, tranche="first"), [0, 1, 2, 3, 4, 5]),
        (Query(heuristic="no such"), []),
        (replace(EVERY, tranche="'; DROP TABLE borne; --"), []),
    ]:
        assert rows_of(reader, query) == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("HTTPS://X.ORG/7", [7]),  # either case
        ("number 3?\n\nAssistant: I can", [3]),  # across context and response
        ("[100% sure_]", list(range(12))),  # no wildcard ...
        ("100_ sure", []),
        ("%", list(range(12))),
        ("it%at", []),
        ("'friend' 1", [1, 10, 11]),  # ... and no quote
        ("\\", []),
        ("\x00", []),
        ("\ud800", []),
        ("’", []),
    ],
)
def test_a_search_is_literal(paths: IndexPaths, opened: Open, text: str, rows: list[int]) -> None:
    reader = opened()
    assert rows_of(reader, replace(EVERY, text=text)) == rows
    assert rows_of(reader, replace(BEARERS, text=text)) == rows


def test_marks_filter_and_survive(paths: IndexPaths, opened: Open) -> None:
    reader = opened()
    reader.mark(id_of(3), "interesting")
    reader.note(id_of(3), "look again")
    reader.mark(id_of(8), "boring")
    reader.mark(id_of(8), None)
    for each in (reader, opened()):
        assert each.marks() == {id_of(3): "interesting"}
        assert rows_of(each, replace(EVERY, marks=frozenset({"interesting", "boring"}))) == [3]
        detail = each.pair(id_of(3))
        assert (detail.mark, detail.note) == ("interesting", "look again")
        (row,) = each.rows(each.ids(EVERY)[3:4], EVERY)
        assert row.mark == "interesting"


def test_two_open_readers_see_each_others_marks_and_lose_none(opened: Open) -> None:
    one, two = opened(), opened()
    one.mark(id_of(3), "clear")
    two.note(id_of(3), "from the other window")
    one.mark(id_of(3), "exclude")  # the note was never seen here, and stays
    for each in (one, two):
        detail = each.pair(id_of(3))
        assert (detail.mark, detail.note) == ("exclude", "from the other window")


def test_undo_takes_back_change_after_change(opened: Open) -> None:
    reader = opened()
    assert reader.undo() is None
    reader.mark(id_of(3), "clear")
    reader.note(id_of(8), "odd")
    reader.mark(id_of(3), "exclude")
    undone = reader.undo()
    assert undone is not None
    assert (undone.id, undone.mark, undone.label) == (id_of(3), "clear", "first.jsonl:train:3")
    assert opened().undo() is not None  # in another window, and after a restart
    assert reader.pair(id_of(8)).note is None
    assert reader.marks() == {id_of(3): "clear"}
    assert reader.undo() is not None
    assert reader.undo() is None
    assert reader.marks() == {}


def test_what_others_said_stands_beside_and_is_never_written(
    paths: IndexPaths, opened: Open
) -> None:
    ours = opened()
    (pair,) = ours.store.pairs([id_of(3)])
    ana = TriageFile(paths.triage, "ana")
    ana.mark(pair, "label wrong")
    ana.note(pair, "[sic]")
    before = ana.path.read_bytes()
    ours.mark(id_of(3), "clear")
    detail = ours.pair(id_of(3))
    assert (detail.mark, detail.others) == ("clear", (Said("ana", "label wrong", "[sic]"),))
    assert ours.pair(id_of(4)).others == ()
    ana.mark(pair, None)
    ana.note(pair, None)
    assert ours.pair(id_of(3)).others == ()  # nothing is left of what she said
    assert ana.path.read_bytes().startswith(before)


def test_a_reading_sample_is_the_seeds_and_no_ones_choice(
    paths: IndexPaths, opened: Open, tmp_path: Path
) -> None:
    reader = opened()
    whole = rows_of(reader, replace(EVERY, sample=Sample(99, 7)))
    assert sorted(whole) == list(range(12))
    assert whole != sorted(whole)
    assert rows_of(reader, replace(EVERY, sample=Sample(5, 7))) == whole[:5]
    assert rows_of(reader, replace(EVERY, sort="margin", sample=Sample(5, 7))) == whole[:5]
    assert rows_of(reader, replace(EVERY, sample=Sample(99, 8))) != whole
    # Of a part of the list it is that part of it: filters do not shuffle what was read so far.
    url = rows_of(reader, replace(Query(heuristic="url"), sample=Sample(99, 7)))
    assert url == [row for row in whole if row % 2 == 0]
    # In an index that was built in another order it holds the same texts.
    other = IndexPaths(tmp_path / "other", "tiny")
    index(other, tmp_path / "second.jsonl", tmp_path / "first.jsonl")
    turned = open_reader(other)
    found = rows_of(turned, replace(EVERY, sample=Sample(99, 7)))
    turned.close()
    assert [(row + 6) % 12 for row in found] == whole


def test_a_triage_report_reads_blind_marks_against_the_margins(
    paths: IndexPaths, opened: Open
) -> None:
    seal(paths)
    reader = opened()
    for row, mark in ((2, "clear"), (4, "label wrong"), (6, "clear"), (8, "interesting")):
        reader.mark(id_of(row), mark, hidden=True)
    reader.mark(id_of(2), "label wrong")  # revised when the verdict was seen: the first one counts
    reader.mark(id_of(10), "clear")
    ana = TriageFile(paths.triage, "ana")
    ana.mark(reader.store.pairs([id_of(2)])[0], "clear")
    report = reader.triage("url")
    ours, hers = report.users
    assert (ours.user, hers.user) == (report.own, "ana")
    assert ours.counts == {"label wrong": 2, "clear": 2, "interesting": 1}
    assert ours.blind == 4
    assert ours.with_pm is not None
    # Row 2 is right and was read so, row 4 wrong and read so, row 6 a tie that was read as clear.
    assert ours.with_pm.counts == {
        ("chosen", "chosen"): 1,
        ("rejected", "rejected"): 1,
        ("chosen", "neither"): 1,
    }
    assert ours.by_verdict["clear"] == {Verdict.OUTVOTED: 1, Verdict.TIE: 1}
    assert ours.by_verdict["interesting"] == {Verdict.SILENT: 1}
    assert hers.with_pm is None
    (between,) = report.between
    assert between.agreement.counts == {("rejected", "chosen"): 1}
    (differing,) = report.differing
    assert (differing.id, differing.label) == (id_of(2), "first.jsonl:train:2")
    assert reader.triage(None).users[0].by_verdict == {}


def test_a_mark_is_of_a_text_and_not_of_a_row(
    paths: IndexPaths, opened: Open, tmp_path: Path
) -> None:
    opened().mark(id_of(0), "interesting")
    index(paths, write_source(tmp_path, "first", range(5, -1, -1)))
    reader = opened()
    assert reader.marks() == {}
    assert reader.pair(id_of(0)).mark is None


def test_those_who_outvote_are_the_others_that_push_toward_chosen(
    paths: IndexPaths, opened: Open
) -> None:
    """Of its features 3 and 5 are the heuristic's, 7 pushes toward rejected, and 9 is left."""
    seal(paths)
    reader = opened()
    found = {
        row: [made.feature for on in detail.heuristics for made in opposers(on, detail)]
        for row in (0, 10)
        for detail in [reader.pair(id_of(row))]
    }
    assert found == {0: [9], 10: []}


def test_a_context_that_lost_its_oldest_tokens_says_so(paths: IndexPaths, opened: Open) -> None:
    seal(paths)
    reader = opened()
    assert reader.pair(id_of(8)).flags == ("context cut: its oldest 7 tokens do not fit the PM",)
    assert reader.pair(id_of(9)).flags == ()
    assert reader.truncated() == (1, 7)


def test_all_that_is_known_of_a_pair(paths: IndexPaths, opened: Open) -> None:
    run = seal(paths)
    detail = opened().pair(id_of(0))
    assert (detail.run, detail.margin, detail.reward_chosen) == (run, 0.0, 0.0)
    assert detail.flags == ("label-suspect: tied sides",)
    (on,) = detail.heuristics
    assert (on.heuristic, on.kind, on.bearer, on.features) == (
        URL,
        "counterexample",
        "chosen",
        (3, 5),
    )
    assert (on.judgement.by, on.judgement.runner_up, on.effect) == ("features", Verdict.INERT, -1.0)
    assert on.thresholds is not None
    assert on.thresholds.vote == 0.2
    # Strongest first, whichever way it pushes; the exact effect where it was measured.
    assert [(made.feature, made.effect) for made in detail.features] == [
        (7, None),
        (3, None),
        (5, None),
        (9, 0.75),
    ]


def test_a_pair_that_is_not_there(opened: Open) -> None:
    for asked in (opened().pair, opened().read_ahead):
        with pytest.raises(UserError, match="no pair with id 99"):
            asked(99)


def test_a_pair_that_was_read_ahead_is_told_as_it_is_by_now(
    paths: IndexPaths, opened: Open
) -> None:
    seal(paths)
    reader = opened()
    reader.read_ahead(id_of(0))
    (pair,) = reader.store.pairs([id_of(0)])
    TriageFile(paths.triage, "ana").mark(pair, "unclear")
    reader.mark(id_of(0), "clear")
    reader.look_at(Heuristic("any", "a", direction="raises"))
    detail = reader.pair(id_of(0))
    assert (detail.mark, [said.mark for said in detail.others]) == ("clear", ["unclear"])
    assert detail == opened(heuristics=reader.heuristics).pair(id_of(0))


def test_the_same_pair_with_the_opposite_label(
    paths: IndexPaths, opened: Open, tmp_path: Path
) -> None:
    lines = (tmp_path / "first.jsonl").read_text(encoding="utf-8").splitlines()
    pair = json.loads(lines[2])
    swapped = {"chosen": pair["rejected"], "rejected": pair["chosen"]}
    (tmp_path / "third.jsonl").write_text(json.dumps(swapped), encoding="utf-8")
    index(paths, tmp_path / "third.jsonl")
    reader = opened()
    assert "opposite label" in reader.pair(id_of(2)).flags[0]
    assert reader.pair(id_of(3)).flags == ()


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
