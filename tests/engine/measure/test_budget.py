"""Batches that memory has no room for are cut, and a GPU's budget is found before a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch

from engine.errors import UserError
from engine.measure.base_stage import base_stage
from engine.measure.budget import LEAST, Budget, in_batches
from engine.measure.budget_probe import MOST, find_budget
from engine.measure.packing import Packed
from engine.measure.prepare import Prepared
from engine.measure.stages import sample_stage
from engine.measure.staging import SAMPLE
from tests.engine.measure.tiny import Tiny, from_ids, pair

PAIRS = [from_ids((1,) * size, (1,) * size + (2,), row=size) for size in (9, 3, 50, 4, 30, 8)]
GPU_FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
CPU_FULL = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory\nadvice")


class Small:
    """A device that has room for so many columns."""

    def __init__(self, room: int, full: Exception) -> None:
        self.room, self.full = room, full
        self.refused = 0

    def measure(self, batch: Sequence[Prepared]) -> list[int]:
        if max(one.bundle().tokens for one in batch) * len(batch) > self.room:
            self.refused += 1
            raise self.full
        return [one.pair.id for one in batch]


@pytest.mark.parametrize("full", [GPU_FULL, CPU_FULL, MemoryError()])
def test_what_does_not_fit_is_cut_until_it_does_and_every_pair_is_measured_once(
    full: Exception,
) -> None:
    device, budget = Small(100, full), Budget(400)
    found = list(in_batches(budget, PAIRS, resumed=False, measure=device.measure))
    assert sorted(one for some in found for one in some) == [3, 4, 8, 9, 30, 50]
    assert budget.columns == 100  # and stays: the next batch need not find out again
    assert device.refused == 2
    list(in_batches(budget, PAIRS, resumed=False, measure=device.measure))
    assert device.refused == 2


def test_a_pair_that_has_no_room_alone_is_named() -> None:
    with pytest.raises(UserError, match="out of memory on one pair of 51 tokens") as told:
        list(in_batches(Budget(), PAIRS, resumed=False, measure=Small(40, CPU_FULL).measure))
    assert told.value.where is not None and told.value.where.endswith(":50")
    assert "advice" not in told.value.what


def test_another_error_is_no_lack_of_memory() -> None:
    device = Small(40, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        list(in_batches(Budget(), PAIRS, resumed=False, measure=device.measure))


def test_a_stage_on_a_small_device_ends_with_the_rows_of_a_large_one(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [pair(" no" * many, " no" * many + " yes", row=many) for many in (1, 3, 5, 9, 12)]
    measure = sample_stage(tiny.instrument)
    expected = measure(pairs).tables[SAMPLE].to_pydict()
    whole = tiny.instrument.forward.rewards

    def rewards(packed: Packed) -> torch.Tensor:
        if packed.input_ids.numel() > 120:
            raise GPU_FULL
        return whole(packed)

    monkeypatch.setattr(tiny.instrument, "budget", Budget())
    monkeypatch.setattr(tiny.instrument.forward, "rewards", rewards)
    found = measure(pairs).tables[SAMPLE].to_pydict()
    assert tiny.instrument.budget.columns < 2048
    for name in ("reward_chosen", "reward_rejected"):
        assert found[name] == pytest.approx(expected[name], abs=1e-5)
    assert found["id"] == expected["id"]


def test_every_table_of_a_part_survives_batches_of_one(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [pair(" I do", " I do not", row=1), pair(" so", " yes, so", row=2)]
    ids = {one.id for one in pairs}
    measure = base_stage(
        tiny.instrument, base_too=True, texts_too=True, checked=ids, integrated=ids
    )
    expected = measure(pairs)
    monkeypatch.setattr(tiny.instrument, "budget", Budget(1))
    found = measure(pairs)
    assert found.tokens == expected.tokens
    assert found.tables.keys() == expected.tables.keys()
    for stage, table in expected.tables.items():
        assert found.tables[stage]["id"] == table["id"]


class FakeMeter:
    """A device with so much free memory, that needs so many bytes for whatever is run."""

    def __init__(self, free: int, peak: int) -> None:
        self._free, self._peak = free, peak
        self.ran = 0

    def free(self) -> int:
        return self._free

    def peak_of(self, run: Callable[[], object]) -> int:
        run()
        self.ran += 1
        return self._peak


@pytest.mark.parametrize(
    ("free", "low", "high"), [(10**9, 3000, 60000), (10**6, LEAST, LEAST), (10**15, MOST, MOST)]
)
def test_a_budget_is_what_the_free_memory_holds(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, free: int, low: int, high: int
) -> None:
    monkeypatch.setattr(tiny.instrument, "budget", Budget())
    meter = FakeMeter(free, peak=2 * 10**6)
    find_budget(tiny.instrument, meter)
    assert meter.ran == 1
    assert low <= tiny.instrument.budget.columns <= high


def test_a_cpu_keeps_the_usual_budget(tiny: Tiny) -> None:
    find_budget(tiny.instrument, None)
    assert tiny.instrument.budget == Budget()
