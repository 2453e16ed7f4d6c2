"""`outvoted import rewards`: a PM that was run elsewhere, seen through its rewards alone."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from engine.cache.keys import keys_of
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.pairs import open_pairs
from engine.cache.records import Query
from engine.cache.snapshot import read_snapshot, snapshot_path
from engine.heuristics import Heuristic
from engine.verdict import Verdict
from tests.engine.cache.scored import MARGINS, ROWS, id_of, index, make_index, row_of
from tui.cli.main import main
from tui.screens.overview_page import overview_page
from tui.screens.pair_verdict import why_lines

Said = tuple[int, str, str]
Import = Callable[..., Said]
REWARDS = np.array([[MARGINS[row] - 1.0, -1.0] for row in range(ROWS)])


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    """Twelve pairs of two sources, and nothing measured."""
    return make_index(tmp_path)


@pytest.fixture
def outvoted(paths: IndexPaths, capsys: pytest.CaptureFixture[str]) -> Import:
    def run(*arguments: str | Path) -> Said:
        where = ["--cache", str(paths.cache), "--name", paths.name]
        return main([*map(str, arguments), *where]), *capsys.readouterr()

    return run


def records() -> list[dict[str, object]]:
    return [
        {
            "source": f"{'first' if row < 6 else 'second'}.jsonl",
            "split": "train",
            "row": row % 6,
            "reward_chosen": float(REWARDS[row, 0]),
            "reward_rejected": float(REWARDS[row, 1]),
        }
        for row in range(ROWS)
    ]


def write(file: Path, rows: list[dict[str, object]]) -> Path:
    """The rows in the form that the file's name says; arrays hold rewards alone."""
    table = [[row["reward_chosen"], row["reward_rejected"]] for row in rows]
    match file.suffix:
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), file)
        case ".jsonl":
            file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        case ".csv":
            with file.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        case ".npy":
            np.save(file, np.array(table, np.float64))
        case _:
            chosen, rejected = torch.from_numpy(np.array(table, np.float64)).T
            torch.save({"reward_chosen": chosen, "reward_rejected": rejected}, file)
    return file


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv", "npy", "pt"])
def test_every_form_makes_the_same_run(
    paths: IndexPaths, outvoted: Import, tmp_path: Path, suffix: str
) -> None:
    file = write(tmp_path / f"gpt.{suffix}", records())
    status, out, err = outvoted("import", "rewards", file, "--pm", "gpt-j", "--json")
    assert (status, err) == (0, "")
    made = json.loads(out)
    assert made == {"imported": "rewards", "run": made["run"], "pairs": 12}
    document = json.loads(outvoted("report", "--json")[1])
    assert (document["run"], document["pm"], document["noise_floor"]) == (
        made["run"],
        "gpt-j",
        None,
    )
    assert document["margins_of"] == {"pairs": 12, "complete": True}
    assert document["pooled"]["mean_margin"] == pytest.approx(math.fsum(MARGINS.values()) / 12)
    assert [row["pairs"] for row in document["tranches"]] == [6, 6]
    assert document["margin_threshold"] == pytest.approx(
        0.05 * float(np.median(np.abs(list(MARGINS.values()))))
    )


def test_margins_pass_two_verdicts_and_leave_the_rest(
    paths: IndexPaths, outvoted: Import, tmp_path: Path
) -> None:
    outvoted("import", "rewards", write(tmp_path / "pm.npy", records()))
    reader = open_reader(paths)
    (url,) = (card for card in reader.overview().heuristics if card.heuristic.name == "url")
    assert url.counterexamples == {
        Verdict.TIE: 2,  # rows 0 and 6
        Verdict.PM_WRONG: 1,
        Verdict.UNMEASURED: 3,
    }
    assert url.held == "unmeasured"
    shown = "\n".join(line.plain for line in overview_page(reader.overview(), 80).lines)
    assert "W:1" in shown
    assert "by margins alone" in shown
    query = Query(heuristic="url", verdicts=frozenset({Verdict.PM_WRONG}))
    (row,) = reader.rows(reader.ids(query), query)
    assert (row.margin, row.margin_sae, row.confident) == (-2.0, None, True)
    assert row_of(row.id) == 4
    detail = reader.pair(id_of(4))
    assert (detail.margin, detail.features) == (-2.0, ())
    judged = "\n".join(line.plain for line in why_lines(detail.heuristics[0], detail, 80))
    assert "nan" not in judged
    reader.close()
    kept = read_snapshot(snapshot_path(paths))
    assert kept is not None
    assert kept.run is not None
    assert kept.run.readout == "imported"
    # A pattern that nobody thought of when they were imported is judged as well.
    reader = open_reader(paths, heuristics=[Heuristic("friend", "friend")])
    assert {row.verdict for row in reader.bulk.judged()} == {
        Verdict.TIE,
        Verdict.PM_WRONG,
        Verdict.UNMEASURED,
    }
    # And so is one that is typed while they are looked at.
    (asked, typed) = reader.look_at(Heuristic("again", "friend")).heuristics
    assert typed.counterexamples == asked.counterexamples
    assert Verdict.PM_WRONG in typed.counterexamples
    reader.close()


