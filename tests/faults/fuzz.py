"""Readers of what others wrote, fed with what nobody would write: they refuse it or read it.

Here is a fixed budget of spoiled inputs; `tests.faults.search` searches on, guided by coverage.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import torch
from safetensors.torch import save_file

from engine.cache.labels import read_labels
from engine.cache.manifest import Manifest, RunConfig, read_manifest
from engine.cache.triage_line import parse_line
from engine.errors import UserError
from engine.exchange.pins_in import pins_of
from engine.exchange.read import read_rows
from engine.filters import FilterError, parse
from engine.heuristics.file import load_heuristics
from engine.hh import split_pair, turns
from engine.hh.json_lines import read_json_lines
from engine.hh.record import HH_COLUMNS
from engine.live.protocol import Cancel, decode, encode
from engine.models.sae.load import load_sae
from engine.models.weights import read_pickle, safetensors_shapes
from engine.presets.read import read_preset

_HEURISTICS = b"""[[heuristic]]
name = "url"
pattern = "https?://"
regex = true
scope = "response"
direction = "lowers"
window = 2
features = [1, 2]
"""
_LINE = (
    b'{"chosen": "\\n\\nHuman: a\\n\\nAssistant: b",'
    b' "rejected": "\\n\\nHuman: a\\n\\nAssistant: c"}\n'
)
_MARK = (
    b'{"source": "a.jsonl", "split": "train", "row": 7, "content_hash": "0a", "mark": "clear",'
    b' "note": null, "time": "2026-11-23T10:00:00+00:00", "blind": "clear", "undo": false}'
)
_PINS = (
    b'{"heuristic": "url", "key": "0123456789abcdef", "sae_hash": "0123456789abcdef",'
    b' "features": [3, 7], "time": "2026-11-23T10:00:00+00:00"}'
)
_PINS_CSV = (
    b"heuristic,key,sae_hash,features,time\n"
    b'url,0123456789abcdef,0123456789abcdef,"[3, 7]",2026-11-23T10:00:00+00:00\n'
)
_PIECES: tuple[bytes, ...] = (
    *(b"\x00", b"\xff", b"\x1b[2J", b"{", b"[" * 50, b'"', b"\\u", b"9" * 400, b"-", b"\n\n"),
    *(b"\n\nAssistant:", b"NaN", b"1e999", b"\xe2\x80\xae", b"''", b"]]", b"null", b"(" * 60),
)


@dataclass(frozen=True, slots=True)
class Target:
    """What is fed, what it may raise, and what a sound input looks like."""

    feed: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]


def _transcript(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    half = len(text) // 2
    for chosen, rejected in ((text, text[:half]), (text[:half], text[half:])):
        context, one, other = split_pair(chosen, rejected)
        if (context + one, context + other) != (chosen, rejected):
            raise AssertionError("the texts do not come back")
    for turn in turns(text):
        if not 0 <= turn.marker <= turn.start <= turn.end <= len(text):
            raise AssertionError("a turn lies outside its transcript")


def _file(read: Callable[[Path], object], name: str) -> Callable[[bytes], object]:
    """Feed a reader of files: one file in a folder of its own, written over each time."""
    folder = tempfile.TemporaryDirectory()

    def feed(data: bytes) -> object:
        path = Path(folder.name) / name
        path.write_bytes(data)
        return read(path)

    return feed


def _manifest() -> bytes:
    config = RunConfig("pm", "tokenizer", "sae", "h.1", "last-text-token", "float32", "all")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manifest.json"
        Manifest(config, "pm", "a/pm", "GPTJ", "sae", "a/sae", "gated", 8).write(path)
        return path.read_bytes()


def _pickle() -> bytes:
    stream = io.BytesIO()
    torch.save({"encoder.weight": torch.ones(2, 3)}, stream)
    return stream.getvalue()


def _safetensors() -> bytes:
    header = b'{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}'
    return len(header).to_bytes(8, "little") + header + bytes(16)


_SAE = {
    "encoder.weight": torch.ones(3, 2),
    "decoder.weight": torch.ones(2, 3),
    "encoder.bias": torch.zeros(3),
    "bias": torch.zeros(2),
}
_SAELENS = {
    "architecture": "standard",
    "d_in": 2,
    "d_sae": 3,
    "dtype": "float32",
    "apply_b_dec_to_input": True,
    "normalize_activations": "none",
    "metadata": {"hook_name": "blocks.1.hook_resid_post"},
}
_PRESET = b"""about = "x"
pm = "a/pm"
parameters = 1
readout = "last-text-token"
dtype = "float32"
[[sae]]
name = "one"
path = "b"
hook = "transformer.h.1"
[sae.labels]
1 = "a slash"
"""


def _sae() -> bytes:
    stream = io.BytesIO()
    torch.save(_SAE, stream)
    return stream.getvalue()


def _load(path: Path) -> object:
    return load_sae(str(path), device="cpu")


def _load_beside(path: Path) -> object:
    """A SAELens config, fuzzed, beside weights that are sound."""
    weights = {"W_enc": _SAE["encoder.weight"].T, "W_dec": _SAE["decoder.weight"].T}
    weights |= {"b_enc": _SAE["encoder.bias"], "b_dec": _SAE["bias"]}
    plain = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(plain, path.parent / "sae_weights.safetensors")
    return load_sae(str(path.parent), device="cpu")


def _records(path: Path) -> object:
    return list(read_json_lines(path, HH_COLUMNS))


def _pins(path: Path) -> object:
    return [pins_of(row, {}) for row in read_rows(path)]


TARGETS = {
    "transcripts": Target(
        _transcript, (), ("\n\nHuman: Who?\n\nAssistant: I don’t know.\n\nHuman: 😀".encode(),)
    ),
    "records": Target(
        _file(_records, "a.jsonl"),
        (UserError,),
        (_LINE,),
    ),
    "gzip": Target(
        _file(_records, "a.jsonl.gz"),
        (UserError,),
        (gzip.compress(_LINE, mtime=0),),
    ),
    "filters": Target(
        lambda data: parse(data.decode("utf-8", "replace")),
        (FilterError,),
        (b"margin>2 text~sorry", b'not (verdict=silent or tranche="harmless-base") row=0..295'),
    ),
    "protocol": Target(decode, (UserError,), (encode(Cancel(7)),)),
    "heuristics": Target(_file(load_heuristics, "h.toml"), (UserError,), (_HEURISTICS,)),
    "manifests": Target(_file(read_manifest, "manifest.json"), (UserError,), (_manifest(),)),
    "labels (JSON)": Target(_file(read_labels, "l.json"), (UserError,), (b'{"1": "a", "2": "b"}',)),
    "labels (CSV)": Target(_file(read_labels, "l.csv"), (UserError,), (b'feature,label\n1,"a"\n',)),
    "triage lines": Target(parse_line, (), (_MARK, _PINS)),
    "pins (JSON lines)": Target(_file(_pins, "p.jsonl"), (UserError,), (_PINS,)),
    "pins (CSV)": Target(_file(_pins, "p.csv"), (UserError,), (_PINS_CSV,)),
    "presets": Target(_file(read_preset, "p.toml"), (UserError,), (_PRESET,)),
    "pickles": Target(_file(read_pickle, "ae.pt"), (UserError,), (_pickle(),)),
    "SAEs (.pt)": Target(_file(_load, "ae.pt"), (UserError,), (_sae(),)),
    "SAEs (config)": Target(
        _file(_load_beside, "cfg.json"), (UserError,), (json.dumps(_SAELENS).encode(),)
    ),
    "SAEs (safetensors)": Target(
        _file(safetensors_shapes, "sae.safetensors"), (UserError,), (_safetensors(),)
    ),
}


def crashes(target: Target, data: bytes) -> Exception | None:
    """Feed it; what it raised that is no refusal."""
    caught = Caught(target.refusals)
    with caught:
        target.feed(data)
    return caught.crash


class Caught:
    """Swallows what a reader raises, and keeps what it should not have raised."""

    def __init__(self, refusals: tuple[type[Exception], ...]) -> None:
        self._refusals = refusals
        self.crash: Exception | None = None

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, Exception) and not isinstance(error, self._refusals):
            self.crash = error
        return isinstance(error, Exception)


def inputs(target: Target, count: int, seed: int) -> Iterator[bytes]:
    """Sound inputs spoiled at random, and some that are noise altogether."""
    draw = random.Random(seed)
    yield from target.seeds
    for number in range(count - len(target.seeds)):
        if number % 10 == 0:
            yield draw.randbytes(draw.randint(0, 200))
            continue
        data = bytearray(draw.choice(target.seeds))
        for _ in range(draw.randint(1, 4)):
            _spoil(data, draw)
        yield bytes(data)


def _spoil(data: bytearray, draw: random.Random) -> None:
    place = draw.randint(0, len(data))
    match draw.randint(0, 4):
        case 0 if data:
            data[min(place, len(data) - 1)] = draw.randrange(256)
        case 1:
            data[place:place] = draw.choice(_PIECES)
        case 2:
            del data[place : place + draw.randint(1, 20)]
        case 3:
            data[place:place] = data[place : place + draw.randint(1, 30)]
        case _:
            del data[place:]
