"""`outvoted score` from end to end on tiny models: sealed, resumed, added to, and never shared."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.cache.indexing import index_sources
from engine.cache.layout import IndexPaths
from engine.cache.opening import open_reader
from engine.cache.parts import Parts
from engine.cache.sealed import SealedRun
from engine.cache.triage import TriageFile, user_name
from engine.errors import UserError
from engine.files import writer_lock
from engine.heuristics import Heuristic
from engine.hh import split_pair_id
from engine.hh.source import SourceOptions, open_sources
from engine.measure import run
from engine.measure.instrument import Instrument
from engine.measure.loading import run_config
from engine.measure.progress import Progress
from engine.measure.request import ScoreRequest
from engine.measure.score import score
from engine.models.sae.load import load_sae
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.plain import PlainModel
from tests.engine.measure.tiny import hook_of, write_sae
from tests.engine.measure.world import (
    ARCHITECTURE,
    DUNNO,
    YES,
    World,
    column,
    measure,
    rows,
    rows_of,
)
from tests.engine.models.tiny_lm import write_lm


def sealed(world: World) -> SealedRun:
    """What the world's run says of itself."""
    reader = open_reader(world.request.paths)
    reader.close()
    assert reader.run is not None
    return reader.run


class StoppedError(Exception):
    """Stands for a process that is killed while it reports."""


@pytest.fixture(scope="module", autouse=True)
def _few_are_checked() -> Iterator[None]:
    """What is measured of a sample of the pairs is most of the work, and of all 60 no truer here.

    Alone the few checked pairs would be in other batches.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "NOISE_PAIRS", 8)
        patch.setattr(run, "CHECKED_PAIRS", 5)
        patch.setattr(run, "INTEGRATED_PAIRS", 3)
        yield


@pytest.fixture(scope="module")
def models(tiny_of: MakeTiny, tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tiny_of(ARCHITECTURE).folder
    request = ScoreRequest(
        paths=IndexPaths(folder, "none"),
        heuristics=(DUNNO,),
        pm=str(folder / "pm"),
        saes=(str(folder / "sae"),),
        hook=None,
        readout="last-text-token",
        positions="all",
        pairs="bearers",
        dtype="float32",
        device="cpu",
    )
    other = write_sae(tmp_path_factory.mktemp("sae") / "other", ARCHITECTURE, seed=2)
    return World(request, other)


@pytest.fixture
def world(models: World, tmp_path: Path) -> World:
    return models.copy(tmp_path / "cache")


@pytest.fixture(scope="module")
def undisturbed(models: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A run that nobody stopped: to be read, never written."""
    made = models.copy(tmp_path_factory.mktemp("undisturbed") / "cache")
    measure(made.request)
    return made


def test_a_run_is_sealed_with_every_bearer_judged(undisturbed: World) -> None:
    assert len(column(undisturbed, "judged", "id")) == 30
    assert len(column(undisturbed, "rewards", "id")) == 60  # the sample is the whole index
    assert column(undisturbed, "features", "feature")
    assert set(column(undisturbed, "token_effects", "id")) == set(
        column(undisturbed, "judged", "id")
    )
    manifest = json.loads((undisturbed.run_file.parent / "manifest.json").read_text())
    assert manifest["run"] == undisturbed.run_file.parent.name
    assert manifest["config"]["hook"] == hook_of(ARCHITECTURE)  # as the SAE's own config says


def test_its_rewards_are_those_of_plain_transformers(undisturbed: World, tiny_of: MakeTiny) -> None:
    plain: PlainModel = tiny_of(ARCHITECTURE).plain
    encode = tiny_of(ARCHITECTURE).pm.tokenizer.encode
    with duckdb.connect(str(undisturbed.run_file), read_only=True) as connection:
        stored = connection.table("rewards").order("id").project("reward_chosen, reward_rejected")
        found = stored.fetchall()
    texts = [json.loads(line) for line in (undisturbed.request.paths.cache / "pairs.jsonl").open()]
    for rewards, record in zip(found, texts, strict=True):
        expected = [plain.reward(encode(record[side]).ids) for side in ("chosen", "rejected")]
        assert list(rewards) == pytest.approx(expected, abs=1e-5)


