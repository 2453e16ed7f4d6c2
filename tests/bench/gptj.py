"""The full measurement of a GPT-J of the original PM's size on a GPU: `python -m tests.bench.gptj`.

Random weights in bfloat16 and a random gated SAE of the original's shape at its layer 12: how fast
they are hangs on sizes alone. Nothing is fetched. Pairs are made up, of HH's lengths, or a file's,
whose words stand for tokens (`--pairs`). What is timed and printed is what `tests.bench.measure`
prints. `--tiny` has a tiny GPT-J go through the same code, on a CPU where that is said.
"""

from __future__ import annotations

import argparse
import copy
import random
import string
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor, nn
from torch.nn.attention import SDPBackend
from transformers import AutoModelForSequenceClassification, GPTJConfig, PreTrainedModel

from engine.hh import Pair, PairName
from engine.measure.budget_probe import find_budget, meter_of
from engine.measure.instrument import Instrument
from engine.measure.prepare import Prepared
from engine.models.attention import fuse_attention
from engine.models.packed_linear import pack_linears
from engine.models.pm import PreferenceModel
from engine.models.sae.gated import GatedSae
from tests.bench.measure import compare
from tests.bench.plain_measure import Plain
from tests.engine.measure.real import read_pairs

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
ACTIVE = 53
"""Features that fire at a token: as many as of the original's SAE at layer 12."""
CONTEXT, RESPONSE = (4.4, 1.03), (3.4, 0.86)
"""Mean and standard deviation of the logarithm of how many words a context and what follows the
common prefix have, in every 20th pair of harmless-base's test file."""
SPARE = 4 * 2**30
"""Bytes beside the weights, without which not even small batches fit."""


@dataclass(frozen=True, slots=True)
class Size:
    """What is built, and how much of it is measured."""

    config: GPTJConfig
    layer: int
    d_sae: int
    pairs: int

    @property
    def bytes_needed(self) -> int:
        """Weights in two bytes each, and the SAE's two matrices in four."""
        d, many = self.config.n_embd, self.config.n_layer
        weights = many * 12 * d**2 + self.config.vocab_size * d
        return 2 * weights + 2 * 4 * d * self.d_sae


FULL = Size(GPTJConfig(), layer=12, d_sae=32768, pairs=384)
TINY = Size(
    GPTJConfig(
        vocab_size=800,
        n_positions=512,
        n_embd=64,
        n_layer=4,
        n_head=4,
        rotary_dim=8,
        bos_token_id=0,
        eos_token_id=0,
    ),
    layer=2,
    d_sae=512,
    pairs=12,
)


