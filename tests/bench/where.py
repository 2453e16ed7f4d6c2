"""Where the measurement's time goes: `python -m tests.bench.where PAIRS PM SAE HOOK`.

Rewards alone and the full measurement of `tests.bench.measure`, by kind of work, each as a share of
the time; and how fast matrix products are done, over all of that time and over their own.
"""

from __future__ import annotations

import io
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from operator import itemgetter

from torch import nn
from torch.profiler import ProfilerActivity, profile

from engine.measure.instrument import Instrument
from engine.measure.prepare import Prepared
from tests.bench.measure import asked_for, margins, measured, peak, products, timed

KINDS = {
    "linear layers": ("linear", "addmm", "aten::mm", "aten::bmm"),
    "attention": ("scaled_dot_product",),
    "moved": ("copy", "cat", "index", "gather", "scatter", "clone", "sort", "nonzero"),
    "value by value": (
        "mul", "add", "silu", "gelu", "tanh", "pow", "neg", "rsqrt", "mean", "sum", "sub", "div",
        "where", "sigmoid", "norm", "relu", "max", "gt", "exp", "randn", "normal",
    ),
}  # fmt: skip
"""By what the names of torch's operators hold; the first kind that fits takes one."""


def kind_of(operator: str) -> str:
    """What kind of work an operator is."""
    found = (kind for kind, names in KINDS.items() if any(name in operator for name in names))
    return next(found, "the rest")


def attended(instrument: Instrument, prepared: Sequence[Prepared]) -> float:
    """The multiplications and additions of attention that are needed: of tokens that see another.

    Scores and weighted sums take as many each; the last block reads two tokens a pair alone.
    """
    layers = len(instrument.pm.blocks) - 1
    seen = sum(int((instrument.pack([one]).mask == 0).sum()) for one in prepared)
    return 4.0 * seen * instrument.pm.d_model * layers


def main() -> None:
    _, instrument, prepared = asked_for(__doc__, 48)
    pm = instrument.pm
    measured(instrument, prepared[:4])
    rewards = partial(margins, instrument, prepared)
    linear = [module for module in pm.backbone.modules() if isinstance(module, nn.Linear)]
    work = products(linear, rewards)
    best = peak(next(pm.backbone.parameters()))
    seconds, _ = timed(rewards)
    shares = tell("rewards alone", rewards)
    own = work / (seconds * shares["linear layers"])
    both = work + attended(instrument, prepared)
    print(f"  linear layers      {own / 1e9:4.0f} GFLOP/s in their own time, {own / best:.0%}")
    print(f"  all of the time    {both / seconds / 1e9:4.0f} GFLOP/s, {both / seconds / best:.0%}:")
    print("                     linear layers, and attention of tokens that see each other")
    print(f"  peak               {best / 1e9:4.0f} GFLOP/s, the best of ten plain products")
    tell("full measurement", partial(measured, instrument, prepared))


def tell(what: str, run: Callable[[], object]) -> dict[str, float]:
    """Profile a run, and print each kind of work as a share of it; the shares."""
    with _unsaid(), profile(activities=[ProfilerActivity.CPU]) as profiled:
        seconds, _ = timed(run)
    shares: dict[str, float] = defaultdict(float)
    for each in profiled.key_averages():
        shares[kind_of(each.key)] += each.self_cpu_time_total / 1e6 / seconds
    shares["outside torch"] = max(0.0, 1 - sum(shares.values()))
    print(f"{what}, {seconds:.1f} s under the profiler")
    for kind, share in sorted(shares.items(), key=itemgetter(1), reverse=True):
        print(f"  {kind:<18} {share:5.0%}")
    return shares


@contextmanager
def _unsaid() -> Iterator[None]:
    """The profiler writes of its own beginning and end to stderr."""
    kept = os.dup(2)
    with io.FileIO(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


if __name__ == "__main__":
    main()
