"""`outvoted discover`: the table a researcher reads, and the JSON the browser does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cache.layout import IndexPaths
from engine.discovery import Discovery
from engine.shapes import build
from tests.engine.cache.scored import make_index
from tests.engine.discovery.planted import answers, make_planted
from tests.engine.models.tiny import write_pm
from tui.cli.main import main

Outvoted = Callable[..., tuple[int, str, str]]
PRESET = """
about = "mine"
pm = "pm"
parameters = 1000
readout = "chat-template"
dtype = "float32"
chat_template = "{% for message in messages %}{{ message['content'] }}.{% endfor %}"

[[sae]]
name = "none"
path = "some-org/saes/none"
hook = "transformer.h.1"
"""


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> IndexPaths:
    return make_planted(tmp_path_factory.mktemp("planted"))


@pytest.fixture
def discover(paths: IndexPaths, capsys: pytest.CaptureFixture[str]) -> Outvoted:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        where = ["--cache", str(paths.cache), "--name", paths.name]
        return main(["discover", *where, *map(str, arguments)]), *capsys.readouterr()

    return run


def test_what_the_pm_holds_against_responses_comes_first(discover: Outvoted) -> None:
    status, out, err = discover("--top", "1")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "400 of 400 pairs have a margin" in out
    said = "It lowers reward: the PM holds it against a response (n-grams)"
    found = lines[lines.index(said) + 2]
    assert found.split()[:7] == ["*", "i", "have", "no", "idea", "57", "69"]
    assert "also: i have no, have no idea" in lines[lines.index(said) + 3]
    assert "It raises reward: the PM holds it for a response (n-grams)" in out


def test_json_is_one_document_that_reads_back(discover: Outvoted, tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text('{"7": "no idea, \\u001b[31mreally"}')
    status, out, _ = discover("--json", "--labels", labels)
    assert status == 0
    made = build(Discovery, json.loads(out))
    assert made.min_pairs == 20
    feature = next(one for one in made.found if one.what == "feature")
    assert (feature.text, feature.label) == ("7", "no idea, \x1b[31mreally")
    assert "\x1b" not in discover("--labels", labels)[1]


def test_fewer_pairs_than_asked_for_are_no_evidence(discover: Outvoted) -> None:
    status, out, _ = discover("--min-pairs", "1000")
    assert status == 0
    assert out.endswith("Nothing passes.\n")


def test_ngrams_are_deleted_by_a_pm_in_a_process_of_its_own(
    discover: Outvoted, tmp_path: Path
) -> None:
    write_pm(tmp_path / "pm", "gptj")
    config = tmp_path / "pm" / "config.json"  # its own context is too short for these responses
    config.write_text(json.dumps(json.loads(config.read_text()) | {"n_positions": 1024}))
    preset = tmp_path / "mine.toml"
    preset.write_text(PRESET)
    status, out, _ = discover("--top", "1", "--deletion", "2", "--preset", preset, "--json")
    assert status == 0
    found = build(Discovery, json.loads(out)).found
    assert [one.deletion is not None for one in found] == [one.what == "n-gram" for one in found]
    assert {one.deletion.bearers for one in found if one.deletion} == {2}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--min-pairs", "0"), "--min-pairs: it must be 1 or more"),
        (("--pm", "nowhere"), "Say how often with --deletion N."),
        (("--preset", "original"), "Say how often with --deletion N."),
        (("--deletion", "1", "--preset", "nobody"), 'there is no preset "nobody"'),
    ],
)
def test_mistakes_are_told(discover: Outvoted, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = discover(*arguments)
    assert (status, out) == (2, "")
    assert said in err


def test_without_a_run_there_is_nothing_to_discover(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = make_index(tmp_path)
    assert main(["discover", "--cache", str(paths.cache), "--name", paths.name]) == 2
    assert "has no finished run" in capsys.readouterr().err


def test_imported_rewards_are_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """N-grams need margins alone; which PM gave them is not known, so nothing can be deleted."""
    paths = make_planted(tmp_path)
    rewards = tmp_path / "rewards.jsonl"
    lines = [
        json.dumps(
            {
                "source": f"{tranche}.jsonl",
                "split": "train",
                "row": row,
                "reward_chosen": chosen.reward,
                "reward_rejected": rejected.reward,
            }
        )
        for tranche in ("first", "second")
        for row, (chosen, rejected) in enumerate(answers(tranche))
    ]
    rewards.write_text("\n".join(lines), encoding="utf-8")
    where = ["--cache", str(paths.cache), "--name", paths.name]
    assert main(["import", "rewards", str(rewards), *where]) == 0
    capsys.readouterr()
    assert main(["discover", "--json", *where]) == 0
    made = build(Discovery, json.loads(capsys.readouterr().out))
    assert made.features_tested == 0
    assert made.found[0].text == "i have no idea"
    assert main(["discover", "--deletion", "1", *where]) == 2
    assert "its PM is not known" in capsys.readouterr().err
