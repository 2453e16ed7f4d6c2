"""A change is computed only where it can be felt, and is what it would be computed everywhere."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.measure.instrument import Instrument, View
from engine.measure.subset import downstream, subset
from engine.measure.variants import Variant, exact_effects
from tests.engine.measure.conftest import MakeTiny
from tests.engine.measure.tiny import ARCHITECTURES, Tiny, from_ids
from tests.examples import few

PAIRS = (
    ((1, 2, 3, 4, 5), (1, 2, 9, 8)),
    ((7, 8), (7, 8, 9, 10)),  # chosen ends where the sides part
    ((11, 12, 13), (11, 12, 13)),  # no side has anything of its own
    ((14,), (15, 16)),  # nothing is shared
)


def view_of(instrument: Instrument) -> View:
    return instrument.view([from_ids(*pair) for pair in PAIRS])


def test_a_change_reaches_what_sees_it(tiny: Tiny) -> None:
    """In the prefix: all that follows on both sides. In a branch: the rest of that branch."""
    packed = tiny.instrument.pack([from_ids(*PAIRS[0])])  # 1 2 | 3 4 5 | 9 8

    def reached(*columns: int) -> list[int]:
        found = downstream(packed, 0, torch.tensor(columns))
        return found.nonzero().squeeze(-1).tolist()

    assert reached(0) == [0, 1, 2, 3, 4, 5, 6]
    assert reached(1) == [1, 2, 3, 4, 5, 6]
    assert reached(3) == [3, 4]
    assert reached(6) == [6]
    assert reached(4, 5) == [4, 5, 6]


def test_a_subset_knows_which_rewards_it_reaches(tiny: Tiny) -> None:
    packed = tiny.instrument.pack([from_ids(*PAIRS[0])])
    wanted = torch.zeros(2, 7, dtype=torch.bool)
    wanted[0, 3:5] = True
    wanted[1, 6] = True
    made = subset(packed, [0, 0], wanted)
    assert made.columns.tolist() == [[3, 4], [6, 0]]
    assert made.real.tolist() == [[True, True], [True, False]]
    assert made.reached.tolist() == [[True, False], [False, True]]
    assert made.readouts.tolist() == [[1, 0], [0, 0]]


changes = st.lists(
    st.tuples(
        st.integers(0, len(PAIRS) - 1),
        st.lists(st.integers(0, 6), unique=True, max_size=4),
        st.booleans(),
    ),
    max_size=6,
)


@pytest.mark.hypothesis
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_change_is_what_it_is_computed_everywhere(
    tiny_of: MakeTiny, architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever changes at which tokens, alone or in company, in batches of whatever size."""
    instrument = tiny_of(architecture).instrument
    view = view_of(instrument)
    generator = torch.Generator().manual_seed(3)

    @settings(max_examples=few(15), deadline=None, suppress_health_check=list(HealthCheck))
    @given(changes, st.sampled_from([1, 5, 2048]))
    def law(drawn: Sequence[tuple[int, list[int], bool]], budget: int) -> None:
        monkeypatch.setattr(instrument.budget, "columns", budget)
        asked = []
        for row, columns, nothing in drawn:
            inside = [column for column in columns if view.packed.real[row, column]]
            taken = torch.randn(len(inside), view.residual.shape[-1], generator=generator)
            asked.append(Variant(row, inside, taken * (not nothing)))
        expected = []
        for variant in asked:
            changed = view.residual.clone()
            changed[variant.row, list(variant.columns)] -= variant.taken
            margins = view.margins - instrument.margins_with(view, changed)
            expected.append(float(margins[variant.row]))
        found = exact_effects(instrument, view, asked)
        assert found == pytest.approx(expected, abs=1e-5)
        for variant, effect in zip(asked, found, strict=True):
            if not variant.taken.any():
                assert effect == 0.0

    law()
