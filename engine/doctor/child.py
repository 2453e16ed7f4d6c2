"""The doctor's child process: it alone loads torch, and answers with one JSON document."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import huggingface_hub
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from engine.demo.place import resolve
from engine.doctor.accelerator import Answer, Device, Dictionary, Model, Question, Refused
from engine.errors import UserError
from engine.files import at_home, is_there
from engine.models.checkpoint import find_checkpoint
from engine.models.fetch import is_hub_name, no_such_folder
from engine.models.sae.load import load_sae
from engine.models.weights import read_json
from engine.shapes import build

_BLOCKS = ("num_hidden_layers", "n_layer")
_WIDTH = ("hidden_size", "n_embd")


def main() -> int:
    """Answer the question on stdin; what libraries print goes to stderr."""
    stdout = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    question = build(Question, json.loads(sys.stdin.read()), "question")
    refused: list[Refused] = []
    models: list[Model] = []
    saes: list[Dictionary] = []
    if question.pm is not None:
        with _refusals(refused):
            models.append(_model(question.pm))
    for path in question.saes:
        with _refusals(refused):
            saes.append(_dictionary(path))
    answer = Answer(
        torch=torch.__version__,
        devices=tuple(_devices()),
        mps=torch.backends.mps.is_available(),
        pm=models[0] if models else None,
        saes=tuple(saes),
        refused=tuple(refused),
    )
    stdout.write(json.dumps(asdict(answer)))
    stdout.close()
    return 0


@contextmanager
def _refusals(refused: list[Refused]) -> Iterator[None]:
    try:
        yield
    except UserError as error:
        refused.append(Refused(error.what, error.where, error.todo))


def _devices() -> Iterator[Device]:
    for number in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(number)
        capability = torch.cuda.get_device_capability(number)
        yield Device(torch.cuda.get_device_name(number), total, free, capability)


def _model(path: str) -> Model:
    """Its size from config and headers: no weight is loaded, and nothing is fetched."""
    folder = at_home(resolve(path))
    if not (is_there(folder) and folder.is_dir()):
        if not is_hub_name(path):
            raise no_such_folder(path)
        try:
            folder = Path(huggingface_hub.snapshot_download(path, local_files_only=True))
        except (LocalEntryNotFoundError, ValueError, OSError):
            raise UserError(
                "no copy of the hub's model is here",
                where=path,
                todo=f"Fetch it first: hf download {path}",
            ) from None
    config = read_json(folder / "config.json")
    checkpoint = find_checkpoint(folder)
    return Model(
        name=folder.name if Path(path).exists() else path,
        parameters=sum(map(math.prod, checkpoint.shapes.values())),
        blocks=_number(config, _BLOCKS),
        width=_number(config, _WIDTH),
        stored=checkpoint.stored,
    )


def _number(config: dict[str, object], names: tuple[str, ...]) -> int:
    found = (config.get(name) for name in names)
    return next((value for value in found if isinstance(value, int)), 0)


def _dictionary(path: str) -> Dictionary:
    sae = load_sae(resolve(path), device="cpu")
    tensors = (value for value in vars(sae).values() if isinstance(value, torch.Tensor))
    return Dictionary(sae.name, sum(tensor.numel() for tensor in tensors), sae.d_sae)


if __name__ == "__main__":
    sys.exit(main())
