"""A heuristic's pairs as a population, and against the conforming control."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine.verdict
from engine.heuristics import Kind
from engine.verdict import (
    COUNTERPART,
    JudgedPair,
    Verdict,
    differences,
    kind_shares,
    shares,
    verdicts_of,
    wilson,
)


def pairs(verdicts: list[Verdict], margin: float = 1.0, name: str = "") -> list[JudgedPair]:
    """Pairs of two tranches in turn, each with a context of its own."""
    return [
        JudgedPair(verdict, margin, ("helpful-base", "harmless-base")[at % 2], f"{name}{at}")
        for at, verdict in enumerate(verdicts)
    ]


def test_every_verdict_of_the_kind_is_counted_also_those_that_never_fell() -> None:
    found = shares(pairs([Verdict.OUTVOTED] * 3 + [Verdict.TIE]), "counterexample", 0.5)
    assert (found.pairs, found.pm_right) == (4, 4)
    assert tuple(found.verdicts) == verdicts_of("counterexample")
    assert Verdict.FOLLOWED not in found.verdicts
    assert Verdict.OUTVOTED not in verdicts_of("conforming")
    assert found.verdicts[Verdict.OUTVOTED].count == 3
    assert found.verdicts[Verdict.OUTVOTED].share == wilson(3, 4)
    assert found.verdicts[Verdict.SILENT].count == 0
    assert found.verdicts[Verdict.SILENT].share == wilson(0, 4)


def test_shares_of_the_pairs_that_the_pm_got_right() -> None:
    mixed = [
        *pairs([Verdict.OUTVOTED, Verdict.SILENT, Verdict.SILENT], margin=1.0),
        *pairs([Verdict.PM_WRONG] * 2, margin=-1.0, name="wrong "),
        *pairs([Verdict.TIE], margin=0.5, name="tie "),
    ]
    found = shares(mixed, "counterexample", 0.5)
    assert found.pm_right == 3
    of_right = {verdict: share.share_of_pm_right for verdict, share in found.verdicts.items()}
    assert of_right[Verdict.SILENT] == pytest.approx(2 / 3)
    assert of_right[Verdict.PM_WRONG] == of_right[Verdict.TIE] == 0
    none = shares(pairs([Verdict.PM_WRONG], margin=-1.0), "counterexample", 0.5)
    assert none.verdicts[Verdict.PM_WRONG].share_of_pm_right is None


def test_tranches_are_counted_apart() -> None:
    verdicts = [Verdict.FOLLOWED, Verdict.INERT] * 5  # in turn, as the tranches are
    found = kind_shares(pairs(verdicts), "conforming", 0.5)
    assert list(found.by_tranche) == ["helpful-base", "harmless-base"]
    assert found.by_tranche["helpful-base"].verdicts[Verdict.FOLLOWED].count == 5
    assert found.by_tranche["harmless-base"].verdicts[Verdict.FOLLOWED].count == 0
    assert found.pooled.verdicts[Verdict.FOLLOWED].count == 5


def test_repeated_contexts_widen_the_interval() -> None:
    alone = pairs([Verdict.OUTVOTED] * 20 + [Verdict.INERT] * 20)
    repeated = [
        JudgedPair(pair.verdict, pair.margin, pair.tranche, str(at // 4))
        for at, pair in enumerate(alone)
    ]
    one, other = (
        shares(each, "counterexample", 0.5).verdicts[Verdict.OUTVOTED].share
        for each in (alone, repeated)
    )
    assert one.estimate == other.estimate == 0.5
    assert other.high - other.low > one.high - one.low


@given(st.lists(st.sampled_from(list(Verdict)), min_size=1), st.sampled_from([1, 3]))
def test_shares_sum_to_one(verdicts: list[Verdict], repeats: int) -> None:
    kinds: tuple[Kind, Kind] = ("counterexample", "conforming")
    for kind in kinds:
        own = [v if v in verdicts_of(kind) else COUNTERPART[v] for v in verdicts]
        judged = [
            JudgedPair(verdict, 1.0, "helpful-base", str(at // repeats))
            for at, verdict in enumerate(own)
        ]
        found = shares(judged, kind, 0.5).verdicts.values()
        assert sum(each.count for each in found) == len(verdicts)
        assert sum(each.share.estimate for each in found) == pytest.approx(1)
        for each in found:
            assert 0 <= each.share.low <= each.share.estimate + 1e-12
            assert each.share.estimate - 1e-12 <= each.share.high <= 1


def test_no_pairs_have_no_shares() -> None:
    found = kind_shares([], "conforming", 0.5)
    assert (found.pooled.pairs, found.pooled.verdicts, found.by_tranche) == (0, {}, {})
    assert differences([], pairs([Verdict.TIE])) == {}


def test_outvoted_is_held_against_followed_and_the_rest_code_by_code() -> None:
    counterexamples = pairs([Verdict.OUTVOTED] * 30 + [Verdict.SILENT] * 70)
    conforming = pairs([Verdict.FOLLOWED] * 30 + [Verdict.INERT] * 70, name="control ")
    found = differences(counterexamples, conforming)
    assert found[Verdict.OUTVOTED].estimate == 0
    assert found[Verdict.OUTVOTED].low < 0 < found[Verdict.OUTVOTED].high
    assert found[Verdict.SILENT].estimate == pytest.approx(0.7)
    assert found[Verdict.SILENT].low > 0.5
    assert found[Verdict.INERT].estimate == pytest.approx(-0.7)
    assert Verdict.FOLLOWED not in found


def test_the_face_has_all_it_names_and_needs_no_numpy_for_a_verdict() -> None:
    assert all(hasattr(engine.verdict, name) for name in engine.verdict.__all__)
    assert not hasattr(engine.verdict, "import_numpy")
    check = (
        "import sys; from engine.verdict import Verdict, judge, held; "
        "assert 'numpy' not in sys.modules; "
        "from engine.verdict import coverage, shares; "
        "assert callable(coverage) and callable(shares)"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
