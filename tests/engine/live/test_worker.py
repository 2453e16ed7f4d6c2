"""What a worker makes of memory that runs out: an answer, and it goes on."""

from __future__ import annotations

import pytest
import torch

from engine.live import worker
from engine.live.protocol import Failed, Loaded, Measured, decode
from engine.live.worker import Worker
from tests.engine.live.talking import load, measure
from tests.engine.tiny import TinyIndex

CPU = (
    "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory:"
    " you tried to allocate 4096 bytes. Error code 12"
)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        torch.OutOfMemoryError(),
        RuntimeError(CPU),
        MemoryError(),
    ],
)
def test_memory_that_runs_out_is_an_answer_and_the_next_pair_is_measured(
    tiny_index: TinyIndex, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    made = Worker(set())
    assert isinstance(decode(made.answer(load(tiny_index))), Loaded)

    def fail(*_args: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(worker, "measure_one", fail)
        answer = decode(made.answer(measure(2)))
    assert isinstance(answer, Failed)
    assert answer.id == 2
    assert answer.what.startswith("out of memory")
    assert answer.todo is not None
    assert "The PM stays loaded" in answer.todo
    assert isinstance(decode(made.answer(measure(3))), Measured)


def test_memory_that_runs_out_while_loading_is_an_answer_too(
    tiny_index: TinyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 12.00 GiB.")

    monkeypatch.setattr(worker, "load_pm", fail)
    answer = decode(Worker(set()).answer(load(tiny_index)))
    assert isinstance(answer, Failed)
    assert answer.what.startswith("out of memory (CUDA out of memory")


def test_any_other_error_of_torch_ends_it(
    tiny_index: TinyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU's state is unknown after it: a new process is what helps."""
    made = Worker(set())
    made.answer(load(tiny_index))

    def fail(*_args: object) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(worker, "measure_one", fail)
    with pytest.raises(RuntimeError, match="device-side assert"):
        made.answer(measure(2))