def test_what_is_judged_follows_from_what_was_measured(
    undisturbed: World, tiny_of: MakeTiny
) -> None:
    """Deletion effects against plain transformers, thresholds against their formulas."""
    tiny = tiny_of(ARCHITECTURE)
    with duckdb.connect(str(undisturbed.run_file), read_only=True) as connection:
        rewards = connection.table("rewards").project("margin").fetchall()
        judged = connection.table("judged").project(
            "id, bearer, margin, deletion_effect, decisive, margin_threshold"
        )
        figures = json.loads(connection.execute("SELECT figures FROM meta").fetchall()[0][0])
        rows = judged.fetchall()
    expected = 0.05 * float(np.median(np.abs([margin for (margin,) in rewards])))
    threshold = max(2 * figures["noise_floor"], expected)
    assert figures["margin_threshold"] == pytest.approx(threshold, rel=1e-6)
    assert figures["noise_floor"] < 1e-5
    texts = [json.loads(line) for line in (undisturbed.request.paths.cache / "pairs.jsonl").open()]
    for identifier, bearer, margin, effect, decisive, used in rows:
        text = texts[split_pair_id(identifier)[1]][bearer]
        without = text.replace("I don't know", "").replace("I don’t know", "")
        with_it, deleted = (
            tiny.plain.reward(tiny.pm.tokenizer.encode(one).ids) for one in (text, without)
        )
        assert effect == pytest.approx(with_it - deleted, abs=1e-5)
        after = margin - effect if bearer == "chosen" else margin + effect
        assert decisive == (after * margin < 0)
        assert used == pytest.approx(threshold, rel=1e-6)


def test_stopped_anywhere_and_resumed_it_ends_with_the_same_rows(
    models: World, undisturbed: World, tmp_path: Path
) -> None:
    """Each attempt is stopped a report or a few further on, in whatever stage that is."""
    expected = rows(undisturbed)
    for seed in range(2):
        world = models.copy(tmp_path / str(seed))
        stops = stopped_until_done(world, random.Random(seed))
        assert stops >= 2
        assert rows(world) == expected


def stopped_until_done(world: World, draw: random.Random) -> int:
    stops = 0
    while True:
        left = draw.randint(1, 9) + 2 * stops  # what is finished is reported again
        seen = 0

        def report(_: Progress, left: int = left) -> None:
            nonlocal seen
            seen += 1
            if seen > left:
                raise StoppedError

        try:
            score(world.request, report)
        except StoppedError:
            stops += 1
            assert not list(world.request.paths.runs.glob("*/run.duckdb"))
        else:
            return stops


def test_a_part_of_several_tables_is_finished_wherever_it_was_cut(
    models: World, undisturbed: World, tmp_path: Path
) -> None:
    """Killed between its tables."""
    whole = Parts.write
    expected = rows(undisturbed)
    for written in range(1, 5):
        world = models.copy(tmp_path / str(written))
        left = iter(range(written))

        def write(
            parts: Parts, stage: str, first: int, table: pa.Table, left: Iterator[int] = left
        ) -> None:
            if next(left, None) is None:
                raise StoppedError
            whole(parts, stage, first, table)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Parts, "write", write)
            with pytest.raises(StoppedError):
                measure(world.request)
        measure(world.request)
        assert rows(world) == expected


def test_run_again_it_measures_nothing_and_says_the_same(undisturbed: World) -> None:
    before = rows(undisturbed)
    steps: list[Progress] = []
    (result,) = score(undisturbed.request, steps.append)
    assert (result.tokens, result.pairs_per_second) == (0, 0)
    assert all(step.done == step.total and step.tokens == 0 for step in steps)
    assert rows(undisturbed) == before


