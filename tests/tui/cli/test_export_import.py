"""`outvoted export` and `outvoted import`, as they are typed: out in every form, and back in."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.cache.layout import IndexPaths
from engine.cache.manifest import MANIFEST
from engine.cache.opening import open_reader
from engine.cache.pair_records import Said
from engine.cache.triage import TriageFile, user_name
from tests.engine.cache.scored import URL, id_of, make_index, manifest, seal
from tui.cli.main import main

HOSTILE = "=cmd|' /C calc'!A0 [b]\x1b[2J\x00, \"said\"\r\nline two\t'…\u202e"
SAE = "5ae0" * 4
FORMS = ("t.parquet", "t.jsonl", "t.csv", "saved")


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    """Twelve pairs, a run, two marks of one's own and one of ana's."""
    made = make_index(tmp_path)
    seal(made)
    reader = open_reader(made)
    reader.mark(id_of(0), "clear", hidden=True)
    reader.note(id_of(0), HOSTILE)
    reader.mark(id_of(7), "label wrong")
    TriageFile(made.triage, "ana").mark(reader.store.pairs([id_of(0)])[0], "exclude")
    reader.close()
    return made


@pytest.fixture
def fresh(paths: IndexPaths, tmp_path: Path) -> IndexPaths:
    """The same pairs on another machine, where nobody has said anything."""
    other = IndexPaths(tmp_path / "elsewhere", "tiny")
    other.folder.mkdir(parents=True)
    other.sources.symlink_to(paths.sources)
    return other


def options(paths: IndexPaths) -> list[str]:
    return ["--cache", str(paths.cache), "--name", paths.name]


def said(paths: IndexPaths) -> Iterator[tuple[str | None, str | None, tuple[Said, ...]]]:
    reader = open_reader(paths)
    for row in (0, 7):
        detail = reader.pair(id_of(row))
        yield detail.mark, detail.note, detail.others
    reader.close()


@pytest.mark.parametrize("name", FORMS)
def test_triage_goes_out_and_comes_back_in_every_form(
    paths: IndexPaths,
    fresh: IndexPaths,
    tmp_path: Path,
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = str(tmp_path / name)
    assert main(["export", "triage", file, *options(paths)]) == 0
    assert "3 rows of triage" in capsys.readouterr().out
    assert main(["import", "triage", file, *options(fresh)]) == 0
    out = capsys.readouterr().out
    assert "ana: 1 of 1 row new" in out
    assert f"{user_name()}: 2 of 2 rows new" in out
    ana = Said("ana.imported", "exclude", None)
    assert list(said(fresh)) == [("clear", HOSTILE, (ana,)), ("label wrong", None, ())]
    assert not (fresh.triage / "ana.jsonl").exists(), "nobody writes into another user's file"
    # Once more adds nothing, and what was said since is not turned back.
    reader = open_reader(fresh)
    reader.mark(id_of(7), "clear")
    reader.close()
    assert main(["import", "triage", file, "--json", *options(fresh)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [user["added"] for user in document["users"]] == [0, 0]
    assert [mark for mark, _, _ in said(fresh)] == ["clear", "clear"]


def test_the_blind_mark_and_the_time_come_along(
    paths: IndexPaths, fresh: IndexPaths, tmp_path: Path
) -> None:
    file = tmp_path / "t.jsonl"
    assert main(["export", "triage", str(file), *options(paths)]) == 0
    assert main(["import", "triage", str(file), *options(fresh)]) == 0
    before, after = (
        {name: (made.mark, made.note, made.blind, made.time) for name, made in read.items()}
        for read in (TriageFile(each.triage, user_name()).read() for each in (paths, fresh))
    )
    assert before == after
    assert {blind for _, _, blind, _ in after.values()} == {"clear", None}


@pytest.mark.parametrize("name", FORMS)
def test_pins_go_out_and_come_back_in_every_form(
    paths: IndexPaths,
    fresh: IndexPaths,
    tmp_path: Path,
    name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two heuristics of one's own, one of which has no pins any more, and one of ana's."""
    named = replace(URL, name=HOSTILE)
    mine, hers = TriageFile(paths.triage, user_name()), TriageFile(paths.triage, "ana")
    for feature in (7, 3):
        made = mine.pin(named, SAE, feature, pinned=True)
    for pinned in (True, False):
        mine.pin(replace(URL, fold=True), SAE, 5, pinned=pinned)
    hers.pin(URL, SAE, 9, pinned=True)
    file = str(tmp_path / name)
    assert main(["export", "pins", file, *options(paths)]) == 0
    assert "2 rows of pins" in capsys.readouterr().out
    assert main(["import", "pins", file, *options(fresh)]) == 0
    out = capsys.readouterr().out
    assert f"{user_name()}: 1 of 1 row new" in out
    assert "ana: 1 of 1 row new" in out
    assert f"No run here is of the SAE {SAE} yet" in out
    assert TriageFile(fresh.triage, user_name()).pins() == {(URL.key, SAE): made}
    beside = TriageFile(fresh.triage, "ana.imported").pins()
    assert [one.features for one in beside.values()] == [(9,)]
    made_with = manifest("h.2")
    begun = replace(made_with, d_sae=8, config=replace(made_with.config, sae_hash=SAE))
    begun.write(fresh.run(begun.config.run) / MANIFEST)
    assert main(["import", "pins", file, *options(fresh)]) == 2
    assert "the SAE has no feature 9: it has 8 (0 to 7)" in capsys.readouterr().err
    replace(begun, d_sae=64).write(fresh.run(begun.config.run) / MANIFEST)
    (fresh.runs / "unreadable").mkdir()
    (fresh.runs / "unreadable" / MANIFEST).touch()
    assert main(["import", "pins", file, "--json", *options(fresh)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["unknown_saes"] == []
    assert [(user["user"], user["added"]) for user in document["users"]] == [
        (user_name(), 0),
        ("ana", 0),
    ]
    assert list(said(fresh)) == [(None, None, ()), (None, None, ())], "pins are no marks"


def test_a_triage_file_is_taken_in_as_it_is(
    paths: IndexPaths, fresh: IndexPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the lines of one second the last counts; pins come with marks and notes."""
    hers = TriageFile(paths.triage, "ana")
    reader = open_reader(paths)
    first, second = reader.store.pairs([id_of(0), id_of(7)])
    reader.close()
    hers.note(first, "see 7")
    hers.mark(second, "clear")
    hers.undo()
    for feature in (7, 3):
        hers.pin(URL, SAE, feature, pinned=True)
    assert main(["import", "triage", str(hers.path), "--user", "ana", *options(fresh)]) == 0
    assert "ana: 3 of 6 rows new" in capsys.readouterr().out
    beside = TriageFile(fresh.triage, "ana.imported")
    assert [(made.mark, made.note) for made in beside.read().values()] == [
        ("exclude", "see 7"),
        (None, None),
    ]
    assert [made.features for made in beside.pins().values()] == [(3, 7)]
    assert main(["import", "pins", str(hers.path), "--user", "ana", *options(fresh)]) == 2
    assert "`outvoted import triage` takes marks" in capsys.readouterr().err


def test_pins_of_an_index_that_is_not_there_are_not_taken_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.csv"
    file.write_text(f'heuristic,key,sae_hash,features\nurl,{URL.key},{SAE},"[3, 7]"\n')
    where = ["--cache", str(tmp_path / "cache"), "--name", "mistyped"]
    assert main(["import", "pins", str(file), "--user", "ana", *where]) == 2
    assert "mistyped" in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("what", ["pairs", "verdicts", "effects"])
def test_tables_hold_one_row_a_pair_or_bearer_with_the_figures_of_show(
    paths: IndexPaths, tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "deep" / f"{what}.parquet"
    assert main(["export", what, str(file), "--json", *options(paths)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"exported": what, "file": str(file), "form": "parquet", "rows": 12}
    rows = pq.read_table(file).to_pylist()
    assert main(["show", "first.jsonl:train:2", "--json", *options(paths)]) == 0
    shown = json.loads(capsys.readouterr().out)
    known = {**shown["pair"], **shown, **shown["heuristics"][0]}
    (row,) = [row for row in rows if (row["source"], row["row"]) == ("first.jsonl", 2)]
    common = row.keys() & known.keys()
    assert len(common) >= 10
    for name in common:
        value = known[name]
        close = pytest.approx(value, abs=1e-6) if isinstance(value, float) else value
        assert row[name] == close, name


def test_features_and_suspects_go_out_with_the_pairs_they_are_of(
    paths: IndexPaths, tmp_path: Path
) -> None:
    """Four features are stored of each pair; row 0 of the first source is tied."""
    files = tmp_path / "features.parquet", tmp_path / "suspects.jsonl"
    for file in files:
        assert main(["export", file.stem, str(file), *options(paths)]) == 0
    features = pq.read_table(files[0]).to_pylist()
    assert len(features) == 48
    assert features[3] == {
        "source": "first.jsonl",
        "split": "train",
        "row": 0,
        "tranche": "first",
        "run": features[0]["run"],
        "feature": 9,
        "label": None,
        "activation_chosen": 1.0,
        "activation_rejected": 0.5,
        "attribution": 1.0,
        "effect": 0.75,
    }
    (line,) = files[1].read_text().splitlines()
    suspect = json.loads(line)
    assert (suspect["row"], suspect["reasons"], suspect["repeats"]) == (0, ["tied"], None)


def test_hostile_text_is_data_and_no_formula(paths: IndexPaths, tmp_path: Path) -> None:
    for name in FORMS[:3]:
        assert main(["export", "triage", str(tmp_path / name), *options(paths)]) == 0
    notes = pq.read_table(tmp_path / "t.parquet")["note"].to_pylist()
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    assert HOSTILE in notes
    assert HOSTILE in [line["note"] for line in lines]
    assert "\x1b" not in (tmp_path / "t.jsonl").read_text(), "it may be printed"
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as stream:
        cells = [row["note"] for row in csv.DictReader(stream)]
    assert f"'{HOSTILE}" in cells


def test_a_folder_is_what_datasets_loads_and_has_a_card(paths: IndexPaths, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    assert main(["export", "verdicts", str(folder), *options(paths)]) == 0
    script = (
        "import sys; from datasets import load_from_disk; d = load_from_disk(sys.argv[1]);"
        "print(d.num_rows, d[0]['features'])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "12 [3, 5]\n"
    card = (folder / "README.md").read_text()
    assert "PM tiny-pm, SAE tiny-sae at h.2" in card
    assert "| verdict | string |" in card
    assert sorted(path.name for path in tmp_path.glob(".saved*")) == []


def test_what_exists_is_refused_and_stays_unless_forced(
    paths: IndexPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in FORMS:
        target = tmp_path / name
        assert main(["export", "triage", str(target), *options(paths)]) == 0
        assert main(["export", "pairs", str(target), *options(paths)]) == 2
        assert "it exists" in capsys.readouterr().err
        assert main(["export", "pairs", str(target), "--force", *options(paths)]) == 0
        assert "12 rows" in capsys.readouterr().out
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    for name in ("mine", "."):
        assert main(["export", "pairs", str(tmp_path / name), "--force", *options(paths)]) == 2
    assert (mine / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["export", "pairs", "x.xlsx"], 'files that end in ".xlsx"'),
        (["export", "nothing", "x.csv"], "invalid choice"),
        (["import", "triage", "missing.csv"], "there is no such file"),
        (["import", "pins", "missing.csv"], "there is no such file"),
        (["export", "verdicts", "x.csv", "--run", "ffff"], "names no run"),
    ],
)
def test_what_cannot_be_ends_with_2_and_leaves_no_file(
    paths: IndexPaths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    reason: str,
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert main([*arguments, *options(paths)]) == 2
    assert reason in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_without_a_run_there_are_pairs_but_no_verdicts(
    fresh: IndexPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "pairs", str(tmp_path / "p.csv"), *options(fresh)]) == 0
    assert main(["export", "verdicts", str(tmp_path / "v.csv"), *options(fresh)]) == 2
    assert "has no finished run" in capsys.readouterr().err
    assert not (tmp_path / "v.csv").exists()


ROW = {"source": "first.jsonl", "split": "train", "row": 1, "mark": "clear"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({**ROW, "row": 99}, "first.jsonl:train:99: this index has no such pair"),
        ({**ROW, "source": "\x1b[2J"}, "this index has no such pair"),
        ({**ROW, "content_hash": "0" * 16}, "its text is another one here"),
        ({**ROW, "row": -1}, "must name a pair"),
        ({**ROW, "row": 1.5}, "must name a pair"),
        ({**ROW, "row": True}, "must name a pair"),
        ({**ROW, "row": 1 << 40}, "must name a pair"),
        ({**ROW, "user": "../../etc/cron"}, "cannot name a user"),
        ({**ROW, "mark": ["clear"]}, '"mark" is no text'),
        ({**ROW, "time": "yesterday"}, "is no ISO 8601 time"),
        ([1], "it is no JSON object"),
    ],
)
def test_a_row_that_does_not_fit_is_named_and_nothing_is_written(
    fresh: IndexPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: object, reason: str
) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(f"{json.dumps({**ROW, 'user': 'ana'})}\n{json.dumps(row)}\n")
    who = [] if isinstance(row, dict) and "user" in row else ["--user", "ana"]
    assert main(["import", "triage", str(file), *who, *options(fresh)]) == 2
    err = capsys.readouterr().err
    assert f"{file}, line 2" in err
    assert reason in err
    assert "\x1b" not in err
    assert not fresh.triage.exists()


def test_rows_of_other_pairs_may_be_left_out(
    fresh: IndexPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text("".join(json.dumps({**ROW, "row": row}) + "\n" for row in (1, 99)))
    arguments = ["import", "triage", str(file), "--skip-unknown", *options(fresh)]
    assert main(arguments) == 2
    assert "whose marks" in capsys.readouterr().err
    assert main([*arguments, "--user", "ana"]) == 0
    out = capsys.readouterr().out
    assert "ana: 1 of 1 row new" in out
    assert "1 row left out" in out
    assert "first.jsonl:train:99" in out


@pytest.mark.parametrize("name", ["t.parquet", "t.jsonl", "t.csv"])
def test_a_damaged_file_is_named(
    fresh: IndexPaths, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(b'"a","b"\n\xff\x00{')
    assert main(["import", "triage", str(tmp_path / name), *options(fresh)]) == 2
    assert name in capsys.readouterr().err
