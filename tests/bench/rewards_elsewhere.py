"""Rewards alone against other loops: `python -m tests.bench.rewards_elsewhere PAIRS PM`.

RewardBench hands batches of eight texts in file order to transformers' text-classification
pipeline, chosen and rejected by turns; that call is made here as it makes it. TRL's RewardTrainer
takes batches of eight pairs from its own loader through its own loss; it is no dependency of ours,
and where it is not installed its line says so. All run in one process on the same pairs, and
margins are compared. On 64 pairs and two cores RewardBench's loop took 5.3 times as long, TRL's
5.4 times.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from datasets import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from engine.hh import Pair
from engine.measure.batches import batches
from engine.measure.forward import Forward
from engine.measure.packing import pack
from engine.measure.prepare import prepare
from engine.models.pm import PreferenceModel, load_pm
from tests.bench.measure import timed
from tests.engine.measure.real import read_pairs

BATCH = 8


def ours(pm: PreferenceModel, pairs: Sequence[Pair]) -> list[float]:
    """Margins as `score` takes those of its sample, tokenising included."""
    forward = Forward(pm, len(pm.blocks) // 2)
    prepared = [prepare(pm, pair, "last-text-token") for pair in pairs]
    found = {}
    for batch in batches(prepared, resumed=False):
        bundles = [one.bundle() for one in batch]
        packed = pack(bundles, padding=pm.end_of_text, dtype=pm.dtype, device=pm.device)
        for one, (chosen, rejected) in zip(batch, forward.rewards(packed).tolist(), strict=True):
            found[one.pair.id] = chosen - rejected
    return [found[pair.id] for pair in pairs]


class RewardBench:
    """Its default way for a sequence classifier."""

    def __init__(self, path: str) -> None:
        tokenizer = AutoTokenizer.from_pretrained(path)
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
        model = AutoModelForSequenceClassification.from_pretrained(path, dtype=torch.float32)
        model.config.pad_token_id = tokenizer.pad_token_id
        self._pipe = pipeline("text-classification", model=model, tokenizer=tokenizer)

    def margins(self, pairs: Sequence[Pair]) -> list[float]:
        found: list[float] = []
        for start in range(0, len(pairs), BATCH):
            batch = pairs[start : start + BATCH]
            chosen, rejected = (
                self._pipe(
                    [pair.transcripts[side] for pair in batch],
                    batch_size=BATCH,
                    truncation=True,
                    padding=True,
                    max_length=2048,
                    function_to_apply="none",
                )
                for side in (0, 1)
            )
            found += [
                one["score"] - other["score"] for one, other in zip(chosen, rejected, strict=True)
            ]
        return found


class Trl:
    """Its RewardTrainer, on tokens that are at hand already."""

    def __init__(self, path: str, pm: PreferenceModel, pairs: Sequence[Pair]) -> None:
        trl = importlib.import_module("trl")
        tokenizer = AutoTokenizer.from_pretrained(path)
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
        model = AutoModelForSequenceClassification.from_pretrained(path, dtype=torch.float32)
        model.config.pad_token_id = tokenizer.pad_token_id
        prepared = [prepare(pm, pair, "last-text-token") for pair in pairs]
        self._data = Dataset.from_dict(
            {
                "chosen_ids": [list(one.chosen.ids) for one in prepared],
                "rejected_ids": [list(one.rejected.ids) for one in prepared],
            }
        )
        settings = trl.RewardConfig(
            output_dir=tempfile.mkdtemp(),
            per_device_eval_batch_size=BATCH,
            max_length=None,
            use_cpu=True,
            bf16=False,
            report_to=[],
            disable_tqdm=True,
        )
        self._trainer = trl.RewardTrainer(
            model=model,
            args=settings,
            train_dataset=self._data,
            eval_dataset=self._data,
            processing_class=tokenizer,
        )

    def margins(self) -> list[float]:
        found: list[float] = []
        model = self._trainer.model.eval()
        with torch.no_grad():
            for inputs in self._trainer.get_eval_dataloader(self._data):
                _, outputs = self._trainer.compute_loss(model, inputs, return_outputs=True)
                chosen, rejected = outputs.logits.squeeze(-1).chunk(2)
                found += (chosen - rejected).tolist()
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("pm")
    parser.add_argument("--count", type=int, default=64, help="how many pairs, evenly spaced")
    asked = parser.parse_args()
    torch.set_num_threads(2)
    every = read_pairs(asked.pairs)
    pairs = every[:: max(1, len(every) // asked.count)][: asked.count]
    pm = load_pm(asked.pm, dtype=torch.float32, device="cpu")
    reward_bench = RewardBench(asked.pm)
    ours(pm, pairs[:4])
    reward_bench.margins(pairs[:4])

    seconds, margins = timed(lambda: ours(pm, pairs))
    print(f"{len(pairs)} pairs, rewards alone")
    print(f"Outvoted     {seconds:6.1f} s  {len(pairs) / seconds:5.2f} pairs/s")
    theirs, found = timed(lambda: reward_bench.margins(pairs))
    print(f"RewardBench  {theirs:6.1f} s  {theirs / seconds:5.2f} times as long")
    print(f"  margins differ by {_largest(margins, found):.1e} at most")
    if importlib.util.find_spec("trl") is None:
        print("TRL is not installed: pip install --no-deps trl")
        return
    trl = Trl(asked.pm, pm, pairs)
    theirs, found = timed(trl.margins)
    print(f"TRL          {theirs:6.1f} s  {theirs / seconds:5.2f} times as long")
    print(f"  margins differ by {_largest(margins, found):.1e} at most")


def _largest(left: Sequence[float], right: Sequence[float]) -> float:
    return max(abs(one - other) for one, other in zip(left, right, strict=True))


if __name__ == "__main__":
    main()