def test_rewards_of_another_text_pass_no_verdict_on_it(
    paths: IndexPaths, outvoted: Import, tmp_path: Path
) -> None:
    """Row 4 was wrong; then its response is another one."""
    outvoted("import", "rewards", write(tmp_path / "pm.npy", records()))
    file = tmp_path / "first.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace("/4 [100%", "/4 [50%"))
    index(paths, file)
    reader = open_reader(paths)
    (url,) = (card for card in reader.overview().heuristics if card.heuristic.name == "url")
    assert url.counterexamples == {Verdict.TIE: 2, Verdict.UNMEASURED: 4}
    assert reader.pair(id_of(4)).margin is None
    reader.close()


def test_the_report_says_what_it_rests_on(
    paths: IndexPaths, outvoted: Import, tmp_path: Path
) -> None:
    file = write(tmp_path / "pm.parquet", records()[:-2])
    assert outvoted("import", "rewards", file)[0] == 0
    out = outvoted("report")[1]
    assert max(map(len, out.splitlines())) <= 80
    said = " ".join(out.split())
    assert "PM pm rewards imported from" in said
    assert "over the 10 pairs whose rewards were imported, of 12" in said
    assert "url: unmeasured: its rewards were imported, and only margins are judged" in said
    assert "The PM is right on 2 of 5 counterexamples and 5 of 5 conforming pairs." in said
    assert "How far the SAE can be trusted" not in said
    page = tmp_path / "page.html"
    assert outvoted("report", "--html", page)[0] == 0
    assert "noise floor" in page.read_text(encoding="utf-8")
    status, _, err = outvoted("rescore", "first.jsonl:train:0")
    assert status == 2
    assert "were imported: no PM is known to ask" in err


def changed(at: int, **values: object) -> list[dict[str, object]]:
    rows = records()
    rows[at] = rows[at] | values
    return rows


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (changed(3, row=6), "this index has no such pair: {file}, row 3 (row 6)"),
        (changed(3, row=2), "its pair has a reward already: {file}, row 3 (row 2)"),
        (changed(3, reward_chosen=math.nan), "its reward of chosen is no finite number: {file}"),
        (changed(3, reward_rejected=math.inf), "its reward of rejected is no finite number"),
        (changed(3, reward_chosen=None), '{file}, row 3: it has no number "reward_chosen"'),
        (changed(3, row=None), '{file}, row 3: its "row" is no whole number'),
        (changed(3, source="third"), "{file}, row 3: this index has no such source"),
        (changed(3, source=None), "{file}, row 3: its row could be of several sources"),
        (
            [{k: v for k, v in row.items() if k.startswith("reward")} for row in records()[1:]],
            "it holds 11 rewards and names no rows, and the index has 12 pairs",
        ),
    ],
)
def test_what_is_no_reward_of_this_index_is_named(
    paths: IndexPaths,
    outvoted: Import,
    tmp_path: Path,
    rows: list[dict[str, object]],
    said: str,
) -> None:
    file = write(tmp_path / "pm.parquet", rows)
    status, out, err = outvoted("import", "rewards", file)
    assert (status, out) == (2, "")
    assert said.format(file=file) in err
    assert err.count("\n") == 2, "what is wrong, and what to do"
    assert not paths.runs.exists()


def test_another_order_is_found_out_by_content_hashes(
    paths: IndexPaths, outvoted: Import, tmp_path: Path
) -> None:
    store = open_pairs(paths)
    hashes = [key.content_hash for key in keys_of(store, [id_of(r) for r in range(12)]).values()]
    store.close()
    guarded = [row | {"content_hash": each} for row, each in zip(records(), hashes, strict=True)]
    assert outvoted("import", "rewards", write(tmp_path / "a.jsonl", guarded))[0] == 0
    turned = [row | {"row": 5 - int(str(row["row"]))} for row in guarded]
    status, _, err = outvoted("import", "rewards", write(tmp_path / "b.jsonl", turned))
    assert status == 2
    assert "its text is another one here" in err
    assert "b.jsonl, line 1 (row 5)" in err
    assert "and 7 more" in err


def test_arrays_say_what_they_are(paths: IndexPaths, outvoted: Import, tmp_path: Path) -> None:
    three = np.column_stack([np.arange(12), REWARDS])
    np.save(tmp_path / "three.npy", three)
    status, _, err = outvoted("import", "rewards", tmp_path / "three.npy")
    assert (status, "could be of several sources" in err) == (2, True)
    np.save(tmp_path / "flat.npy", REWARDS[:, 0])
    assert (
        "its shape is (12,), not [pairs, 2]"
        in outvoted("import", "rewards", tmp_path / "flat.npy")[2]
    )
    np.save(tmp_path / "objects.npy", np.array([object()]), allow_pickle=True)
    assert "it is no array of numbers" in outvoted("import", "rewards", tmp_path / "objects.npy")[2]
    torch.save({"reward_chosen": torch.zeros(12), "other": torch.zeros(12)}, tmp_path / "one.pt")
    assert (
        "it holds no rewards of both sides, but other, reward_chosen"
        in outvoted("import", "rewards", tmp_path / "one.pt")[2]
    )
    torch.save({"reward_chosen": Path("x")}, tmp_path / "code.pt")
    assert "nothing of it was run" in outvoted("import", "rewards", tmp_path / "code.pt")[2]
    assert outvoted("import", "rewards", tmp_path / "missing.npy")[0] == 2
    assert not paths.runs.exists()
