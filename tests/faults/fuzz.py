"""Readers of what others wrote, fed with what nobody would write: they refuse it or read it.

Here is a fixed budget of spoiled inputs; `tests.faults.search` searches on, guided by coverage.
"""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from safetensors.torch import save_file

from engine.cache.custom import CustomFile
from engine.cache.labels import read_labels
from engine.cache.manifest import read_manifest
from engine.cache.triage_line import parse_line
from engine.errors import UserError
from engine.exchange.pins_in import pins_of
from engine.exchange.read import read_rows
from engine.exchange.reward_files import read_rewards
from engine.filters import FilterError, parse
from engine.heuristics.file import load_heuristics
from engine.hh import split_pair, turns
from engine.hh.json_lines import read_json_lines
from engine.hh.record import HH_COLUMNS
from engine.live.protocol import Cancel, decode, encode
from engine.models.sae.load import load_sae
from engine.models.weights import read_pickle, safetensors_shapes
from engine.presets.read import read_preset
from tests.faults import seeds

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


def _load(path: Path) -> object:
    return load_sae(str(path), device="cpu")


def _load_beside(path: Path) -> object:
    """A SAELens config, fuzzed, beside weights that are sound."""
    weights = {"W_enc": seeds.SAE["encoder.weight"].T, "W_dec": seeds.SAE["decoder.weight"].T}
    weights |= {"b_enc": seeds.SAE["encoder.bias"], "b_dec": seeds.SAE["bias"]}
    plain = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(plain, path.parent / "sae_weights.safetensors")
    return load_sae(str(path.parent), device="cpu")


def _records(path: Path) -> object:
    return list(read_json_lines(path, HH_COLUMNS))


def _pins(path: Path) -> object:
    return [pins_of(row, {}) for row in read_rows(path)]


def _customs(path: Path) -> object:
    return CustomFile(path.parent, path.stem).read()


TARGETS = {
    "transcripts": Target(
        _transcript, (), ("\n\nHuman: Who?\n\nAssistant: I don’t know.\n\nHuman: 😀".encode(),)
    ),
    "records": Target(
        _file(_records, "a.jsonl"),
        (UserError,),
        (seeds.LINE,),
    ),
    "gzip": Target(
        _file(_records, "a.jsonl.gz"),
        (UserError,),
        (gzip.compress(seeds.LINE, mtime=0),),
    ),
    "filters": Target(
        lambda data: parse(data.decode("utf-8", "replace")),
        (FilterError,),
        (b"margin>2 text~sorry", b'not (verdict=silent or tranche="harmless-base") row=0..295'),
    ),
    "protocol": Target(decode, (UserError,), (encode(Cancel(7)),)),
    "heuristics": Target(
        _file(load_heuristics, "h.toml"), (UserError,), (seeds.HEURISTICS, seeds.FEATURE)
    ),
    "manifests": Target(_file(read_manifest, "manifest.json"), (UserError,), (seeds.manifest(),)),
    "labels (JSON)": Target(_file(read_labels, "l.json"), (UserError,), (b'{"1": "a", "2": "b"}',)),
    "labels (CSV)": Target(_file(read_labels, "l.csv"), (UserError,), (b'feature,label\n1,"a"\n',)),
    "presets": Target(_file(read_preset, "p.toml"), (UserError,), (seeds.PRESET,)),
    "triage lines": Target(parse_line, (), (seeds.MARK, seeds.PINS)),
    "pins (JSON lines)": Target(_file(_pins, "p.jsonl"), (UserError,), (seeds.PINS,)),
    "pins (CSV)": Target(_file(_pins, "p.csv"), (UserError,), (seeds.PINS_CSV,)),
    "custom pairs": Target(_file(_customs, "me.jsonl"), (), (seeds.KEPT,)),
    "rewards": Target(_file(read_rewards, "r.jsonl"), (UserError,), (seeds.REWARD,)),
    "rewards (CSV)": Target(_file(read_rewards, "r.csv"), (UserError,), (seeds.REWARDS,)),
    "pickles": Target(_file(read_pickle, "ae.pt"), (UserError,), (seeds.pickle(),)),
    "SAEs (.pt)": Target(_file(_load, "ae.pt"), (UserError,), (seeds.sae(),)),
    "SAEs (config)": Target(
        _file(_load_beside, "cfg.json"), (UserError,), (json.dumps(seeds.SAELENS).encode(),)
    ),
    "SAEs (safetensors)": Target(
        _file(safetensors_shapes, "sae.safetensors"), (UserError,), (seeds.safetensors(),)
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
