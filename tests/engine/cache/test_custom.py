"""Custom pairs: kept whole, read back by run, and never lost to a line that is none."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cache.custom import (
    VERSION,
    CustomEdit,
    CustomFile,
    CustomPair,
    custom_figures,
    read_customs,
)
from engine.errors import UserError
from engine.hh import PairName
from engine.verdict import Verdict
from tests.tui.fakes import make_detail

RUN = "0123456789abcdef"
BEFORE = make_detail(0)


def custom(row: int = 0, run: str = RUN) -> CustomPair:
    before = make_detail(row)
    after = custom_figures(replace(before, margin=0.25))
    assert after is not None
    return CustomPair(
        version=VERSION,
        run=run,
        source=before.pair.name.source,
        split=before.pair.name.split,
        row=row,
        content_hash=before.pair.content_hash,
        tranche=before.pair.tranche,
        words="chosen edited · 3 ablated",
        edit=CustomEdit(response_chosen=" I see.", ablate=(3,), scale={7: 2.0}, pin={9: -1.5}),
        context=before.pair.context,
        chosen=" I see.",
        rejected=before.pair.rejected,
        before=custom_figures(before),
        after=after,
        seconds=0.7,
        time="2026-11-22T12:00:00+00:00",
    )


def test_what_was_kept_comes_back_with_its_texts_edit_and_figures(tmp_path: Path) -> None:
    file = CustomFile(tmp_path / "custom", "me")
    assert file.read() == ()
    file.append([custom(0), custom(1)])
    file.append([custom(0)])  # the same once more: every measurement counts
    first, second, again = file.read()
    assert (first, second, again) == (custom(0), custom(1), custom(0))
    assert first.name == PairName("fake.jsonl", "test", 0)
    assert first.edit.of_features
    assert first.before is not None
    (url,) = first.before.heuristics
    assert url.verdict is Verdict.OUTVOTED
    assert url.thresholds == BEFORE.heuristics[0].thresholds


def test_they_are_read_by_run_and_by_user(tmp_path: Path) -> None:
    CustomFile(tmp_path, "me").append([custom(0), custom(1, run="f" * 16)])
    CustomFile(tmp_path, "you").append([custom(2)])
    assert read_customs(tmp_path, RUN) == {"me": (custom(0),), "you": (custom(2),)}
    assert len(read_customs(tmp_path)["me"]) == 2
    assert read_customs(tmp_path / "none") == {}


def test_a_pair_that_was_never_measured_has_no_figures_before(tmp_path: Path) -> None:
    unmeasured = next(made for made in map(make_detail, range(60)) if made.margin is None)
    assert custom_figures(unmeasured) is None
    file = CustomFile(tmp_path, "me")
    file.append([replace(custom(), before=None)])
    assert file.read()[0].before is None


def test_lines_that_are_none_are_passed_over(tmp_path: Path) -> None:
    """Garbage, a later version's, a crash's half line: the next one stays whole."""
    file = CustomFile(tmp_path, "me")
    file.append([custom(0)])
    other = asdict(custom(1)) | {"version": 2}
    with file.path.open("a") as stream:
        stream.write(f"garbage\n[1]\n{json.dumps(other)}\n" + '{"version": 1, "run": "0')
    file.append([custom(2)])
    assert file.read() == (custom(0), custom(2))


@settings(deadline=None)  # every line is fsynced
@given(st.text(), st.text())
def test_any_text_comes_back(
    tmp_path_factory: pytest.TempPathFactory, chosen: str, rejected: str
) -> None:
    file = CustomFile(tmp_path_factory.mktemp("custom"), "me")
    kept = replace(custom(), chosen=chosen, rejected=rejected, words=chosen)
    file.append([kept])
    assert file.read() == (kept,)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "custom").write_text("a file")
    with pytest.raises(UserError, match="the custom pair was not kept") as refusal:
        CustomFile(tmp_path / "custom", "me").append([custom()])
    assert str(tmp_path / "custom" / "me.jsonl") in str(refusal.value)
    (tmp_path / "you.jsonl").mkdir()
    with pytest.raises(UserError, match="custom pairs cannot be read"):
        read_customs(tmp_path)


def test_a_figure_that_overflowed_is_not_kept(tmp_path: Path) -> None:
    figures = replace(custom().after, margin=float("inf"))
    with pytest.raises(UserError, match="not a finite number"):
        CustomFile(tmp_path, "me").append([replace(custom(), after=figures)])
    assert CustomFile(tmp_path, "me").read() == ()
