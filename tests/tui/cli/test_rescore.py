"""`outvoted rescore`: what is asked of the PM, what comes back, and what is refused before that."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.canonical import Json
from tests.engine.live.fakes import worker
from tests.engine.tiny import DUNNO, TinyIndex
from tests.tui.cli.test_show import check_contract
from tui.cli.main import main

Document = dict[str, "Json"]
Ask = Callable[..., Json]


@pytest.fixture
def ask(tiny_index: TinyIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Rescore with a worker that writes down what it was asked; that request."""
    asked = tmp_path / "asked.json"
    script = f"ready(); m = hear(); json.dump(m, open({str(asked)!r}, 'w')); measured(m); hear()"
    command = shlex.join(worker(script, tiny_index.run))

    def rescore(*arguments: str) -> Json:
        status = main(["rescore", *arguments, "--worker", command, *tiny_index.options])
        assert (status, capsys.readouterr().err) == (0, "")
        made: Json = json.loads(asked.read_text())
        return made

    return rescore


def texts(request: Json) -> tuple[Json, Json]:
    assert isinstance(request, dict)
    return request["chosen"], request["rejected"]


STORED = (" I don't know. Ask them yourself.", " A poet did.")


def test_unedited_the_stored_texts_are_measured(ask: Ask) -> None:
    request = ask("8")
    assert isinstance(request, dict)
    assert texts(request) == STORED
    assert request["context"] == "\n\nHuman: 8. Who wrote it?\n\nAssistant:"
    assert request["scales"] == {}
    asked = request["asked"]
    assert isinstance(asked, list)
    assert asked[0]["features"] == list(DUNNO.features)


def test_what_the_user_pinned_goes_before_what_the_run_was_judged_with(
    tiny_index: TinyIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pinning = tiny_index.copy(tmp_path / "cache")
    reader = pinning.read()
    reader.pin(DUNNO, 9, pinned=True)
    reader.close()
    command = shlex.join([sys.executable, "-m", "tui", "worker"])
    assert main(["rescore", "8", "--worker", command, *pinning.options]) == 0
    assert "  features 9, your pins" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "chosen", "rejected"),
    [
        (["--response-chosen", " Yes."], " Yes.", STORED[1]),
        (["--response-rejected", ""], STORED[0], ""),
        (["--delete-pattern"], " . Ask them yourself.", STORED[1]),
        (["--delete-pattern", "dunno"], " . Ask them yourself.", STORED[1]),
        (["--insert", " thank you"], f"{STORED[0]} thank you", STORED[1]),
        (
            ["--response-rejected", " I see.", "--delete-pattern", "--insert", "!"],
            " . Ask them yourself.!",
            " I see.",
        ),
        (
            ["--response-chosen", " thank you", "--delete-pattern", "thanks", "--insert", "x"],
            " x",
            STORED[1],
        ),
    ],
)
def test_edits_are_made_in_order(
    ask: Ask, arguments: list[str], chosen: str, rejected: str
) -> None:
    assert texts(ask("8", *arguments)) == (chosen, rejected)


def test_the_pair_may_stand_after_delete_pattern(ask: Ask) -> None:
    assert texts(ask("--delete-pattern", "8")) == (" . Ask them yourself.", STORED[1])


def test_features_are_ablated_scaled_and_pinned(ask: Ask) -> None:
    request = ask(
        *("8", "--ablate", "12, 34", "--scale", "5=2.0", "--scale", "6=-1e-1"),
        *("--pin", "7=3.0", "--pin", "8=0"),
    )
    assert isinstance(request, dict)
    assert request["pins"] == {"7": 3.0, "8": 0.0}
    assert request["scales"] == {"12": 0.0, "34": 0.0, "5": 2.0, "6": -0.1}


