"""Train the demo's tokenizer, PM and SAE again: `python -m engine.demo.train` (minutes, on a CPU).

Read from top to bottom, this is all there is to the models that ship in `data/pm` and `data/sae`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import GPTJForSequenceClassification

from engine.demo import HOOK, PM, SAE
from engine.demo.compose import SEED, Composed, more, shipped, unseen_rows
from engine.demo.gated import GatedSAE, SparseRecipe, faithfulness, residuals, train_sae
from engine.demo.preference import Pair, Recipe, Shape, new_pm, score, train_pm
from engine.demo.source import PATTERNS
from engine.demo.tokens import learn_tokenizer, save_tokenizer

VOCABULARY = 3000
MORE_PAIRS = 4000
SAE_PAIRS = 2000
THREADS = 1  # sums come out the same on any number of cores, and shared cores do not stall it


def main() -> None:
    """Learn tokenizer, PM and SAE, write them, and print how good they are."""
    torch.set_num_threads(THREADS)
    pairs, unseen = shipped(), unseen_rows()
    training = texts_of(pairs[unseen:]) + texts_of(more(MORE_PAIRS, SEED + 1))
    tokenizer = learn_tokenizer([text for pair in training for text in pair], VOCABULARY)
    save_tokenizer(tokenizer, PM)

    recipe = Recipe()
    print(f"training the PM on {len(training)} pairs", flush=True)
    model = new_pm(tokenizer.get_vocab_size(), Shape(), recipe.dropout, recipe.seed)
    train_pm(model, tokenizer, training, recipe)
    # Saved in half precision: what is measured from here on are the weights that ship.
    torch.nn.Module.to(model, torch.float16)
    model.save_pretrained(PM)
    torch.nn.Module.to(model, torch.float32)
    report_pm(model, tokenizer, pairs, unseen)

    block = int(HOOK.rsplit(".", 1)[1])
    sampled = [text for pair in training[:SAE_PAIRS] for text in pair]
    x = residuals(model, tokenizer, sampled, block)
    print(f"training the SAE on {len(x)} tokens", flush=True)
    sae = train_sae(x, SparseRecipe())
    save_sae(sae, SAE, block)
    fresh = [text for pair in texts_of(pairs[:unseen]) for text in pair]
    for name, sample in (
        ("trained", x[:50_000]),
        ("unseen", residuals(model, tokenizer, fresh, block)),
    ):
        fvu, l0 = faithfulness(sae, sample)
        print(f"SAE on {name} texts: FVU {fvu:.4f}, L0 {l0:.1f}")


def texts_of(pairs: Sequence[Composed]) -> list[Pair]:
    """The two transcripts of each pair, chosen first."""
    return [(pair.record["chosen"], pair.record["rejected"]) for pair in pairs]


def save_sae(sae: GatedSAE, folder: Path, block: int) -> None:
    """`ae.pt` and `config.json` in dictionary_learning's layout."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(sae.state_dict(), folder / "ae.pt")
    features, width = sae.encoder.weight.shape
    config = {
        "trainer": {
            "dict_class": "GatedAutoEncoder",
            "trainer_class": "GatedSAETrainer",
            "activation_dim": width,
            "dict_size": features,
            "layer": block,
            "lm_name": "outvoted-demo-pm",
            "submodule_name": HOOK,
        },
        "buffer": {"d_submodule": width, "io": "out"},
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")


def report_pm(
    model: GPTJForSequenceClassification,
    tokenizer: Tokenizer,
    pairs: Sequence[Composed],
    unseen: int,
) -> None:
    """Print accuracy, margins, and what each pattern's deletion does."""
    texts = texts_of(pairs)
    chosen = torch.tensor(score(model, tokenizer, [pair[0] for pair in texts]))
    rejected = torch.tensor(score(model, tokenizer, [pair[1] for pair in texts]))
    margins = chosen - rejected
    for name, rows in (("unseen", slice(0, unseen)), ("trained", slice(unseen, None))):
        part = margins[rows]
        right = (part > 0).float().mean().item()
        print(f"{name}: {len(part)} pairs, accuracy {right:.1%}, mean margin {part.mean():.3f}")
    for name, pattern in PATTERNS.items():
        bears = [
            (bool(pattern.search(pair.chosen)), bool(pattern.search(pair.rejected)))
            for pair in pairs
        ]
        counter = [row for row, sides in enumerate(bears) if sides == (True, False)]
        conform = [row for row, sides in enumerate(bears) if sides == (False, True)]
        bearers = [texts[row][0] for row in counter] + [texts[row][1] for row in conform]
        without = [
            pair.context + " " + pattern.sub("", response)
            for pair, response in [
                *((pairs[row], pairs[row].chosen) for row in counter),
                *((pairs[row], pairs[row].rejected) for row in conform),
            ]
        ]
        effect = torch.tensor(score(model, tokenizer, bearers)) - torch.tensor(
            score(model, tokenizer, without)
        )
        print(
            f"{name}: PM right on {int((margins[counter] > 0).sum())} of {len(counter)} "
            f"counterexamples ({sum(row < unseen for row in counter)} unseen) and "
            f"{int((margins[conform] > 0).sum())} of {len(conform)} conforming; "
            f"{bears.count((True, True))} bear it on both sides; the pattern "
            f"{'lowers' if effect.mean() < 0 else 'raises'} reward by {effect.abs().mean():.3f} "
            f"(mean {effect.mean():+.3f})"
        )


if __name__ == "__main__":
    main()
