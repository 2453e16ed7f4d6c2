"""`outvoted show`: one pair for people, and the same for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.cache.pair_records import PairDetail
from engine.hh import Pair, PairName
from engine.report.pair_json import pair_json
from tests.engine.tiny import TinyIndex
from tests.tui.fakes import DETAILS
from tui.cli.main import main
from tui.cli.pair_text import marked, print_pair

PAIR_KEYS = {"source", "split", "row", "tranche", "context", "chosen", "rejected"}
KEYS = {"pair", "run", "reward_chosen", "reward_rejected", "margin", "margin_sae"}
HEURISTIC_KEYS = {
    *("heuristic", "pattern", "kind", "bearer", "spans", "features", "verdict", "by", "decisive"),
    *("runner_up", "distance", "vote", "effect", "activation", "threshold"),
}
FEATURE_KEYS = {
    *("feature", "label", "activation_chosen", "activation_rejected", "attribution", "effect"),
}


def check_contract(document: dict[str, object]) -> None:
    """Every key that the contract of the command line names, at its place."""
    assert document.keys() >= {*KEYS, "heuristics", "features"}
    pair, heuristics, features = (document[key] for key in ("pair", "heuristics", "features"))
    assert isinstance(pair, dict)
    assert pair.keys() >= PAIR_KEYS
    assert isinstance(heuristics, list)
    assert all(made.keys() >= HEURISTIC_KEYS for made in heuristics)
    assert isinstance(features, list)
    assert all(made.keys() >= FEATURE_KEYS for made in features)


def test_json_is_one_document_with_the_contracts_keys(
    tiny_index: TinyIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "tiny.jsonl:train:4", "--json", *tiny_index.options]) == 0
    document = json.loads(capsys.readouterr().out)
    check_contract(document)
    assert document["pair"]["row"] == 4
    assert document["run"] == tiny_index.run
    (dunno,) = document["heuristics"]
    chosen = document["pair"]["chosen"]
    assert [chosen[start:end] for start, end in dunno["spans"]] == ["I don't know"]
    assert (dunno["kind"], dunno["bearer"]) == ("counterexample", "chosen")
    assert dunno["threshold"] == dunno["thresholds"]["vote"]
    margin = document["reward_chosen"] - document["reward_rejected"]
    assert document["margin"] == pytest.approx(margin, abs=1e-6)


def test_text_tells_the_verdict_its_reason_and_the_pattern(
    tiny_index: TinyIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "train:4", *tiny_index.options]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"tiny.jsonl:train:4 · tiny · run {tiny_index.run}\nreward chosen ")
    assert "\ndunno (I don't know): " in out
    assert "counterexample, chosen bears it" in out
    assert "next: " in out
    assert "  Human: 4. Who wrote it?\n" in out
    assert "chosen:\n   «I don't know». " in out
    assert "strongest features by attribution" in out


def test_labels_name_the_features(
    tiny_index: TinyIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("feature,label\n" + "".join(f"{n},number {n}\n" for n in range(96)))
    asked = ["show", "train:4", "--json", "--labels", str(labels), *tiny_index.options]
    assert main(asked) == 0
    features = json.loads(capsys.readouterr().out)["features"]
    assert features
    assert all(made["label"] == f"number {made['feature']}" for made in features)
    labels.write_text("nonsense")
    assert main(asked) == 2
    assert "columns feature and label" in capsys.readouterr().err


def test_a_pair_without_a_run_is_shown_too(
    tiny_index: TinyIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--cache", str(tmp_path)]
    assert main(["index", str(tiny_index.source), *options]) == 0
    assert main(["show", "0", *options]) == 0
    out = capsys.readouterr().out
    assert "tiny.jsonl:train:0 · tiny · no run" in out
    assert "margin ·" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["99"], 'there is no pair "99"'),
        (["nonsense"], '"nonsense" names no pair'),
        (["0", "--run", "ffff"], '"ffff" names no run of this index'),
        (["0", "--name", "other"], 'there is no index "other"'),
    ],
)
def test_what_is_not_there_ends_with_2(
    tiny_index: TinyIndex, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["show", *tiny_index.options, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_the_beginning_of_a_run_is_enough(
    tiny_index: TinyIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "0", "--run", tiny_index.run[:4], *tiny_index.options]) == 0
    assert f"run {tiny_index.run}" in capsys.readouterr().out


def test_no_control_character_of_a_text_reaches_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hostile = "\x1b]0;owned\x07 \x9b31m \u202e [bold]x[/bold] {0} %s\r\n"
    shown = next(iter(DETAILS.values()))
    pair = Pair(1, PairName(hostile, hostile, 0), hostile, hostile, hostile, hostile)
    on = replace(
        shown.heuristics[0],
        heuristic=replace(shown.heuristics[0].heuristic, name=hostile, pattern=hostile),
        spans=((0, 4),),
    )
    labelled = replace(shown.features[0], label=hostile)
    detail = replace(
        shown,
        pair=pair,
        heuristics=(on,),
        features=(labelled,),
        mark=hostile,
        note=hostile,
        flags=(hostile,),
    )
    print_pair(detail)
    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & set(out)
    assert "[bold]x[/bold] {0} %s" in out


@pytest.mark.parametrize(
    ("spans", "said"),
    [
        ([], "abcdef"),
        ([(1, 3)], "a«bc»def"),
        ([(4, 6), (0, 1)], "«a»bcd«ef»"),
        ([(1, 4), (2, 3), (3, 5)], "a«bcde»f"),
        ([(-5, 2)], "«ab»cdef"),
        ([(-5, -2)], "abcdef"),
    ],
)
def test_spans_are_marked_and_overlapping_ones_are_one(
    spans: list[tuple[int, int]], said: str
) -> None:
    assert marked("abcdef", spans) == said


@pytest.mark.parametrize("detail", list(DETAILS.values())[:12])
def test_every_verdict_has_its_text_and_its_document(
    detail: PairDetail, capsys: pytest.CaptureFixture[str]
) -> None:
    document = pair_json(detail)
    check_contract(dict(document))
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    print_pair(detail)
    assert detail.heuristics[0].judgement.verdict.value in capsys.readouterr().out


def test_a_figure_that_is_not_finite_is_null() -> None:
    shown = next(iter(DETAILS.values()))
    document = pair_json(replace(shown, margin=float("nan"), reward_chosen=float("inf")))
    assert (document["margin"], document["reward_chosen"]) == (None, None)
