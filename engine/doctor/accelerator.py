"""The accelerator, and whether a PM with its SAEs fits: asked of a child, which may load torch."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from engine.doctor.finding import Finding, gib
from engine.doctor.machine import total_memory
from engine.precision import usual_dtype
from engine.shapes import build

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
COLUMNS = 2048
"""Tokens of a batch, as the measurement packs them."""
COPIES, VECTORS = 3, 6
"""How many tensors of a batch's features stand at once, and how many vectors a block keeps of each
token. With a PM of 57 M parameters and 4,608 features they come to 0.34 GB; 0.29 were measured."""
_PATIENCE = 120


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU as torch sees it; sizes in bytes."""

    name: str
    total: int
    free: int
    capability: tuple[int, int] = (0, 0)
    """CUDA's compute capability."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a PM's files say of its size."""

    name: str
    parameters: int
    blocks: int
    width: int
    stored: str = "float32"
    """What most of its weights are stored as, by torch's name."""


@dataclass(frozen=True, slots=True)
class Dictionary:
    """What an SAE's tensors say of its size."""

    name: str
    numbers: int
    """In all of its tensors."""
    features: int


@dataclass(frozen=True, slots=True)
class Refused:
    """What could not be looked at, and why."""

    what: str
    where: str | None
    todo: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """What the child is asked."""

    pm: str | None
    saes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the child found."""

    torch: str
    devices: tuple[Device, ...]
    mps: bool
    pm: Model | None
    saes: tuple[Dictionary, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that a measurement takes, part by part."""

    weights: int
    saes: int
    batch: int

    @property
    def total(self) -> int:
        return self.weights + self.saes + self.batch


@dataclass(frozen=True, slots=True)
class Stated:
    """What a preset states of its models: nothing of them need be here."""

    pm: Model
    saes: tuple[Dictionary, ...]


def accelerator(
    question: Question, dtype: str | None, stated: Stated | None = None
) -> Iterator[Finding]:
    """Whether there is a GPU, and what fits on it.

    Args:
        question: the models to look at.
        dtype: how the PM's weights are held; None: as is usual on the largest GPU.
        stated: in their place, or beside its SAEs, what is known of models without a look.
    """
    answer = _ask(question)
    if isinstance(answer, Finding):
        yield answer
        return
    if stated is not None:
        answer = replace(answer, pm=stated.pm, saes=(*stated.saes, *answer.saes))
    yield _devices(answer)
    for refused in answer.refused:
        where = f"{refused.where}: " if refused.where else ""
        yield Finding("fault", "models", f"{where}{refused.what}", refused.todo)
    if answer.pm is not None:
        held = dtype or usual_dtype(answer.pm.stored, _capability(answer.devices))
        yield fits(answer, need(answer.pm, answer.saes, held), held)


def need(pm: Model, saes: Sequence[Dictionary], dtype: str) -> Need:
    """Parameters x bytes, the SAEs in fp32 (all are measured in one pass), and a batch.

    A batch holds `COLUMNS` tokens: some tensors of all features in fp32, of one SAE at a time, and
    what each block keeps for the backward pass, some vectors of the residual stream's width.
    """
    size = BYTES[dtype]
    features = max((sae.features for sae in saes), default=0)
    batch = COLUMNS * (COPIES * features * 4 + VECTORS * pm.blocks * pm.width * size)
    numbers = sum(sae.numbers for sae in saes)
    return Need(pm.parameters * size, numbers * 4, batch)


def _capability(devices: Sequence[Device]) -> tuple[int, int] | None:
    """Of the GPU that a PM would go to; None without one."""
    return _largest(devices).capability if devices else None


def _largest(devices: Sequence[Device]) -> Device:
    return max(devices, key=lambda device: device.free)


def fits(answer: Answer, needed: Need, dtype: str) -> Finding:
    """The arithmetic, held against the largest GPU, or against memory where there is none."""
    if answer.pm is None:
        raise ValueError("there is no PM to speak of")
    sums = (
        f"{answer.pm.name} in {dtype}: {answer.pm.parameters / 1e6:,.0f} M parameters x"
        f" {BYTES[dtype]} bytes = {gib(needed.weights)}, SAE {gib(needed.saes)}, a batch of"
        f" {COLUMNS:,} tokens about {gib(needed.batch)}: together {gib(needed.total)}"
    )
    if answer.devices:
        largest = _largest(answer.devices)
        room, whose = largest.free, f"{largest.name} has {gib(largest.free)} free"
    else:
        found = total_memory()
        if found is None:
            return Finding("note", "fits", f"{sums}; how much memory there is cannot be told")
        room, whose = found, f"memory is {gib(found)}"
    if needed.total <= room:
        return Finding("ok", "fits", f"{sums}; {whose}")
    half = " --dtype bfloat16 halves the first." if dtype == "float32" else ""
    todo = f"Take a larger GPU or a smaller PM.{half} A PM may run elsewhere: --worker."
    return Finding("fault", "fits", f"{sums}; {whose}: too small", todo)


def _devices(answer: Answer) -> Finding:
    if answer.devices:
        each = (
            f"{device.name}, {gib(device.free)} of {gib(device.total)} free"
            for device in answer.devices
        )
        return Finding("ok", "GPU", f"{'; '.join(each)} (--device cuda)")
    if answer.mps:
        return Finding("ok", "GPU", "Apple's (--device mps)")
    return Finding(
        "note",
        "GPU",
        f"none that torch {answer.torch} sees",
        "Browsing needs none. To score a large PM: install torch for your GPU, or run it elsewhere"
        " with --worker 'ssh HOST outvoted worker'.",
    )


def _ask(question: Question) -> Answer | Finding:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "engine.doctor.child"],
            input=json.dumps(asdict(question)),
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        what = f"torch gave no answer in {_PATIENCE} seconds"
        return Finding("fault", "GPU", what, "Look whether another process holds the GPU.")
    try:
        return build(Answer, json.loads(done.stdout), "answer")
    except ValueError:
        last = next(reversed(done.stderr.strip().splitlines()), f"status {done.returncode}")
        todo = "Install torch again: pip install -c constraints.txt torch"
        return Finding("fault", "GPU", f"torch cannot be asked: {last}", todo)
