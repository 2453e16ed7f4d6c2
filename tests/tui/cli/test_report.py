"""`outvoted report`, as a researcher reads it from top to bottom."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.cache.custom import CustomEdit, CustomFile
from engine.cache.layout import IndexPaths
from engine.cache.pairs import open_pairs
from engine.cache.sealed import run_path
from engine.cache.trained_on import train_on
from engine.cache.training import Told, keep_training
from tests.engine.cache.customs import custom_pair
from tests.engine.cache.scored import URL, make_index, seal
from tui.cli.main import main

Outvoted = Callable[..., tuple[int, str, str]]


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return make_index(tmp_path)


@pytest.fixture
def report(paths: IndexPaths, capsys: pytest.CaptureFixture[str]) -> Outvoted:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        where = ["--cache", str(paths.cache), "--name", paths.name]
        return main(["report", *where, *map(str, arguments)]), *capsys.readouterr()

    return run


def words(text: str) -> str:
    """The text with its lines joined, as it is read."""
    return " ".join(text.split())


def test_the_answer_stands_in_the_first_sentence(paths: IndexPaths, report: Outvoted) -> None:
    run = seal(paths)
    status, out, err = report()
    assert (status, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert out.startswith(f"Run {run} on the index tiny\n")
    said = words(out)
    # -0.5 is what the pattern does to reward; taking it away does the opposite.
    assert (
        "url: held by this PM (deleting it changes the bearer's reward by +0.500 [+0.500, +0.500])"
    ) in said
    assert "tiny-sae (gated, 64 features)" in said
    assert "by the reconstruction 0.9600; with a random error of equal norm 0.3100." in said
    assert "Mean margin and calibration, over all 12 pairs" in said
    assert "3 (AUROC 0.97, fires in 80%, +0.000), 5" in said
    assert "the verdicts are about the heuristic" in said
    assert "Of 2 outvoted: 2 by other features, 0 by the SAE error." in said
    assert "Do not occur on counterexamples: sae-miss, no-feature, contrary." in said
    assert "By tranche, counterexamples:" in said


def test_out_of_distribution_stands_beside_in_it(paths: IndexPaths, report: Outvoted) -> None:
    seal(paths)
    assert (
        "deleted from its bearers it takes -0.500 [-0.500, -0.500] along; inserted into 5 other"
        " responses, matched by tranche and length, it adds -0.250 [-0.750, +0.250]"
        " (mean reward +0.500 [+0.250, +0.750] before, +0.250 [-0.500, +0.750] after)."
    ) in words(report()[1])
    seal(paths, heuristic=replace(URL, pattern="https?://", regex=True))
    assert "a regular expression is no text that could be inserted" in words(report()[1])


def test_the_method_is_stated(paths: IndexPaths, report: Outvoted) -> None:
    """Positions, error term, baseline, readout and dtype; and what the fourth hypothesis is."""
    seal(paths)
    said = words(report()[1])
    assert "method Reconstruction at every token. Effects are exact" in said
    assert "features at zero (the baseline), the decoder's bias and the SAE's error kept" in said
    assert "Rewards read at: last-text-token, in float32." in said
    assert "That custom text is out of distribution is a comparison, no verdict." in said
    method = json.loads(report("--json")[1])["method"]
    assert (method["positions"], method["sae_error"]) == ("all", "kept")
    assert (method["readout"], method["dtype"]) == ("last-text-token", "float32")


def test_natural_text_stands_against_custom_text_where_some_was_kept(
    paths: IndexPaths, report: Outvoted
) -> None:
    run = seal(paths)
    assert "natural against custom text" not in report()[1]
    edit = CustomEdit(response_chosen=" https://")
    CustomFile(paths.custom, "ann").append([custom_pair(run, edit)])
    out = report()[1]
    assert max(map(len, out.splitlines())) <= 80
    lines = [" ".join(line.split()) for line in out.splitlines()]
    first = lines.index("natural against custom text natural custom")
    assert lines[first + 1] == "bearers 12 1"
    assert "silent 1 1" in lines[first:]
    assert "mean deletion effect -0.500 [-0.500, -0.500] -" in lines[first:]
    (made,) = json.loads(report("--json")[1])["heuristics"]
    custom = made["natural_against_custom"]["custom"]
    assert (custom["pairs"], custom["verdicts"], custom["mean_margin"]) == (1, {"silent": 1}, 1.5)
    natural = made["natural_against_custom"]["natural"]
    assert natural["mean_deletion_effect"] == -0.5
    assert natural["mean_deletion_effect_interval"] == {"low": -0.5, "high": -0.5}
    assert natural["mean_margin_interval"]["low"] < natural["mean_margin"]


def test_the_table_sets_counterexamples_beside_the_control(
    paths: IndexPaths, report: Outvoted
) -> None:
    seal(paths)
    lines = [line.split() for line in report()[1].splitlines()]
    (outvoted,) = [line for line in lines if line[:2] == ["outvoted", "*"]]
    assert outvoted[2:4] == ["2", "33"]
    assert outvoted[5:9] == ["33%", "3", "50", "[19,81]"]
    assert outvoted[10] == "-17"


def test_what_the_pm_does_not_hold_has_counts_and_no_shares(
    paths: IndexPaths, report: Outvoted
) -> None:
    seal(paths, deletion=0.5)
    out = report()[1]
    assert "url: not held by this PM: it is said that it lowers reward, but deleting" in words(out)
    assert "Shares are withheld: this PM does not hold the heuristic." in out
    (outvoted,) = [line.split() for line in out.splitlines() if "outvoted *" in line]
    assert outvoted == ["outvoted", "*", "2", "-", "-", "3", "-", "-", "-"]


def test_a_sample_that_stands_for_the_index_is_named(paths: IndexPaths, report: Outvoted) -> None:
    seal(paths, measured=range(8), sampled=(0, 1, 6), deletion=0.0)
    out = report()[1]
    assert max(map(len, out.splitlines())) <= 80
    assert "over a hashed sample of 3 pairs that stands for the index" in words(out)
    assert "url: undetermined: deleting it changes" in out
    assert "Coverage says nothing" in out


def test_what_the_pm_saw_stands_against_what_it_did_not(
    paths: IndexPaths, report: Outvoted
) -> None:
    run = seal(paths)
    assert "PM's training" not in report()[1]
    store = open_pairs(paths)
    keep_training(paths.run(run), store, train_on(store, Told(tranches=("first",))))
    store.close()
    out = report()[1]
    assert max(map(len, out.splitlines())) <= 80
    assert "Seen by the PM's training, as it was told: tranches first" in out
    rows = [line.split()[:2] for line in out.splitlines()]
    assert ["seen", "6"] in rows
    assert ["unseen", "6"] in rows
    assert "Seen less unseen: right -8.3 [-50.0, +41.7] points" in words(out)
    assert "By the PM's training, counterexamples:" in out
    assert "seen (3): pm-wrong 1" in words(out)


def test_json_is_one_document(paths: IndexPaths, report: Outvoted) -> None:
    run = seal(paths)
    document = json.loads(report("--json")[1])
    assert document["run"] == run
    assert [made["heuristic"] for made in document["heuristics"]] == ["url"]


def test_other_heuristics_are_unmeasured(
    paths: IndexPaths, report: Outvoted, tmp_path: Path
) -> None:
    seal(paths)
    file = tmp_path / "mine.toml"
    file.write_text('[[heuristic]]\nname = "friend"\npattern = "friend"\n', encoding="utf-8")
    out = report("--heuristics", file)[1]
    assert "friend: unmeasured: this run has no verdict on it" in out


def test_hostile_text_is_shown_and_never_obeyed(paths: IndexPaths, report: Outvoted) -> None:
    seal(paths, heuristic=replace(URL, name="\x1b[2Jurl\n\u202e[red]"))
    out = report()[1]
    assert "␛[2Jurl⏎�[red]: held by this PM" in words(out)
    assert "\x1b" not in out + report("--json")[1]


def test_a_run_is_named_by_its_beginning(paths: IndexPaths, report: Outvoted) -> None:
    first, _ = seal(paths, hook="h.1"), seal(paths, hook="h.3")
    assert report("--run", first[:8])[1].startswith(f"Run {first}")


def test_what_is_at_fault_ends_with_2(paths: IndexPaths, report: Outvoted) -> None:
    status, out, err = report()
    assert (status, out) == (2, "")
    assert 'the index "tiny" has no finished run' in err
    run = seal(paths)
    status, _, err = report("--run", "ffff")
    assert (status, "names no run" in err) == (2, True)
    run_path(paths, run).write_bytes(b"damaged")
    status, out, err = report()
    assert (status, out) == (2, "")
    assert f"run {run} is damaged" in err


def test_a_page_is_written_once_and_never_over_a_file(
    paths: IndexPaths, report: Outvoted, tmp_path: Path
) -> None:
    run = seal(paths)
    page, text = tmp_path / "out" / "report.html", tmp_path / "report.md"
    status, out, err = report("--html", page, "--markdown", text)
    assert (status, err) == (0, "")
    assert out == f"The report is in {page}\nThe report is in {text}\n"
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert f"Run {run}" in text.read_text(encoding="utf-8")
    assert sorted(each.name for each in page.parent.iterdir()) == ["report.html"]
    page.write_text("mine", encoding="utf-8")
    status, out, err = report("--html", page)
    assert (status, out) == (2, "")
    assert "it exists, and a report is never written over anything" in err
    assert page.read_text(encoding="utf-8") == "mine"


def test_markdown_goes_to_stdout_and_leaves_it_to_json(
    paths: IndexPaths, report: Outvoted, tmp_path: Path
) -> None:
    run = seal(paths)
    assert "| verdict | counterexamples |" in report("--markdown", "-")[1]
    assert json.loads(report("--json", "--markdown", tmp_path / "r.md")[1])["run"] == run
    status, out, err = report("--json", "--markdown", "-")
    assert (status, out) == (2, "")
    assert "both want stdout" in err
    status, _, err = report("--html", tmp_path / "x", "--markdown", tmp_path / "x")
    assert (status, "name the same file" in err) == (2, True)


def test_where_nothing_can_be_reported_nothing_is_written(
    paths: IndexPaths, report: Outvoted, tmp_path: Path
) -> None:
    assert report("--html", tmp_path / "new" / "page.html")[0] == 2
    seal(paths)
    (tmp_path / "file").write_text("a file", encoding="utf-8")
    status, out, err = report("--html", tmp_path / "file" / "page.html")
    assert (status, out) == (2, "")
    assert "Name a file in a folder that can be written to." in err
    assert not (tmp_path / "new").exists()


def test_pairs_whose_label_may_be_wrong_are_counted_by_verdict(
    paths: IndexPaths, report: Outvoted
) -> None:
    """Row 0 has a margin of 0: tied sides."""
    seal(paths)
    said = words(report()[1])
    assert (
        "suspects 1 pairs whose label may be wrong (1 tied); near-duplicates were not looked for"
    ) in said
    assert "The label may be wrong on 1 of 6 counterexamples: outvoted 1 of 2." in said
    made = json.loads(report("--json")[1])
    verdicts = made["heuristics"][0]["counterexamples"]["verdicts"]
    assert (made["label_suspects"], made["without_suspects"]) == (1, False)
    assert (verdicts["outvoted"]["suspects"], verdicts["outvoted"]["share_of_suspects"]) == (1, 0.5)
    assert made["suspects_by_reason"]["tied"] == 1
    assert verdicts["outvoted"]["suspects_by_reason"] == {"tied": 1}
    assert (verdicts["silent"]["suspects"], verdicts["no-feature"]["share_of_suspects"]) == (
        0,
        None,
    )


def test_they_are_left_out_where_that_is_asked_for(
    paths: IndexPaths, report: Outvoted, tmp_path: Path
) -> None:
    seal(paths)
    page = tmp_path / "report.md"
    status, out, _ = report("--json", "--without-suspects", "--markdown", page)
    assert status == 0
    made = json.loads(out)
    (url,) = made["heuristics"]
    assert made["without_suspects"] is True
    assert (url["chosen_only"], url["rejected_only"]) == (5, 6)
    assert url["counterexamples"]["pairs"] == 5
    assert url["counterexamples"]["verdicts"]["outvoted"]["count"] == 1
    assert sum(tranche["pairs"] for tranche in made["tranches"]) == 11
    assert "whose label may be wrong (1 tied), left out" in words(report("--without-suspects")[1])
    assert "1 pairs whose label may be wrong (1 tied), left out" in page.read_text(encoding="utf-8")
