"""The full measurement against the plain way: `python -m tests.bench.measure PAIRS PM SAE HOOK`.

Rewards, reconstructed rewards, one group ablated over P and the attributions of the same pairs, as
Outvoted measures them and as transformers with forward hooks does: each text by itself in padded
batches of eight, in file order and sorted by length, a full forward for each splice. Rewards alone
too. All run in this process, one after the other, and their figures are compared.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from engine.measure.base import ActiveFeatures, attributions
from engine.measure.budget import in_batches
from engine.measure.effects import written_by
from engine.measure.instrument import Instrument
from engine.measure.loading import make_instrument
from engine.measure.prepare import Prepared
from engine.measure.variants import Variant, exact_effects
from engine.models.pm import load_pm
from tests.bench.plain_measure import Figures, Plain, Text
from tests.engine.measure.plain import PlainModel
from tests.engine.measure.real import read_pairs

GROUP = tuple(range(0, 512, 16))
"""What is ablated together: any features do, the time is the same."""
Made = TypeVar("Made")


def measured(instrument: Instrument, prepared: Sequence[Prepared]) -> Figures:
    """The full measurement, of the same functions as `score` calls."""

    def measure(batch: Sequence[Prepared]) -> Figures:
        found = Figures()
        view = instrument.view(batch)
        rewards_sae = instrument.reconstructed_rewards(view)
        variants = []
        for row in range(len(batch)):
            chosen, rejected = view.response_columns(row)
            columns = chosen + rejected
            taken = written_by(instrument, view, row, columns, GROUP)
            variants.append(Variant(row, columns, taken))
        effects = exact_effects(instrument, view, variants)
        active = attributions(instrument, view)
        for row, one in enumerate(batch):
            pair = one.pair.id
            found.margin[pair] = float(view.margins[row])
            found.margin_sae[pair] = float(rewards_sae[row, 0] - rewards_sae[row, 1])
            found.effect[pair] = effects[row]
            found.attribution[pair] = _dense(active[row], instrument.sae.d_sae)
        return found

    whole = Figures()
    for part in in_batches(instrument.budget, prepared, resumed=True, measure=measure):
        whole.add(part)
    return whole


def margins(instrument: Instrument, prepared: Sequence[Prepared]) -> dict[int, float]:
    """Rewards alone, as `score` takes those of its sample."""

    def measure(batch: Sequence[Prepared]) -> dict[int, float]:
        rewards = instrument.forward.rewards(instrument.pack(batch)).tolist()
        pairs = zip(batch, rewards, strict=True)
        return {one.pair.id: chosen - rejected for one, (chosen, rejected) in pairs}

    parts = in_batches(instrument.budget, prepared, resumed=False, measure=measure)
    return {pair: margin for part in parts for pair, margin in part.items()}


def texts_of(prepared: Sequence[Prepared]) -> list[Text]:
    """Both sides of every pair, in file order."""
    return [
        Text(one.pair.id, sign, tuple(tokens.ids), one.divergence)
        for one in prepared
        for sign, tokens in ((1, one.chosen), (-1, one.rejected))
    ]


def peak(like: Tensor) -> float:
    """The device's matrix-product peak in a tensor's dtype, in operations a second: best of ten."""
    size = 8192 if like.is_cuda else 2048
    left, right = (torch.randn(size, size).to(like) for _ in range(2))
    return float(2 * size**3 / min(timed(lambda: left @ right)[0] for _ in range(10)))


def products(modules: Sequence[nn.Module], run: Callable[[], object]) -> float:
    """The multiplications and additions in the forward passes of linear layers during a run."""
    total = 0.0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], _output: object) -> None:
        nonlocal total
        if isinstance(module, nn.Linear):
            total += 2.0 * inputs[0].numel() * module.out_features

    handles = [module.register_forward_hook(count) for module in modules]
    run()
    for handle in handles:
        handle.remove()
    return total


def timed(run: Callable[[], Made]) -> tuple[float, Made]:
    """Seconds until a GPU, too, has nothing left to do; and what it made."""
    _wait()
    started = time.perf_counter()
    made = run()
    _wait()
    return time.perf_counter() - started, made


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def timed_plain(plain: Plain, run: Callable[[], Made]) -> tuple[float, Made]:
    """The same of the plain way, in smaller batches where memory has no room for its eight."""
    while True:
        try:
            return timed(run)
        except torch.OutOfMemoryError:
            if plain.batch == 1:
                raise
        plain.batch //= 2
        torch.cuda.empty_cache()
        print(f"the plain way has no room for more than {plain.batch} texts at once", flush=True)


def _dense(active: ActiveFeatures, d_sae: int) -> Tensor:
    out = torch.zeros(d_sae)
    out[torch.from_numpy(active.feature).long()] = torch.from_numpy(active.attribution)
    return out


def _difference(left: dict[int, float], right: dict[int, float]) -> str:
    found = sorted(abs(left[pair] - right[pair]) for pair in left)
    return f"median {found[len(found) // 2]:.1e}, largest {found[-1]:.1e}"


def asked_for(
    description: str | None, count: int
) -> tuple[argparse.Namespace, Instrument, list[Prepared]]:
    """What the command line names: PAIRS, PM, SAE and HOOK, and `--count` of the pairs."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("pairs", "pm", "sae", "hook"):
        parser.add_argument(name)
    parser.add_argument("--count", type=int, default=count, help="how many pairs, evenly spaced")
    asked = parser.parse_args()
    torch.set_num_threads(2)
    pm = load_pm(asked.pm, dtype=torch.float32, device="cpu")
    instrument = make_instrument(
        pm, asked.sae, hook=asked.hook, readout="last-text-token", positions="all", device="cpu"
    )
    pairs = read_pairs(Path(asked.pairs))
    chosen = pairs[:: max(1, len(pairs) // asked.count)][: asked.count]
    return asked, instrument, [instrument.prepare(pair) for pair in chosen]


def main() -> None:
    asked, instrument, prepared = asked_for(__doc__, 96)
    reference = PlainModel(Path(asked.pm), asked.hook)
    plain = Plain(reference.model, reference.block, instrument.sae)
    compare(instrument, plain, prepared)


def compare(instrument: Instrument, plain: Plain, prepared: Sequence[Prepared]) -> None:
    """Measure both ways, and print times, ratios, the share of the peak and what differs."""
    texts = texts_of(prepared)
    by_length = sorted(texts, key=lambda text: len(text.ids))
    measured(instrument, prepared[:4])
    timed_plain(plain, lambda: plain.measure(texts[:4], GROUP))

    full, ours = timed(lambda: measured(instrument, prepared))
    memory, whose = _memory()
    rewards, our_margins = timed(lambda: margins(instrument, prepared))
    in_order, theirs = timed_plain(plain, lambda: plain.measure(texts, GROUP))
    sorted_full, _ = timed_plain(plain, lambda: plain.measure(by_length, GROUP))
    sorted_rewards, their_margins = timed_plain(plain, lambda: plain.margins(by_length))
    linear = [module for module in instrument.pm.backbone.modules() if _is_linear(module)]
    work = products(linear, lambda: margins(instrument, prepared))
    best = peak(next(instrument.pm.backbone.parameters()))

    many = len(prepared)
    print(f"{many} pairs, {sum(len(text.ids) for text in texts)} tokens in separate texts")
    print(f"full measurement   {full:7.1f} s   {many / full:5.2f} pairs/s")
    print(f"  plain, file order{in_order:7.1f} s   {in_order / full:5.2f} times as long")
    print(f"  plain, by length {sorted_full:7.1f} s   {sorted_full / full:5.2f} times as long")
    print(f"rewards alone      {rewards:7.1f} s   {many / rewards:5.2f} pairs/s")
    print(f"  plain, by length {sorted_rewards:7.1f} s   {sorted_rewards / rewards:5.2f} times")
    print(
        f"matrix products    {work / rewards / 1e9:7.0f} GFLOP/s in linear layers, rewards alone,"
    )
    print(f"                   {work / rewards / best:7.0%} of the peak of {best / 1e9:.0f}")
    print(f"peak memory        {memory:7.2f} GiB {whose}, after the full measurement")
    print(f"margins differ by     {_difference(our_margins, their_margins)}")
    print(f"with x_hat, by        {_difference(ours.margin_sae, theirs.margin_sae)}")
    print(f"group effects, by     {_difference(ours.effect, theirs.effect)}")
    apart = max(
        float((ours.attribution[pair] - theirs.attribution[pair]).abs().max())
        for pair in ours.attribution
    )
    print(f"attributions, at most {apart:.1e}")


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear)


def _memory() -> tuple[float, str]:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30, "of the GPU"
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "resident"


if __name__ == "__main__":
    main()
