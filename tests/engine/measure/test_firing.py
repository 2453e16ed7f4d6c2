"""A feature as heuristic: who bears it, where it fires, and that verdicts work as for texts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.cache.opening import open_reader
from engine.cache.reader import IndexReader
from engine.errors import UserError
from engine.heuristics import Heuristic
from engine.heuristics.heuristic import feature_heuristic
from engine.hh import SIDES
from engine.live.change import without_patterns
from engine.measure.firing import borne_by
from engine.measure.instrument import Instrument
from engine.measure.loading import make_instrument
from engine.measure.request import ScoreRequest
from engine.measure.score import score
from engine.models.pm import load_pm
from engine.report.build import build_report
from engine.report.sentences import answer, bearers, control, coverage
from engine.shapes import build
from engine.verdict import Verdict
from tests.engine.measure.tiny import hook_of
from tests.engine.tiny import DUNNO, TinyIndex, make_tiny_index
from tui.cli.commands import COMMANDS
from tui.cli.main import main
from tui.cli.parsers import parsers
from tui.cli.score_request import score_request
from tui.cli.told import told

FIRES = feature_heuristic("fires", 29, 3.0, "lowers")
RARE = feature_heuristic("rare", 29, 1000.0, "lowers")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> TinyIndex:
    """The tiny index, whose finished run goes on to measure features as heuristics."""
    made = make_tiny_index(tmp_path_factory.mktemp("firing"))
    asked = request(made, FIRES, RARE)
    (result,) = score(asked, report=lambda progress: None)
    assert result.run == made.run, "who is looked for is no part of a run"
    return made


@pytest.fixture(scope="module")
def reader(index: TinyIndex) -> IndexReader:
    return open_reader(index.paths)


def request(index: TinyIndex, *heuristics: Heuristic, pairs: str = "all") -> ScoreRequest:
    return ScoreRequest(
        paths=index.paths,
        heuristics=heuristics,
        pm=str(index.pm),
        saes=(str(index.sae),),
        hook=hook_of("gptj"),
        readout="last-text-token",
        positions="all",
        pairs=pairs,
        dtype="float32",
        device="cpu",
    )


def instrument_of(index: TinyIndex) -> Instrument:
    pm = load_pm(str(index.pm), dtype=torch.float32, device="cpu")
    return make_instrument(
        pm,
        str(index.sae),
        hook=None,
        readout="last-text-token",
        positions="all",
        device="cpu",
    )


def test_a_side_bears_it_where_it_fires_on_that_side_alone(
    index: TinyIndex, reader: IndexReader
) -> None:
    """Every pair once more, token by token."""
    instrument = instrument_of(index)
    table = next(table for table in reader.bearers() if table.heuristic == FIRES)
    borne = {one.id: one for one in table.bearers}
    sides_of = {}
    for pair in reader.store.iter_pairs():
        view = instrument.view([instrument.prepare(pair)])
        prepared = view.pairs[0]
        firing = {}
        for number, side in enumerate(SIDES):
            offsets = prepared.tokens(side).offsets
            firing[side] = [
                offsets[place]
                for place in prepared.response_positions(side)
                if view.activations[0, view.columns(0, number, [place])[0], 29] > 3
            ]
        sides_of[pair.id] = [side for side in SIDES if firing[side]]
        if len(sides_of[pair.id]) == 1:
            (side,) = sides_of[pair.id]
            found = borne[pair.id]
            assert found.bearer == side
            inside = [
                any(low <= s and e <= high for low, high in found.spans) for s, e in firing[side]
            ]
            assert all(inside)
            assert sum(high - low for low, high in found.spans) <= sum(
                e - s for s, e in firing[side]
            )
            assert borne_by(view, FIRES) == found, "a running PM finds the same"
        else:
            assert pair.id not in borne
            assert borne_by(view, FIRES) is None
    assert len(borne) == sum(len(sides) == 1 for sides in sides_of.values()) > 10
    assert table.counts.both == sum(len(sides) == 2 for sides in sides_of.values())


def test_its_pairs_are_judged_and_what_deletion_would_say_is_withheld(reader: IndexReader) -> None:
    rows = reader.bulk.judged_of(FIRES)
    assert {row.features for row in rows} == {(29,)}
    assert all(row.activation is not None and row.activation > 0 for row in rows)
    assert all((row.deletion_effect, row.decisive) == (None, None) for row in rows)
    assert Verdict.NO_FEATURE not in {row.verdict for row in rows}
    kinds = {row.bearer: row.kind for row in rows}
    assert kinds == {"chosen": "counterexample", "rejected": "conforming"}

    (card,) = (card for card in reader.overview().heuristics if card.heuristic == FIRES)
    assert card.held == "no deletion"
    assert sum(card.counterexamples.values()) == card.chosen_only
    made = next(made for made in build_report(reader).heuristics if made.heuristic == FIRES)
    assert made.withheld is None, "its shares are told"
    assert "a feature has no text" in answer(made)
    assert "withheld" in control(made)
    assert "As a heuristic, feature 29 > 3 (lowers): it fires in" in bearers(made)
    assert coverage(made).startswith("The verdicts are about this feature.")
    # Texts are judged as before, beside it.
    assert all(row.deletion_effect is not None for row in reader.bulk.judged_of(DUNNO))


def test_a_feature_that_never_fires_has_no_bearer(reader: IndexReader) -> None:
    table = next(table for table in reader.bearers() if table.heuristic == RARE)
    assert table.bearers == ()
    assert table.counts.neither == reader.store.count()


def test_the_commands_show_it(
    index: TinyIndex, reader: IndexReader, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pair = reader.bulk.judged_of(FIRES)[0].id
    row = str(reader.store.name_of(pair).row)
    for command in (["show", row], ["report"], ["export", "effects", str(tmp_path / "e.csv")]):
        assert main([*command, *index.options]) == 0
    shown = capsys.readouterr().out
    assert "fires (feature 29 > 3): " in shown
    words = " ".join(shown.split())
    assert "taken at its word: it is said that it lowers reward" in words
    assert "The deletion control is withheld: a feature has no text to delete." in words
    assert "The verdicts are about this feature." in words


def test_a_run_that_knows_features_is_measured_again_by_its_id_alone(
    index: TinyIndex, reader: IndexReader
) -> None:
    """Among the pairs that it has measured: no others need be named, as for a new feature."""
    words = ["score", *index.options, "--run", index.run]
    args = parsers(COMMANDS["score"]).whole.parse_args(words)
    sent = json.dumps(score_request(args, index.paths, None) | {"told": {**told(args)}})
    asked = build(ScoreRequest, json.loads(sent))
    (result,) = score(asked, report=lambda progress: None)
    assert (result.run, result.tokens) == (index.run, 0)
    again = open_reader(index.paths)
    assert set(again.heuristics) == set(reader.heuristics)
    assert again.bulk.judged_of(FIRES) == reader.bulk.judged_of(FIRES)
    again.close()


def test_what_it_cannot_do_is_refused_in_a_sentence(
    index: TinyIndex, reader: IndexReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="--pairs all"):
        score(request(index, FIRES, pairs="bearers"), report=lambda progress: None)
    (pair,) = reader.store.pairs([reader.bulk.judged_of(FIRES)[0].id])
    with pytest.raises(UserError, match="Ablate it instead: feature 29"):
        without_patterns(pair, [FIRES])
    file = tmp_path / "h.toml"
    file.write_text("[[heuristic]]\nname = 'other'\nfeature = 3\n")
    for command, said in (("census", "an SAE does"), ("report", "this one did not")):
        assert main([command, *index.options, "--heuristics", str(file)]) == 2
        assert said in capsys.readouterr().err
    with pytest.raises(UserError, match="does not exist"):
        missing = replace(FIRES, feature=96, features=(96,))
        score(request(index, missing), report=lambda progress: None)