def test_a_pair_of_ones_own_is_measured(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    record = {"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"}
    path.write_text(json.dumps(record))
    assert texts(ask("--pair", str(path), "--insert", ".")) == (" b.", " c")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name either a PAIR of the index or a file with --pair"),
        (["8", "--pair", "x.json"], "name either a PAIR"),
        (["--pair", "no-such.json"], "no-such.json: it cannot be read"),
        (["99"], 'there is no pair "99"'),
        (["8", "--ablate", "12,x"], '--ablate: "x" is no feature'),
        (["8", "--ablate=-1"], '"-1" is no feature'),
        (["8", "--ablate", ","], "it names no feature"),
        (["8", "--scale", "12"], '"12" names no finite factor'),
        (["8", "--scale", "12=nan"], "no finite factor"),
        (["8", "--scale", "=2"], '"" is no feature'),
        (["8", "--scale", "3=1", "--scale", "3=2"], "feature 3 is changed twice"),
        (["8", "--ablate", "3", "--scale", "3=2"], "feature 3 is changed twice"),
        (["8", "--scale", "3=1", "--pin", "3=2"], "--pin: feature 3 is changed twice"),
        (["8", "--pin", "3=x"], '--pin: "3=x" names no finite value'),
        (["8", "--delete-pattern", "url"], 'no heuristic "url"\n  There are: dunno, thanks.'),
        (["8", "--delete-pattern", "thanks"], 'carries the pattern of "thanks"'),
        (["3", "--delete-pattern"], 'carries the pattern of "dunno", "thanks"'),
        (["8", "--insert", "\udcff"], "--insert: it is not UTF-8"),
        (["8", "--worker", "'"], "--worker: it is no command"),
        (["8", "--worker", " "], "--worker: the command is empty"),
        (["8", "--worker", "no-such-program"], "the worker cannot be started"),
        (["8", "--worker", "true"], "the worker is gone: it ended"),
        (["8", "--worker", "echo hi"], "no message of protocol 6: hi"),
        (["8", "--run", "zz"], "names no run"),
    ],
)
def test_what_cannot_be_asked_ends_with_2(
    tiny_index: TinyIndex, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["rescore", *tiny_index.options, *arguments, "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_an_index_without_a_run_has_no_pm_to_ask(
    tiny_index: TinyIndex, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--cache", str(tmp_path)]
    assert main(["index", str(tiny_index.source), *options]) == 0
    assert main(["rescore", "8", *options]) == 2
    assert "has no finished run" in capsys.readouterr().err


def test_the_real_worker_gives_back_what_was_stored(tiny_index: TinyIndex) -> None:
    """As a user types it, from any folder, with the document on stdout and nothing else."""
    done = subprocess.run(
        [sys.executable, "-m", "tui", "rescore", "8", "--json", *tiny_index.options],
        capture_output=True,
        text=True,
        check=True,
    )
    document = json.loads(done.stdout)
    check_contract(document)
    before = document["before"]
    check_contract(before)
    assert document["margin"] == pytest.approx(before["margin"], abs=1e-5)
    assert document["drift"] == pytest.approx(document["margin"] - before["margin"])
    verdicts = [[made["verdict"] for made in shown["heuristics"]] for shown in (document, before)]
    assert verdicts[0] == verdicts[1]


def test_the_text_sets_fresh_beside_stored(
    tiny_index: TinyIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = shlex.join(worker("ready(); measured(hear()); hear()", tiny_index.run))
    options = ["--worker", fake, *tiny_index.options]
    assert main(["rescore", "8", *options]) == 0
    out = capsys.readouterr().out
    assert "\nstored: reward chosen " in out
    assert "\nfresh:  reward chosen +1.000" in out
    assert "\ndrift of the margin " in out
    assert main(["rescore", "8", "--insert", "!", *options]) == 0
    assert "drift" not in capsys.readouterr().out


def test_json_says_what_an_edit_was_made_of(
    tiny_index: TinyIndex, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fake = shlex.join(worker("ready(); measured(hear()); hear()", tiny_index.run))
    options = ["--json", "--worker", fake, *tiny_index.options]
    assert main(["rescore", "8", "--insert", "!", *options]) == 0
    edited = json.loads(capsys.readouterr().out)
    assert edited["drift"] is None
    assert edited["pair"]["chosen"] == f"{edited['before']['pair']['chosen']}!"
    path = tmp_path / "mine.json"
    path.write_text('{"chosen": "\\n\\nHuman: a", "rejected": "\\n\\nHuman: b"}')
    assert main(["rescore", "--pair", str(path), *options]) == 0
    own = json.loads(capsys.readouterr().out)
    assert (own["before"], own["drift"]) == (None, None)
    assert own["pair"]["split"] == "custom"
