"""The population's answer: what the report holds, and when it keeps its shares to itself."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from engine.cache.layout import IndexPaths
from engine.cache.likelihood import MeasuredBy, keep_likelihood, part_schema
from engine.cache.opening import open_reader
from engine.cache.pairs import open_pairs
from engine.cache.population import control, covered
from engine.cache.sealed import run_path
from engine.cache.trained_on import train_on
from engine.cache.training import Told, keep_training
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.report.build import build_report
from engine.report.report import Report
from engine.report.report_json import report_json
from engine.report.sentences import answer, beside, cut, features, right
from engine.report.sentences import control as deletion_control
from engine.verdict import Verdict, verdicts_of
from tests.engine.cache.scored import MARGINS, ROWS, URL, id_of, judged, make_index, seal

Build = Callable[..., Report]

CONTRACT = {
    "heuristic",
    "pattern",
    "direction",
    "held",
    "features",
    "jaccard",
    "coverage",
    "coverage_all",
    "deletion_effect",
    "counterexamples",
    "conforming",
}
TRANCHE = {"tranche", "pairs", "mean_margin", "accuracy", "nll", "brier", "ece", "temperature"}
SHARE = {
    "count",
    "share",
    "low",
    "high",
    "share_of_pm_right",
    "share_of_pm_right_interval",
}


@pytest.fixture
def paths(tmp_path: Path) -> IndexPaths:
    return make_index(tmp_path)


@pytest.fixture
def build(paths: IndexPaths) -> Iterator[Build]:
    with ExitStack() as closing:

        def build_it(heuristics: tuple[Heuristic, ...] | None = None) -> Report:
            reader = open_reader(paths, heuristics=heuristics)
            closing.callback(reader.close)
            return build_report(reader)

        yield build_it


def test_counterexamples_beside_conforming_pairs(paths: IndexPaths, build: Build) -> None:
    seal(paths)
    (made,) = build().heuristics
    assert (made.deletion.held, made.withheld, made.about) == ("held", None, "the heuristic")
    ours, theirs = made.counterexamples, made.conforming
    assert (ours.pooled.pairs, ours.pooled.pm_right) == (6, 3)  # rows 2, 8 and 10
    outvoted = ours.pooled.verdicts[Verdict.OUTVOTED]
    assert outvoted.count == 2
    assert outvoted.share.estimate == pytest.approx(1 / 3)
    assert outvoted.share_of_pm_right == pytest.approx(1 / 3)
    assert theirs.pooled.verdicts[Verdict.FOLLOWED].count == 3
    # The same vote on either side: 2 of 6 less 3 of 6.
    assert made.differences[Verdict.OUTVOTED].estimate == pytest.approx(-1 / 6)
    assert (ours.outvoted_by, ours.confident, ours.decisive) == ({"features": 2, "error": 0}, 1, 1)
    assert ours.absent == (Verdict.SAE_MISS, Verdict.NO_FEATURE, Verdict.CONTRARY)
    assert {name: shares.pairs for name, shares in ours.by_tranche.items()} == {
        "first": 3,
        "second": 3,
    }


@pytest.mark.parametrize(
    ("deletion", "held", "withheld"),
    [
        (-0.5, "held", None),
        (0.5, "not held", "this PM does not hold the heuristic"),
        (0.0, "undetermined", "whether this PM holds the heuristic is undetermined"),
    ],
)
def test_shares_are_withheld_where_the_pm_does_not_hold_it(
    paths: IndexPaths, build: Build, deletion: float, held: str, withheld: str | None
) -> None:
    seal(paths, deletion=deletion)
    document = json.loads(json.dumps(report_json(build()), allow_nan=False))
    (made,) = document["heuristics"]
    assert (made["held"], made["withheld"]) == (held, withheld)
    assert made["deletion_effect"]["mean"] == pytest.approx(deletion)
    before, after = (made[f"reward_{when}"]["mean"] for when in ("before", "after"))
    assert before - after == pytest.approx(deletion)
    ours = made["counterexamples"]
    for shares in (ours, made["conforming"], ours["by_tranche"]["first"]):
        told = [each["share"] is not None for each in shares["verdicts"].values()]
        assert set(told) == {withheld is None}
    assert ours["verdicts"]["outvoted"]["count"] == 2  # counts stay
    assert (ours["verdicts"]["outvoted"]["difference"] is None) == (withheld is not None)


def test_the_json_has_the_keys_of_the_contract(paths: IndexPaths, build: Build) -> None:
    run = seal(paths)
    document = json.loads(json.dumps(report_json(build()), allow_nan=False))
    assert document["run"] == run
    for row in document["tranches"]:
        assert row.keys() >= TRANCHE
    (made,) = document["heuristics"]
    assert made.keys() >= CONTRACT
    assert made["deletion_effect"].keys() == {"mean", "low", "high"}
    for kind in ("counterexample", "conforming"):
        told = made[f"{kind}s" if kind == "counterexample" else kind]
        assert set(told["verdicts"]) == {str(v) for v in Verdict} - (
            {"followed"} if kind == "counterexample" else {"outvoted"}
        )
        assert told["verdicts"]["inert"].keys() >= SHARE
        assert sum(each["count"] for each in told["verdicts"].values()) == told["pairs"]
        assert told["by_tranche"]["first"]["verdicts"]["inert"].keys() == SHARE
    found = {"feature": 3, "auroc": 0.97, "fire_share": 0.8, "attribution": 0.0}
    assert made["candidates"][1] == [found]
    assert document["attribution"] == {
        "pairs": 4,
        "features": 112,
        "spearman": 0.8,
        "sign_agreement": 0.9,
        "recall": 0.7,
    }
    assert document["integrated_gradients"]["gap"] == 0.02
    assert document["integrated_gradients"]["attribution_spearman"] == 0.7


def test_a_random_error_of_equal_norm_is_the_control_of_an_sae_miss(
    paths: IndexPaths, build: Build
) -> None:
    """It takes every margin to 0, and so misses all that the PM gets right by enough."""
    seal(paths)
    (made,) = build().heuristics
    right = [row for row in range(ROWS) if MARGINS[row] > 0.1]
    counted = made.counterexamples.random_misses, made.conforming.random_misses
    assert counted == tuple(sum(row % 2 == side for row in right) for side in (0, 1))
    (told,) = [line for line in beside(made) if "random error" in line]
    assert told.startswith("sae-miss falls on 0 counterexamples and 0 conforming pairs; with a")
    assert told.endswith(f"it would fall on {counted[0]} and {counted[1]}.")


def test_one_context_determines_nothing(paths: IndexPaths, build: Build) -> None:
    seal(paths, measured=[0])
    (made,) = build().heuristics
    assert (made.deletion.held, made.deletion.contexts) == ("undetermined", 1)
    assert answer(made).endswith("[+0.500, +0.500], and one context is too few to tell")
    assert made.withheld is not None


def test_what_a_candidate_does_stands_beside_it(paths: IndexPaths, build: Build) -> None:
    """Rows 0, 2 and 4 bear the pattern on the chosen side; on row 1 its attribution counts -1."""
    seal(paths, measured=[0, 1, 2, 4])
    (made,) = build().heuristics
    assert made.pushes == {3: (4 + 4 + 4 - 4) / 4, 5: (3 + 3 + 3 - 3) / 4}
    assert "3 (AUROC 0.97, fires in 80%, +2.000)" in features(made)


def test_contexts_that_were_cut_are_counted(paths: IndexPaths, build: Build) -> None:
    seal(paths)
    report = build()
    made = report_json(report)
    assert (made["contexts_cut"], made["most_tokens_cut"]) == (1, 7)
    said = cut(report)
    assert (
        said == "1 context lost the oldest tokens, 7 tokens at most, to fit the PM; no response did"
    )
    assert cut(replace(report, contexts_cut=0)) is None


def test_what_the_pattern_does_where_nobody_wrote_it(paths: IndexPaths, build: Build) -> None:
    """Sealed before that was measured, a run reads without."""
    run = seal(paths)
    with duckdb.connect(str(run_path(paths, run))) as connection:
        ((measured,),) = connection.execute("SELECT measured FROM heuristics").fetchall()
        values = json.loads(measured)
        assert values.pop("insertion")["pairs"] == 5
        older = json.dumps(values)
        connection.execute("UPDATE heuristics SET measured = ?", [older])
    found = []
    for _ in range(2):
        document = json.loads(json.dumps(report_json(build())))
        found.append(document["heuristics"][0]["insertion_effect"])
        seal(paths)
    inserted = {"pairs": 5, "mean": -0.25, "low": -0.75, "high": 0.25}
    before = {"mean": 0.5, "low": 0.25, "high": 0.75}
    after = {"mean": 0.25, "low": -0.5, "high": 0.75}
    assert found == [None, inserted | {"reward_before": before, "reward_after": after}]


def test_margins_are_told_by_tranche_and_pooled(paths: IndexPaths, build: Build) -> None:
    seal(paths)
    margins = build().margins
    assert (margins.complete, margins.pairs) == (True, 12)
    assert [row.tranche for row in margins.tranches] == ["first", "second"]
    pooled = margins.pooled.calibration
    assert pooled is not None
    assert pooled.mean_margin == pytest.approx(math.fsum(MARGINS.values()) / 12)
    by_hand = sum(math.log1p(math.exp(-margin)) for margin in MARGINS.values()) / 12
    assert pooled.nll == pytest.approx(by_hand)
    assert pooled.pairs == sum(row.calibration.pairs for row in margins.tranches if row.calibration)


def test_a_tranche_whose_mean_margin_is_not_above_zero_has_no_temperature(
    paths: IndexPaths, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    for row in range(6):  # the first tranche
        monkeypatch.setitem(MARGINS, row, (-1.0) ** row)
    seal(paths)
    document = json.loads(json.dumps(report_json(build()), allow_nan=False))
    first, second = document["tranches"]
    assert (first["mean_margin"], first["accuracy"]) == (0, 0.5)
    assert (first["temperature"], first["temperature_interval"]) == (None, None)
    assert first["no_temperature"] == "mean margin <= 0"
    assert (first["at_temperature"], first["reliability_at_temperature"]) == (None, [])
    assert sum(each["pairs"] for each in first["reliability"]) == 6
    assert second["no_temperature"] is None
    assert second["temperature_interval"]["low"] <= second["temperature"]
    pooled = document["pooled"]
    assert pooled["temperature_interval"].keys() == {"low", "high"}
    assert pooled["accuracy_interval"]["low"] < pooled["accuracy"]
    assert len(pooled["reliability"]) == 12


def test_bearers_alone_stand_for_nobody(paths: IndexPaths, build: Build) -> None:
    seal(paths, measured=range(8), sampled=(0, 1))
    report = build()
    assert (report.margins.complete, report.margins.pairs) == (False, 2)
    first, second = report.margins.tranches
    assert first.calibration is not None
    assert (first.calibration.pairs, first.in_index) == (2, 6)
    assert (second.calibration, second.at_temperature) == (None, None)
    document = json.loads(json.dumps(report_json(report)))
    assert [row["tranche"] for row in document["tranches"]] == ["first", "second"]
    assert document["tranches"][1]["reliability"] == []
    pooled = document["pooled"]
    assert (pooled["tranche"], pooled["pooled"], pooled["pairs"]) == ("all", True, 2)
    # Bearers without a verdict are told as such, in the whole of which shares are parts.
    (made,) = report.heuristics
    assert made.counterexamples.pooled.verdicts[Verdict.UNMEASURED].count == 2


def test_seen_pairs_stand_against_unseen_ones(paths: IndexPaths, build: Build) -> None:
    run = seal(paths)
    assert report_json(build())["training"] is None
    store = open_pairs(paths)
    told = Told(rows=("second.jsonl:train:0-3",))  # rows 6 to 9 of the story, 10 and 11 not
    keep_training(paths.run(run), store, train_on(store, told))
    store.close()
    document = json.loads(json.dumps(report_json(build()), allow_nan=False))
    training = document["training"]
    assert training["told"] == {"rows": ["second.jsonl:train:0-3"], "tranches": [], "texts": []}
    assert training["seen"]["accuracy"] == 1
    assert training["seen"]["mean_margin"] == pytest.approx((0.01 + 1.75 + 2 + 2.25) / 4)
    assert training["unseen"]["accuracy"] == 0.5
    assert training["unseen"]["mean_margin"] == pytest.approx((2.5 - 0.5) / 2)
    assert training["unknown"]["pairs"] == 6
    difference = training["seen_less_unseen"]
    assert difference["accuracy"]["mean"] == pytest.approx(0.5)
    assert difference["mean_margin"]["mean"] == pytest.approx(1.5025 - 1)
    (made,) = document["heuristics"]
    by_seen = made["counterexamples"]["by_seen"]  # rows 0 to 4, 6 and 8, 10
    assert {seen: found["pairs"] for seen, found in by_seen.items()} == {
        "seen": 2,
        "unseen": 1,
        "unknown": 3,
    }
    assert by_seen["seen"]["verdicts"]["silent"]["count"] == 1
    assert by_seen["unseen"]["verdicts"]["inert"]["share"] == 1
    assert made["conforming"]["by_seen"]["unseen"]["verdicts"]["pm-wrong"]["count"] == 1


def test_how_usual_responses_are_is_a_ratio_of_sums(paths: IndexPaths, build: Build) -> None:
    run = seal(paths)
    assert report_json(build())["likelihood"] is None
    store = open_pairs(paths)
    keep_training(paths.run(run), store, train_on(store, Told(tranches=("second",))))
    by = MeasuredBy("lm", "0" * 16, "1" * 16, "float32")
    every = [id_of(row) for row in range(ROWS)]
    keep_likelihood(paths.run(run), store, by, every, usual())
    store.close()
    document = json.loads(json.dumps(report_json(build()), allow_nan=False))
    told = document["likelihood"]
    assert (told["lm"], told["dtype"]) == ("lm", "float32")
    assert list(told["groups"]) == ["all", "seen", "unseen"]
    everything = told["groups"]["all"]
    assert everything["pairs"] == 12
    # Chosen: six bearers and five others; a ratio of sums, no mean of ratios.
    assert everything["chosen"]["mean"] == pytest.approx(-(6 * 30 + 5 * 4) / (6 * 10 + 5 * 4))
    assert told["groups"]["seen"]["rejected"]["mean"] == pytest.approx(-102 / 42)
    (made,) = document["heuristics"]
    for group, pairs in (("all", 12), ("seen", 6), ("unseen", 6)):
        found = made["likelihood"][group]
        assert found["pairs"] == pairs
        assert found["bearer"] == pytest.approx({"mean": -3, "low": -3, "high": -3})
        assert found["other"]["mean"] == pytest.approx(-1)


def usual() -> pa.Table:
    """A bearer costs 3 nats a token in 10 tokens, the other side 1 in 4; row 5 has no figures."""
    rows = []
    for row in range(ROWS):
        bears, bare = ("chosen", "rejected") if row % 2 == 0 else ("rejected", "chosen")
        tokens = (0, 0) if row == 5 else (10, 4)
        totals = (None, None) if row == 5 else (-30.0, -4.0)
        rows.append(
            {
                "id": id_of(row),
                "truncated": 0,
                f"tokens_{bears}": tokens[0],
                f"tokens_{bare}": tokens[1],
                f"log_likelihood_{bears}": totals[0],
                f"log_likelihood_{bare}": totals[1],
            }
        )
    return pa.Table.from_pylist(rows, schema=part_schema())


def test_a_heuristic_the_run_does_not_know(paths: IndexPaths, build: Build) -> None:
    seal(paths)
    known, raising, nowhere = build(
        (URL, replace(URL, name="raising", direction="raises"), Heuristic("nowhere", "zzz"))
    ).heuristics
    assert known.deletion.held == "held"
    assert (raising.deletion.held, raising.deletion.effect, raising.about) == (
        "unmeasured",
        None,
        None,
    )
    assert raising.counterexamples.pooled.verdicts[Verdict.UNMEASURED].count == 6
    assert nowhere.counterexamples.pooled.pairs == 0
    assert set(nowhere.counterexamples.absent) == set(verdicts_of("counterexample")) - {
        Verdict.UNMEASURED
    }
    assert nowhere.differences == {}


def test_margins_tell_what_the_pm_gets_right_of_a_heuristic_that_no_run_judged(
    paths: IndexPaths, build: Build
) -> None:
    """Of rows 1, 3 and 5 the margins are known and above the threshold; nothing is of 7 to 11."""
    seal(paths, measured=range(6))
    (raising,) = build([replace(URL, direction="raises")]).heuristics
    ours = raising.counterexamples.pooled
    assert (ours.pairs, ours.measured, ours.pm_right) == (6, 3, 3)
    assert right(raising).startswith(
        "The PM gets 3 of 3 counterexamples right, and 3 are unmeasured."
    )
    assert answer(raising) == "unmeasured: this run has no verdict on it"
    (nobody,) = build([Heuristic("friend", "'friend' 7")]).heuristics
    assert nobody.counterexamples.pooled.right is None
    assert right(nobody) == "No counterexample was measured."


def test_a_half_without_features_carries_nothing(paths: IndexPaths) -> None:
    rows = judged(paths, URL, -0.5)
    assert covered([replace(row, features=(), effect=None) for row in rows]) is None
    half = [
        replace(row, features=(), effect=None) if row.kind == "conforming" else row for row in rows
    ]
    found = covered(half)
    assert found is not None
    assert found.estimate == pytest.approx(2 / 6)  # two of twelve lose 1, all of them 0.5
    assert covered([replace(row, effect=None) for row in rows]) is None


def test_the_control_says_over_whom_it_is_where_some_have_no_room_for_it(
    paths: IndexPaths, build: Build
) -> None:
    """A response that is all pattern has no other span: both means are not over the same pairs."""
    seal(paths)
    (made,) = build().heuristics
    assert "that have room" not in deletion_control(made)
    rows = judged(paths, URL, -0.5)
    short = [replace(row, control_effect=None) if row.decisive else row for row in rows]
    told = deletion_control(replace(made, deletion=control(URL, short)))
    assert "on the 11 of 12 that have room for one; the difference there is +0.500" in told


def test_without_a_run_there_is_nothing_to_report(build: Build) -> None:
    with pytest.raises(UserError, match=r"has no finished run\n.*outvoted score"):
        build()
