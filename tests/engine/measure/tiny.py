"""Tiny PMs with a random gated SAE each, and pairs to measure with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from engine.hh import Pair, PairName
from engine.measure.instrument import Instrument, Positions
from engine.measure.prepare import Prepared
from engine.models.pm import PreferenceModel, load_pm
from engine.models.sae.load import load_sae
from engine.models.tokens import Readout, Tokens
from tests.engine.measure.plain import PlainModel
from tests.engine.models.tiny import BLOCKS_PATHS, D_MODEL, write_pm

ARCHITECTURES = sorted(BLOCKS_PATHS)
BLOCK = 1
"""The hook point: the middle one of three blocks."""
D_SAE = 96
QUESTION = "\n\nHuman: Who?\n\nAssistant:"


def hook_of(architecture: str) -> str:
    return f"{BLOCKS_PATHS[architecture]}.{BLOCK}"


def write_sae(folder: Path, architecture: str, seed: int = 1) -> Path:
    """A gated SAE in dictionary_learning's layout, about an eighth of whose features fire."""
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    tensors = {
        "encoder.weight": random(D_SAE, D_MODEL) / D_MODEL**0.5,
        "decoder.weight": random(D_MODEL, D_SAE) / D_MODEL**0.5,
        "decoder_bias": 0.1 * random(D_MODEL),
        "gate_bias": random(D_SAE) - 3,
        "mag_bias": 0.1 * random(D_SAE),
        "r_mag": 0.1 * random(D_SAE),
    }
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(tensors, folder / "ae.pt")
    trainer = {"dict_class": "GatedAutoEncoder", "submodule_name": hook_of(architecture)}
    (folder / "config.json").write_text(json.dumps({"trainer": trainer}))
    return folder


@dataclass(frozen=True, slots=True)
class Tiny:
    """One architecture: ours, and the plain model it was written from."""

    folder: Path
    pm: PreferenceModel
    plain: PlainModel
    instrument: Instrument

    def read_by(self, readout: Readout, positions: Positions = "all") -> Instrument:
        """The same PM and SAE, read in another way."""
        return Instrument(
            self.pm,
            self.instrument.sae,
            hook=self.instrument.hook,
            readout=readout,
            positions=positions,
        )


@cache
def make_tiny(folder: Path, architecture: str) -> Tiny:
    """Write and load the PM and SAE of one architecture."""
    write_pm(folder / "pm", architecture)
    sae = write_sae(folder / "sae", architecture)
    pm = load_pm(str(folder / "pm"), dtype=torch.float32, device="cpu")
    hook = hook_of(architecture)
    instrument = Instrument(
        pm,
        load_sae(str(sae), device="cpu"),
        hook=hook,
        readout="last-text-token",
        positions="all",
    )
    return Tiny(folder, pm, PlainModel(folder / "pm", hook), instrument)


def pair(chosen: str, rejected: str, context: str = QUESTION, row: int = 0) -> Pair:
    return Pair(row, PairName("a.jsonl", "train", row), "a", context, chosen, rejected)


def from_ids(chosen: tuple[int, ...], rejected: tuple[int, ...], row: int = 0) -> Prepared:
    """A pair given as token ids: laws hold for any, also for those that no text gives."""
    shared = 0
    while shared < min(len(chosen), len(rejected)) and chosen[shared] == rejected[shared]:
        shared += 1
    left, right = (Tokens(ids, ((0, 0),) * len(ids)) for ids in (chosen, rejected))
    return Prepared(pair(str(chosen), str(rejected), row=row), left, right, shared, 0)
