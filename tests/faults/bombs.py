"""Small files that ask for a machine: bombs, absurd shapes and lengths, names that lead elsewhere.

    python -m tests.faults.bombs FOLDER

tries them all in a process that may take a few gigabytes of memory, and prints what came of it.
"""

from __future__ import annotations

import gzip
import json
import resource
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.cache.labels import read_labels
from engine.cache.layout import IndexPaths
from engine.cache.manifest import read_manifest
from engine.errors import UserError
from engine.exchange.reward_files import read_rewards
from engine.heuristics.file import load_heuristics
from engine.hh.json_lines import read_json_lines
from engine.hh.record import HH_COLUMNS, BadRecord
from engine.hh.saved import saved_splits
from engine.models.pm import load_pm
from engine.models.sae.load import load_sae
from engine.models.weights import read_json, read_pickle, read_safetensors
from engine.presets.read import read_preset
from tests.engine.models.tiny import write_pm
from tests.faults.fuzz import Caught

_MEMORY = 6 << 30
_ABSURD = 10**12
_BLANKS = b" " * 1023 + b"\n"
Attempt = Callable[[Path], object]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it."""

    attempts: int
    got_in: tuple[str, ...]
    """Those that were read, or ended in anything but a sentence."""
    peak: float
    """MB"""


def _written(name: str, data: Callable[[], bytes], read: Attempt) -> Attempt:
    def attempt(folder: Path) -> object:
        path = folder / name
        path.write_bytes(data())
        return read(path)

    return attempt


def _records(path: Path) -> object:
    """As `index` takes them: a record that is none is refused."""
    for record in read_json_lines(path, HH_COLUMNS):
        if isinstance(record, BadRecord):
            raise UserError(record.what, where=record.where)
    return path


def _tensors(**tensors: torch.Tensor) -> Attempt:
    def attempt(folder: Path) -> object:
        torch.save(tensors, folder / "ae.pt")
        return load_sae(str(folder / "ae.pt"), device="cpu")

    return attempt


def _standard(wide: torch.Tensor, deep: torch.Tensor) -> Attempt:
    """The four tensors of a standard SAE, made of one that only looks large."""
    named = {"encoder.weight": wide, "decoder.weight": wide.T}
    return _tensors(**named, **{"encoder.bias": deep, "bias": wide[0]})


def _packed_pickle(folder: Path) -> object:
    """A .pt file whose one gigabyte of zeros is packed to a megabyte, as torch never writes it."""
    torch.save({"encoder.weight": torch.zeros(1 << 20)}, folder / "plain.pt")
    with (
        zipfile.ZipFile(folder / "plain.pt") as plain,
        zipfile.ZipFile(folder / "ae.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in plain.namelist():
            data = plain.read(name)
            packed.writestr(name, bytes(1 << 30) if name.endswith("data/0") else data)
    return read_pickle(folder / "ae.pt")


def _safetensors(header: dict[str, object], data: bytes = b"", length: int | None = None) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _tensor(shape: list[int], end: int) -> dict[str, object]:
    return {"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}


def _config(**changed: int) -> Attempt:
    def attempt(folder: Path) -> object:
        write_pm(folder / "pm", "gptj")
        file = folder / "pm" / "config.json"
        values = json.loads(file.read_text(encoding="utf-8")) | changed
        file.write_text(json.dumps(values), encoding="utf-8")
        return load_pm(str(folder / "pm"), dtype=torch.float32, device="cpu")

    return attempt


def _npy(folder: Path) -> object:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (%d, 2), }" % _ABSURD
    size = struct.pack("<H", len(header))
    (folder / "r.npy").write_bytes(b"\x93NUMPY\x01\x00" + size + header + bytes(16))
    return read_rewards(folder / "r.npy")


def _shard(name: str) -> Attempt:
    def attempt(folder: Path) -> object:
        write_pm(folder / "pm", "gptj")
        (folder / "pm" / "model.safetensors").rename(folder / "outside.safetensors")
        index = {"weight_map": {"score.weight": name}}
        (folder / "pm" / "model.safetensors.index.json").write_text(json.dumps(index))
        return load_pm(str(folder / "pm"), dtype=torch.float32, device="cpu")

    return attempt


def _saved(split: str, name: str) -> Attempt:
    """A data set in a folder, one of whose splits and files are called so."""

    def attempt(folder: Path) -> object:
        (folder / "set").mkdir()
        (folder / "data.arrow").touch()
        (folder / "set" / "dataset_dict.json").write_text(json.dumps({"splits": [split]}))
        state = json.dumps({"_data_files": [{"filename": name}]})
        (folder / "set" / "train").mkdir()
        for place in (folder, folder / "set", folder / "set" / "train"):
            (place / "state.json").write_text(state)
        return saved_splits(folder / "set", None)

    return attempt


def _named(name: str) -> Attempt:
    return lambda folder: IndexPaths(folder, name)


def _sparse() -> torch.Tensor:
    """One number in a matrix of a million million."""
    indices, side = torch.zeros(2, 1), 1 << 30
    return torch.sparse_coo_tensor(indices, torch.ones(1), (side, side), check_invariants=True)


_ONE = torch.ones(1)
_HEURISTIC = b'[[heuristic]]\nname = "a"\npattern = "b"\nfeatures = '

ATTEMPTS: dict[str, Attempt] = {
    "gzip: blanks without end": _written(
        "a.jsonl.gz", lambda: gzip.compress(_BLANKS * 200_000, 1), _records
    ),
    "gzip: a line without end": _written(
        "a.jsonl.gz", lambda: gzip.compress(b"a" * (20 << 20)), _records
    ),
    "JSON: a giant line": _written(
        "a.jsonl", lambda: b'{"chosen": "' + b"a" * (20 << 20), _records
    ),
    "JSON: brackets without end": _written("a.jsonl", lambda: b"[" * 5_000_000, _records),
    "JSON: a number without end": _written("a.jsonl", lambda: b"9" * 5_000_000, _records),
    "labels: too large": _written("a.json", lambda: b" " * (65 << 20), read_labels),
    "labels: brackets": _written("a.json", lambda: b"[" * 1_000_000, read_labels),
    "labels: a field without end": _written(
        "a.csv", lambda: b'feature,label\n1,"' + b"a" * 1_000_000, read_labels
    ),
    "heuristics: too large": _written(
        "h.toml", lambda: _HEURISTIC + b"#" * (2 << 20), load_heuristics
    ),
    "heuristics: brackets": _written(
        "h.toml", lambda: _HEURISTIC + b"[" * 500_000, load_heuristics
    ),
    "heuristics: a key of many parts": _written(
        "h.toml", lambda: b".".join([b"a"] * 100_000) + b" = 1", load_heuristics
    ),
    "heuristics: quoted parts": _written(
        "h.toml", lambda: b"x = {" + b".".join([b'"\\""'] * 100_000) + b" = 1}", load_heuristics
    ),
    "heuristics: a number": _written(
        "h.toml", lambda: _HEURISTIC + b"9" * 500_000, load_heuristics
    ),
    "preset: brackets": _written("p.toml", lambda: b"a = " + b"[" * 500_000, read_preset),
    "manifest: too large": _written("m.json", lambda: b" " * (2 << 20), read_manifest),
    "manifest: brackets": _written("m.json", lambda: b"[" * 500_000, read_manifest),
    "config: brackets": _written("config.json", lambda: b"[" * 500_000, read_json),
    ".pt: one number for all": _standard(_ONE.expand(1 << 20, 1 << 20), _ONE.expand(1 << 20)),
    ".pt: no width": _standard(torch.empty(1 << 40, 0), torch.empty(0)),
    ".pt: sparse": _tensors(**{"encoder.weight": _sparse()}),
    ".pt: no data": _tensors(**{"encoder.weight": torch.empty(1 << 30, 1 << 30, device="meta")}),
    ".pt: packed": _packed_pickle,
    ".npy: more than it holds": _npy,
    "safetensors: a header without end": _written(
        "a.safetensors", lambda: _safetensors({}, length=1 << 62), read_safetensors
    ),
    "safetensors: a shape that overflows": _written(
        "a.safetensors",
        lambda: _safetensors(_tensor([1 << 62, 1 << 62], 4), bytes(4)),
        read_safetensors,
    ),
    "safetensors: more than it holds": _written(
        "a.safetensors",
        lambda: _safetensors(_tensor([1 << 40], 4 << 40), bytes(4)),
        read_safetensors,
    ),
    "config: layers": _config(n_layer=_ABSURD),
    "config: words": _config(vocab_size=_ABSURD),
    "config: width": _config(n_embd=_ABSURD),
    "config: positions": _config(n_positions=_ABSURD),
    "config: inner width": _config(n_inner=_ABSURD),
    "a shard outside its folder": _shard("../outside.safetensors"),
    "a shard called ..": _shard(".."),
    "a shard with a NUL": _shard("a\x00.safetensors"),
    "a saved data set's file outside": _saved("train", "../data.arrow"),
    "a saved data set's split called ..": _saved("..", "data.arrow"),
    "a saved data set's split with a NUL": _saved("a\x00b", "data.arrow"),
    "an index called ../x": _named("../x"),
    "an index called /x": _named("/x"),
    "an index called .": _named("."),
    "a run called ../../x": lambda folder: IndexPaths(folder).run("../../x"),
}


def tried(folder: Path) -> Tried:
    """Try them all, in a process of its own."""
    command = [sys.executable, "-m", "tests.faults.bombs", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    values = json.loads(done.stdout)
    return Tried(values["attempts"], tuple(values["got_in"]), values["peak"])


def main() -> None:
    """Try them one after the other."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    got_in = []
    for number, (name, attempt) in enumerate(ATTEMPTS.items()):
        folder = Path(sys.argv[1]) / str(number)
        folder.mkdir(parents=True)
        caught, was_read = Caught((UserError,)), False
        with caught:
            attempt(folder)
            was_read = True
        if was_read or caught.crash is not None:
            got_in.append(f"{name}: {caught.crash!r}"[:300] if caught.crash else f"{name}: read")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    sys.stdout.write(json.dumps({"attempts": len(ATTEMPTS), "got_in": got_in, "peak": peak}))


if __name__ == "__main__":
    main()
