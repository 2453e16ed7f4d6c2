"""What users say while an index is open: marks, notes, and the report on everybody's."""

from __future__ import annotations

from pathlib import Path

from engine.cache.layout import IndexPaths
from engine.cache.pair_records import Said
from engine.cache.triage import TriageFile
from engine.verdict import Verdict
from tests.engine.cache.opened import Open
from tests.engine.cache.scored import (
    URL,
    id_of,
    index,
    seal,
    write_source,
)


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
    TriageFile(paths.triage, "bob").pin(URL, "sae", 7, pinned=True)  # who says nothing of pairs
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