def made_up(many: int, longest: int) -> list[Pair]:
    """Pairs of words of two letters, as long as HH's; none longer than the PM reads."""
    draw = random.Random(0)
    words = [
        " " + one + other for one in string.ascii_lowercase for other in string.ascii_lowercase
    ]

    def text(mean: float, deviation: float, most: int) -> str:
        length = min(most, max(1, round(draw.lognormvariate(mean, deviation))))
        return "".join(draw.choices(words, k=length))

    return [
        Pair(
            id=row,
            name=PairName("made-up", "train", row),
            tranche="",
            context=f"\n\nHuman:{text(*CONTEXT, longest // 2)}\n\nAssistant:",
            chosen=text(*RESPONSE, longest // 4),
            rejected=text(*RESPONSE, longest // 4),
        )
        for row in range(many)
    ]


def tokenizer_of(texts: Iterable[str], size: int) -> Tokenizer:
    """A token for each of the commonest pieces that GPT-2's expression cuts texts into."""
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False)
    found = Counter(piece for text in texts for piece, _ in pieces.pre_tokenize_str(text))
    vocabulary = {"<unknown>": 0}
    for piece, _ in found.most_common(size - 1):
        vocabulary[piece] = len(vocabulary)
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unknown>"))
    tokenizer.pre_tokenizer = pieces
    return tokenizer


def random_model(config: GPTJConfig, dtype: torch.dtype, device: torch.device) -> PreTrainedModel:
    """A GPT-J with one label, made where it is to run."""
    config.num_labels = 1
    torch.manual_seed(0)
    build = cast("Callable[..., PreTrainedModel]", AutoModelForSequenceClassification.from_config)
    with device:
        model = build(config, dtype=dtype, attn_implementation="eager")
    model.train(False)
    return model.requires_grad_(False)


def plain_twin(model: PreTrainedModel) -> PreTrainedModel:
    """The same model once more, on the same weights: it keeps its own attention."""
    shared = {id(one): one for one in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, shared)


def preference_model(model: PreTrainedModel, tokenizer: Tokenizer) -> PreferenceModel:
    """As `load_pm` would hand it on."""
    weight = next(model.parameters())
    backbone, head = model.get_submodule("transformer"), model.get_submodule("score")
    blocks = model.get_submodule("transformer.h")
    assert isinstance(head, nn.Linear) and isinstance(blocks, nn.ModuleList)
    if weight.is_cuda:
        fuse_attention(model.config, blocks)
    pack_linears(backbone)
    return PreferenceModel(
        name="random GPT-J",
        hash="0" * 16,
        tokenizer_hash="0" * 16,
        architecture=type(model).__name__,
        backbone=backbone,
        blocks=blocks,
        blocks_path="transformer.h",
        head=head,
        tokenizer=tokenizer,
        chat=None,
        d_model=model.config.n_embd,
        max_tokens=model.config.n_positions,
        end_of_text=0,
        dtype=weight.dtype,
        device=weight.device,
    )


def random_sae(width: int, d_sae: int, device: torch.device) -> GatedSae:
    """Encoder and decoder directions of length one, tied, as SAEs begin to train."""
    torch.manual_seed(1)
    directions = torch.randn(d_sae, width, device=device)
    directions /= directions.norm(dim=1, keepdim=True)
    zeros = torch.zeros(d_sae, device=device)
    return GatedSae(
        name="random",
        hash="0" * 16,
        hook=None,
        w_dec=directions,
        b_dec=torch.zeros(width, device=device),
        w_enc=directions.T.contiguous(),
        r_mag=zeros,
        gate_bias=zeros,
        mag_bias=zeros,
    )


def instrument_of(pm: PreferenceModel, size: Size, pairs: Sequence[Pair]) -> Instrument:
    """PM and SAE, its gates such that so many features fire at a token as of the original's."""
    hook = f"transformer.h.{size.layer}"

    def read_by(sae: GatedSae) -> Instrument:
        return Instrument(pm, sae, hook=hook, readout="last-text-token", positions="all")

    sae = random_sae(pm.d_model, size.d_sae, pm.device)
    first = read_by(sae)
    packed = first.pack([first.prepare(pair) for pair in pairs[:2]])
    residual = first.forward.capture(packed).residual[packed.real][:256].float()
    strongest = (residual @ sae.w_enc).flatten().topk(ACTIVE * len(residual)).values[-1]
    made = read_by(replace(sae, gate_bias=torch.full_like(sae.gate_bias, -float(strongest))))
    find_budget(made, meter_of(pm.device))
    return made


def kernel_of(instrument: Instrument, prepared: Sequence[Prepared]) -> str:
    """What attends to a packed batch: the model's own code, or which of torch's kernels."""
    config = cast("GPTJConfig", vars(instrument.pm.backbone)["config"])
    if config._attn_implementation == "eager":
        return "its own"
    packed = instrument.pack(prepared[:4])
    rows, columns = packed.input_ids.shape
    shape = (rows, config.n_head, columns, config.n_embd // config.n_head)
    like: Tensor = torch.zeros(shape, dtype=packed.mask.dtype, device=packed.mask.device)
    chosen = torch._fused_sdp_choice(like, like, like, packed.mask)
    return f"torch's {SDPBackend(chosen).name.lower()}"


def missing(device: torch.device, size: Size) -> str | None:
    """In a sentence what this machine lacks for a model of this size; None: nothing."""
    if device.type != "cuda":
        return None
    need = (size.bytes_needed + SPARE) / 2**30
    if not torch.cuda.is_available():
        return (
            f"this needs a CUDA device with {need:.0f} GiB of free memory, and torch"
            f" {torch.__version__} finds none; --tiny --device cpu tries the same code here"
        )
    free = torch.cuda.mem_get_info(device)[0] / 2**30
    if free < need:
        return f"this needs {need:.1f} GiB of free memory on {device}, and {free:.1f} are"
    return None


def main() -> int:
    """Build, measure both ways, print; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", help="a file of pairs; without it they are made up")
    parser.add_argument("--count", type=int, help=f"how many pairs (default {FULL.pairs})")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", choices=DTYPES, default="bfloat16")
    parser.add_argument("--tiny", action="store_true", help="a GPT-J of four narrow blocks")
    asked = parser.parse_args()
    size, device = TINY if asked.tiny else FULL, torch.device(asked.device)
    if lacking := missing(device, size):
        print(lacking, file=sys.stderr)
        return 2
    many = asked.count or size.pairs
    longest = size.config.n_positions
    pairs = list(read_pairs(Path(asked.pairs))) if asked.pairs else made_up(many, longest)
    pairs = pairs[:: max(1, len(pairs) // many)][:many]
    probe = ["\n\nHuman: so\n\nAssistant: yes", " no"]  # what finds the budget
    texts = [text for pair in pairs for text in pair.transcripts]
    tokenizer = tokenizer_of(probe * len(texts) + texts, size.config.vocab_size)
    model = random_model(size.config, DTYPES[asked.dtype], device)
    twin = plain_twin(model)
    instrument = instrument_of(preference_model(model, tokenizer), size, pairs)
    prepared = [instrument.prepare(pair) for pair in pairs]
    block = twin.get_submodule(instrument.hook)
    parameters = sum(one.numel() for one in model.parameters())
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU"
    print(f"GPT-J of {parameters / 1e6:,.1f} million parameters, {asked.dtype}, on {where}")
    print(f"attention: {kernel_of(instrument, prepared)}; the plain way's own", flush=True)
    print(f"batches of {instrument.budget.columns} columns", flush=True)
    compare(instrument, Plain(twin, block, instrument.sae), prepared)
    return 0


if __name__ == "__main__":
    sys.exit(main())