def test_a_heuristic_added_later_keeps_what_was_measured(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of a few, others would be checked with more bearers.
    monkeypatch.setattr(run, "CHECKED_PAIRS", 100)
    monkeypatch.setattr(run, "INTEGRATED_PAIRS", 32)
    measure(world.request)
    before = rows(world)
    parts = {
        path: path.stat().st_mtime_ns
        for path in world.request.paths.runs.glob("*/parts/*/*.parquet")
    }
    both = dataclasses.replace(world.request, heuristics=(DUNNO, YES))
    result = measure(both)
    assert result.run == world.run_file.parent.name
    assert result.pairs == 40
    after = rows(world)
    name = 0
    assert {row[name] for row in after["judged"]} == {"dunno", "yes"}
    assert set(map(str, before["features"])) - set(map(str, after["features"])) == set()
    assert [row[:3] for row in after["judged"] if row[name] == "dunno"] == [
        row[:3] for row in before["judged"]
    ]
    assert all(path.stat().st_mtime_ns == written for path, written in parts.items())


def test_more_pairs_join_the_same_run(world: World) -> None:
    first = measure(world.request)
    every = measure(dataclasses.replace(world.request, pairs="all"))
    assert (first.run, first.pairs, every.pairs) == (every.run, 30, 60)
    assert None not in column(world, "rewards", "margin_sae")


def test_attributions_are_checked_where_nobody_bears_a_pattern_too(world: World) -> None:
    never = Heuristic("never", "these very words")
    asked = dataclasses.replace(world.request, heuristics=(never,), pairs="row=0..7")
    assert measure(asked).pairs == 8
    (stored,) = column(world, "meta", "figures")
    figures = json.loads(str(stored))
    assert figures["attribution_pairs"] == 5  # of 100, as the fixture has it
    assert figures["integrated"]["pairs"] == 3
    assert figures["attribution_spearman"] > 0.5


def test_another_way_of_measuring_is_another_run(tiny_of: MakeTiny, undisturbed: World) -> None:
    tiny = tiny_of(ARCHITECTURE)
    name = undisturbed.run_file.parent.name
    assert run_config(tiny.instrument).run == name
    other = load_sae(str(undisturbed.other_sae), device="cpu")
    hook = tiny.instrument.hook
    changed = {
        run_config(made).run
        for made in (
            tiny.read_by("appended-end-of-text"),
            tiny.read_by("last-text-token", "after-first"),
            Instrument(tiny.pm, other, hook=hook, readout="last-text-token", positions="all"),
        )
    }
    assert len(changed | {name}) == 4
    assert all(len(run) == 16 for run in changed)


def test_one_run_for_each_sae(world: World) -> None:
    request = dataclasses.replace(world.request, saes=(*world.request.saes, str(world.other_sae)))
    one, other = score(request, lambda _: None)
    assert one.run != other.run
    assert len(list(request.paths.runs.glob("*/run.duckdb"))) == 2


def already_measured(world: World, cache: Path) -> World:
    """A copy of an index and its run that may be written to."""
    paths = world.request.paths
    shutil.copytree(paths.cache, cache)
    request = dataclasses.replace(world.request, paths=IndexPaths(cache, paths.name))
    return dataclasses.replace(world, request=request)


def test_what_no_sae_decides_is_measured_once_for_all_runs_of_a_pm(
    undisturbed: World, tmp_path: Path
) -> None:
    """To the same bits as in a run that has it all to itself."""
    world = already_measured(undisturbed, tmp_path / "cache")
    alone = world.copy(tmp_path / "alone")
    other = dataclasses.replace(alone.request, saes=(str(world.other_sae),))
    by_itself = measure(other)
    steps: list[Progress] = []
    (second,) = score(dataclasses.replace(other, paths=world.request.paths), steps.append)
    asked = {step.stage.partition("/")[0] for step in steps if step.tokens}
    assert asked == {"texts", "effects"}
    assert second.tokens < by_itself.tokens
    assert second.run == by_itself.run
    of_second = world.request.paths.run(second.run) / "run.duckdb"
    assert rows_of(of_second) == rows(alone)


def test_rewards_of_another_readout_are_no_ones_but_its_own(
    undisturbed: World, tmp_path: Path
) -> None:
    world = already_measured(undisturbed, tmp_path / "cache")
    steps: list[Progress] = []
    score(dataclasses.replace(world.request, readout="appended-end-of-text"), steps.append)
    asked = {step.stage.partition("/")[0] for step in steps if step.tokens}
    assert {"sample", "noise", "spans", "insertion"} <= asked


def test_a_spoiled_part_of_another_run_is_measured_here(undisturbed: World, tmp_path: Path) -> None:
    world = already_measured(undisturbed, tmp_path / "cache")
    for path in (world.run_file.parent / "parts" / "noise").glob("*.parquet"):
        path.write_bytes(b"PAR1")
    steps: list[Progress] = []
    score(dataclasses.replace(world.request, saes=(str(world.other_sae),)), steps.append)
    assert "noise" in {step.stage for step in steps if step.tokens}


def test_a_language_model_is_asked_once_for_all_runs(world: World, tmp_path: Path) -> None:
    """It is a layer of each run, and no part of what names one."""
    named = {result.run for result in score(world.request, lambda _: None)}
    write_lm(tmp_path / "lm")
    asked = dataclasses.replace(world.request, lm=str(tmp_path / "lm"))
    both = dataclasses.replace(asked, saes=(*asked.saes, str(world.other_sae)))
    steps: list[Progress] = []
    for request in (asked, both, both):
        score(request, steps.append)
    measured = [step.tokens for step in steps if step.stage.startswith("likelihood/")]
    assert len(measured) == 4  # three beginnings, and one part of 60 pairs
    assert sum(map(bool, measured)) == 1
    layers = list(asked.paths.runs.glob("*/likelihood.parquet"))
    assert len(layers) == 2
    assert named < {layer.parent.name for layer in layers}
    tables = [pq.read_table(layer) for layer in layers]
    assert tables[0].equals(tables[1])
    assert tables[0].num_rows == 60


def test_a_second_writer_is_refused_and_changes_nothing(undisturbed: World) -> None:
    before = undisturbed.run_file.read_bytes()
    held = writer_lock(undisturbed.run_file.parent / "run")
    with held, pytest.raises(UserError, match="being written by process"):
        measure(undisturbed.request)
    assert undisturbed.run_file.read_bytes() == before


def test_pins_judge_and_one_that_does_not_exist_is_named(world: World) -> None:
    pinned = dataclasses.replace(DUNNO, features=(3, 5))
    measure(dataclasses.replace(world.request, heuristics=(pinned,)))
    assert set(map(str, column(world, "judged", "features"))) == {"[3, 5]"}
    wrong = dataclasses.replace(DUNNO, features=(96,))
    with pytest.raises(UserError, match="feature 96 does not exist"):
        measure(dataclasses.replace(world.request, heuristics=(wrong,)))


def test_pins_of_the_user_go_before_those_of_the_file_and_stored_effects_are_kept(
    world: World,
) -> None:
    """A set of features that was measured once is judged with again, and nothing is computed."""
    in_file = dataclasses.replace(DUNNO, features=(3, 5))
    request = dataclasses.replace(world.request, heuristics=(in_file,))
    assert measure(request).pins == {}
    sae_hash = sealed(world).manifest.config.sae_hash
    mine = TriageFile(request.paths.triage, user_name())
    mine.pin(in_file, sae_hash, 7, pinned=True)
    mine.pin(in_file, "another SAE", 8, pinned=True)
    fresh = measure(request)
    assert (fresh.pins, fresh.tokens > 0) == ({"dunno": (7,)}, True)
    assert set(map(str, column(world, "judged", "features"))) == {"[7]"}
    (made,) = sealed(world).heuristics
    assert (made.features, made.pinned, made.pinned_by) == ((7,), True, user_name())
    assert made.heuristic == in_file, "the file that is opened with it finds these verdicts"

    mine.pin(in_file, sae_hash, 7, pinned=False)
    again = measure(request)
    assert (again.pins, again.tokens) == ({}, 0)
    assert set(map(str, column(world, "judged", "features"))) == {"[3, 5]"}
    (made,) = sealed(world).heuristics
    assert (made.pinned, made.pinned_by) == (True, None)


def test_two_heuristics_of_one_pattern_are_measured_once(world: World, tmp_path: Path) -> None:
    """They differ in what is said of them, and in nothing that is measured."""
    twin = dataclasses.replace(DUNNO, name="twin", direction="raises")
    both = dataclasses.replace(world.request, heuristics=(DUNNO, twin))
    other = world.copy(tmp_path / "other")
    assert measure(both).tokens == measure(other.request).tokens
    judged = column(world, "judged", "heuristic")
    assert judged.count("twin") == judged.count("dunno") == len(judged) / 2


def test_pins_are_kept_for_heuristics_that_are_not_asked_for_again(world: World) -> None:
    measure(dataclasses.replace(world.request, heuristics=(DUNNO, YES)))
    mine = TriageFile(world.request.paths.triage, user_name())
    mine.pin(DUNNO, sealed(world).manifest.config.sae_hash, 7, pinned=True)
    assert measure(dataclasses.replace(world.request, heuristics=(YES,))).pins == {"dunno": (7,)}


def test_a_pin_beyond_the_sae_names_the_file_that_has_it(world: World) -> None:
    measure(world.request)
    mine = TriageFile(world.request.paths.triage, user_name())
    mine.pin(DUNNO, sealed(world).manifest.config.sae_hash, 96, pinned=True)
    with pytest.raises(UserError, match="feature 96 does not exist") as refused:
        measure(world.request)
    assert str(mine.path) in str(refused.value.todo)


def test_texts_that_changed_are_measured_again(world: World) -> None:
    """An index whose source changed keeps its ids; figures of the old texts must not stay."""
    measure(world.request)
    file = world.request.paths.cache / "pairs.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace("Who 0?", "Why?"), encoding="utf-8")
    before = rows(world)["rewards"][0]
    index_sources(world.request.paths, open_sources(str(file), SourceOptions()))
    measure(world.request)
    assert rows(world)["rewards"][0] != before


def test_a_run_that_an_earlier_version_sealed_is_sealed_anew_from_its_parts(world: World) -> None:
    """With every heuristic that it had judged, also those that are not asked for again."""
    measure(dataclasses.replace(world.request, heuristics=(DUNNO, YES)))
    before = rows(world)
    with duckdb.connect(str(world.run_file)) as connection:
        connection.execute("UPDATE meta SET schema_version = 0")
    with pytest.raises(UserError, match="it seals the run anew from its parts"):
        open_reader(world.request.paths)
    assert measure(world.request).tokens == 0
    assert rows(world) == before
    open_reader(world.request.paths).close()


def begin(world: World) -> str:
    """Begin a run and stop it before its first part; its id."""

    def stop(progress: Progress) -> None:
        if progress.stage == "texts":
            raise StoppedError

    with pytest.raises(StoppedError):
        score(world.request, stop)
    (folder,) = world.request.paths.runs.iterdir()
    return folder.name


def change_texts(world: World) -> None:
    """Index the source again, from other bytes under the same name."""
    file = world.request.paths.cache / "pairs.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace("Who 0?", "Why?"), encoding="utf-8")
    index_sources(world.request.paths, open_sources(str(file), SourceOptions()))


def test_an_unfinished_run_goes_on_as_it_was_begun_or_where_it_is_said(world: World) -> None:
    begun = begin(world)
    other = dataclasses.replace(world.request, positions="after-first")
    with pytest.raises(UserError, match=f"{begun} is not finished.*positions all .now after-first"):
        measure(other)
    with pytest.raises(UserError, match="was begun with positions all"):
        measure(dataclasses.replace(other, run=begun))
    change_texts(world)
    with pytest.raises(UserError, match="train was indexed again"):
        measure(world.request)
    assert measure(dataclasses.replace(world.request, run=begun[:6])).run == begun


def test_pairs_that_are_indexed_again_below_a_run_end_it_by_name(world: World) -> None:
    """Its figures would be sealed as those of other texts."""
    changes = iter([partial(change_texts, world)])

    def report(progress: Progress) -> None:
        if progress.stage == "noise":
            next(changes, lambda: None)()

    with pytest.raises(UserError, match="train was indexed again"):
        score(world.request, report)
    assert not list(world.request.paths.runs.glob("*/run.duckdb"))


def test_a_named_run_is_of_one_sae(models: World) -> None:
    both = (*models.request.saes, str(models.other_sae))
    with pytest.raises(UserError, match="2 SAEs make one each"):
        score(dataclasses.replace(models.request, saes=both, run="abc"), lambda _: None)


def test_a_heuristic_scored_later_joins_those_that_were_judged(world: World) -> None:
    first, second = world.request.heuristics[0], dataclasses.replace(DUNNO, name="later")
    measure(dataclasses.replace(world.request, heuristics=(first,)))
    measure(dataclasses.replace(world.request, heuristics=(second,)))
    assert set(map(str, column(world, "judged", "heuristic"))) == {first.name, second.name}
