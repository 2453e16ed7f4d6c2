"""How exact the figures are: `python -m tests.bench.exactness [PAIRS PM SAE HOOK]`.

Every line is the largest difference between what Outvoted measures and the same by somebody else:
plain transformers, each text by itself, with a forward hook where something is cut; scipy and
scikit-learn. On tiny PMs of each architecture, and on a real one with its SAE where it is named.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from engine.heuristics import bearing, compile_heuristic
from engine.hh import SIDES, Pair
from engine.measure.alone import margin_alone
from engine.measure.batches import batches
from engine.measure.instrument import Instrument, View
from engine.measure.packing import pack
from engine.measure.prepare import Prepared
from engine.models.pm import load_pm
from engine.models.sae.load import load_sae
from engine.verdict import noise_floor
from tests.bench.statistics import statistics
from tests.engine.measure.ablation import borne_of, compare
from tests.engine.measure.plain import PlainModel
from tests.engine.measure.real import DUNNO, URL, read_pairs
from tests.engine.measure.tiny import ARCHITECTURES, from_ids, make_tiny

DRAWN = 120
"""Pairs of random tokens for each architecture."""
BUDGETS = (48, 400, 4096)
HALVES = (torch.bfloat16, torch.float16)


@dataclass(frozen=True, slots=True)
class Line:
    """One law: the largest difference seen, and how large it may be; None: told for the record."""

    law: str
    where: str
    compared: int
    difference: float
    most: float | None
    named: Sequence[str] = ()
    """What was left out of it, because a gate or a top-k cut lies within rounding: counted, and
    each with how far it is off."""

    def __str__(self) -> str:
        told = f"{self.law:<44} {self.where:<22} {self.compared:>5}  {self.difference:8.1e}"
        if self.most is not None:
            told += f"  <= {self.most:.0e} {'holds' if self.difference <= self.most else 'MISSED'}"
        if self.named:
            told += f"\n    left out, a gate or a cut within rounding: {len(self.named)}"
        return told + "".join(f"\n      {name}" for name in self.named)


def main() -> None:
    """Measure and print; the real PM only where it is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("pairs", "pm", "sae", "hook"):
        parser.add_argument(name, nargs="?")
    parser.add_argument("--count", type=int, default=24, help="real pairs, evenly spaced")
    asked = parser.parse_args()
    torch.set_num_threads(2)
    print(f"{'largest difference':<44} {'where':<22} {'of':>5}")
    with tempfile.TemporaryDirectory() as folder:
        for architecture in ARCHITECTURES:
            tiny = make_tiny(Path(folder) / architecture, architecture)
            show(of_texts(architecture, tiny.instrument, tiny.plain, drawn()))
    if asked.hook:
        pm = load_pm(asked.pm, dtype=torch.float32, device="cpu")
        instrument = _instrument(asked.pm, asked.sae, asked.hook, torch.float32)
        plain = PlainModel(Path(asked.pm), asked.hook)
        every = read_pairs(Path(asked.pairs))
        some = every[:: max(1, len(every) // asked.count)][: asked.count]
        prepared = [instrument.prepare(pair) for pair in some]
        show(of_texts(pm.name, instrument, plain, prepared))
        show(of_effects(pm.name, instrument, plain, every, asked.count))
        show(of_halves(asked.pm, asked.sae, asked.hook, some))
    show(
        Line(name, "scipy, scikit-learn", many, off, most) for name, many, off, most in statistics()
    )


def show(lines: Iterator[Line]) -> None:
    for line in lines:
        print(line, flush=True)


def drawn() -> list[Prepared]:
    """Pairs of random tokens that begin alike; either side may end where the other goes on."""
    draw = random.Random(0)

    def ids(most: int, least: int = 0) -> tuple[int, ...]:
        return tuple(draw.choices(range(1, 300), k=draw.randint(least, most)))

    starts = (ids(24, 1) for _ in range(DRAWN))
    return [from_ids(start + ids(16), start + ids(16), row) for row, start in enumerate(starts)]


def of_texts(
    where: str, instrument: Instrument, plain: PlainModel, pairs: Sequence[Prepared]
) -> Iterator[Line]:
    """Rewards and reconstructed rewards, packed and batched in several ways."""
    separate = torch.tensor(
        [[plain.reward(one.tokens(side).ids) for side in SIDES] for one in pairs]
    )
    ways = {budget: rewards(instrument, pairs, budget) for budget in BUDGETS}
    packed = ways[BUDGETS[-1]]

    def line(law: str, difference: Tensor, most: float) -> Line:
        return Line(law, where, len(pairs), float(difference.abs().max()), most)

    yield line("packed = separate: rewards", packed - separate, 1e-5)
    by_size = torch.stack([ways[budget] - packed for budget in BUDGETS[:-1]])
    yield line("batch size, and so padding's length", by_size, 1e-5)
    backwards = rewards(instrument, pairs[::-1], BUDGETS[1], sort=False).flip(0)
    yield line("order", backwards - packed, 1e-5)
    before = [on_the_left(instrument, batch) for batch in _as_they_are(pairs)]
    yield line("padding side", torch.cat(before) - packed, 1e-5)
    padded = [rewards(instrument, pairs, BUDGETS[-1], padding=token) for token in (0, 7)]
    yield line("what pads, that no text sees it", padded[0] - padded[1], 1e-5)
    yield from reconstructed(where, instrument, plain, pairs)


def rewards(
    instrument: Instrument,
    pairs: Sequence[Prepared],
    budget: int,
    *,
    padding: int | None = None,
    sort: bool = True,
) -> Tensor:
    """[pairs, 2], in the order of `pairs`."""
    found: dict[int, Tensor] = {}
    cut = batches(pairs, resumed=False, budget=budget) if sort else _as_they_are(pairs)
    for batch in cut:
        packed = instrument.pack(batch)
        if padding is not None:
            packed = pack(
                packed.bundles,
                padding=padding,
                dtype=instrument.pm.dtype,
                device=instrument.pm.device,
            )
        for one, row in zip(batch, instrument.forward.rewards(packed), strict=True):
            found[one.pair.id] = row
    return torch.stack([found[one.pair.id] for one in pairs])


def on_the_left(instrument: Instrument, batch: Sequence[Prepared]) -> Tensor:
    """[pairs, 2]: the same of a batch whose padding stands before each row."""
    packed = instrument.pack(batch)
    columns = packed.real.shape[1]
    by = [columns - made.tokens for made in packed.bundles]

    def moved(values: Tensor, *dims: int) -> Tensor:
        shifts = [(shift,) * len(dims) for shift in by]
        rows = zip(values, shifts, strict=True)
        return torch.stack([row.roll(shift, dims) for row, shift in rows])

    return instrument.forward.rewards(
        replace(
            packed,
            input_ids=moved(packed.input_ids, 0),
            position_ids=moved(packed.position_ids, 0),
            real=moved(packed.real, 0),
            mask=moved(packed.mask, 1, 2),
            readouts=packed.readouts + torch.tensor(by).unsqueeze(1),
        )
    )


def _as_they_are(pairs: Sequence[Prepared], many: int = 5) -> Iterator[Sequence[Prepared]]:
    """Batches of unlike lengths: the most padding there can be."""
    for start in range(0, len(pairs), many):
        yield pairs[start : start + many]


def reconstructed(
    where: str, instrument: Instrument, plain: PlainModel, pairs: Sequence[Prepared]
) -> Iterator[Line]:
    """Rewards with the SAE's reconstruction in place of the residual stream, against a hook.

    Their noise floor is over all of them, those that the law leaves out among them.
    """
    sae = instrument.sae
    left_out: list[str] = []
    differences: list[float] = []
    every: list[float] = []
    for batch in batches(pairs, resumed=True):
        view = instrument.view(batch)
        ours = instrument.reconstructed_rewards(view)
        for row, one in enumerate(batch):
            for number, side in enumerate(SIDES):
                ids = one.tokens(side).ids
                spliced = plain.reward(ids, lambda x: sae.decode(sae.encode(x), x))
                every.append(abs(float(ours[row, number]) - spliced))
                if flips := _flips(view, row, number, sae.encode(plain.residual(ids))):
                    told = f"pair {one.pair.id} {side}: features {flips}, {every[-1]:.1e}"
                    left_out.append(told)
                else:
                    differences.append(every[-1])
    law = "packed = separate: reconstructed rewards"
    most = max(differences, default=0.0)
    yield Line(law, where, len(differences), most, 1e-5, left_out)
    yield Line("their noise floor, all of them", where, len(every), noise_floor(every), None)


def _flips(view: View, row: int, side: int, plain: Tensor) -> list[int]:
    columns = view.columns(row, side, range(plain.shape[0]))
    differing = (view.activations[row, columns] > 0) != (plain > 0)
    found: list[int] = differing.any(0).nonzero().flatten().tolist()
    return found


def of_effects(
    where: str, instrument: Instrument, plain: PlainModel, pairs: Sequence[Pair], count: int
) -> Iterator[Line]:
    """Every kind of exact effect, of real bearers, against a forward hook on each text."""
    for heuristic in (DUNNO, URL):
        matcher = compile_heuristic(heuristic)
        bearers = [pair for pair in pairs if bearing(matcher, pair) is not None]
        # The shortest: each takes a dozen plain forwards.
        shortest = sorted(bearers, key=lambda pair: sum(map(len, pair.transcripts)))[: count // 2]
        made = {
            str(pair.name): compare(plain, instrument, pair, borne_of(pair, heuristic), heuristic)
            for pair in shortest
        }
        exact = [one.difference for one in made.values() if not one.flips]
        left_out = [
            f"{name}: features {sorted(one.flips)}, {one.difference:.1e}"
            for name, one in made.items()
            if one.flips
        ]
        law = f"effects of {heuristic.name}, against a hook"
        yield Line(law, where, len(exact), max(exact, default=0.0), 1e-4, left_out)


def of_halves(pm: str, sae: str, hook: str, pairs: Sequence[Pair]) -> Iterator[Line]:
    """The noise floor in half precision, which a run measures and stores: for the record."""
    for dtype in HALVES:
        instrument = _instrument(pm, sae, hook, dtype)
        prepared = [instrument.prepare(pair) for pair in pairs]
        packed = rewards(instrument, prepared, BUDGETS[-1])
        alone = torch.tensor([margin_alone(instrument, one) for one in prepared])
        floor = noise_floor((packed[:, 0] - packed[:, 1] - alone).tolist())
        name = f"noise floor in {str(dtype).removeprefix('torch.')}"
        yield Line(name, instrument.pm.name, len(pairs), floor, None)


def _instrument(pm: str, sae: str, hook: str, dtype: torch.dtype) -> Instrument:
    loaded = load_pm(pm, dtype=dtype, device="cpu")
    reads = load_sae(sae, device="cpu")
    return Instrument(loaded, reads, hook=hook, readout="last-text-token", positions="all")


if __name__ == "__main__":
    main()
