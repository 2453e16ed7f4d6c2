"""The texts that a PM was trained on, as a file or data set of them tells it.

A text is known by a hash in which runs of white space count as one blank: data sets made from
others strip and pad what they copy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from engine.canonical import text_hash
from engine.errors import UserError
from engine.files import at_home
from engine.hh.arrow import damage_named
from engine.hh.hub import PREFIX, hub_splits
from engine.hh.json_lines import lines
from engine.hh.pair import Pair
from engine.hh.saved import saved_splits

TRAIN = "train"
_COLUMNS = ("prompt", "chosen", "rejected", "text")
_ADVICE = (
    "Each record is a transcript, or holds `text`, or `chosen` and `rejected` (after `prompt`,"
    " where there is one)."
)


@dataclass(frozen=True, slots=True)
class TrainedTexts:
    """Hashes of what was trained on."""

    pairs: frozenset[str]
    texts: frozenset[str]
    """Of transcripts that come without their pair."""

    def hold(self, pair: Pair) -> bool:
        """Whether the pair is among the pairs, or both of its transcripts among the texts."""
        chosen, rejected = pair.transcripts
        return _key(chosen, rejected) in self.pairs or (
            bool(self.texts) and _key(chosen) in self.texts and _key(rejected) in self.texts
        )


def read_trained_texts(spec: str) -> TrainedTexts:
    """Read `hub:REPO`, a .jsonl, .jsonl.gz or .parquet file, or a folder saved by datasets.

    Of several splits the one called `train` counts, where there is one, else all.

    Raises:
        UserError: it cannot be read, or a record holds no transcript.
    """
    pairs: set[str] = set()
    texts: set[str] = set()
    for where, value in _values(spec):
        match _transcripts(value):
            case (text,):
                texts.add(_key(text))
            case (chosen, rejected):
                pairs.add(_key(chosen, rejected))
            case _:
                raise UserError("this record holds no transcript", where=where, todo=_ADVICE)
    return TrainedTexts(frozenset(pairs), frozenset(texts))


def _transcripts(value: object) -> tuple[str, ...]:
    """A transcript, chosen and rejected, or nothing."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Mapping):
        return ()
    chosen, rejected, text = (value.get(name) for name in ("chosen", "rejected", "text"))
    if isinstance(chosen, str) and isinstance(rejected, str):
        prompt = value.get("prompt")
        start = prompt if isinstance(prompt, str) else ""
        return start + chosen, start + rejected
    return (text,) if isinstance(text, str) else ()


def _key(*transcripts: str) -> str:
    return text_hash(*(" ".join(text.split()) for text in transcripts))


def _values(spec: str) -> Iterator[tuple[str, object]]:
    """Every record and where it is."""
    if spec.startswith(PREFIX):
        splits = hub_splits(spec.removeprefix(PREFIX), None)
        found = {name: split.files for name, split in splits.items()}
        yield from _arrow(found.get(TRAIN) or sum(found.values(), ()))
        return
    path = at_home(spec)
    if path.is_dir():
        files = saved_splits(path, None)
        yield from _arrow(files.get(TRAIN) or sum(files.values(), ()))
    elif not path.exists():
        raise UserError("there is no such file", where=spec, todo="Name a file, or hub:REPO.")
    elif path.name.endswith(".parquet"):
        with damage_named(path, "Parquet"), pq.ParquetFile(path) as file:
            columns = _columns(file.schema_arrow.names, path)
            yield from _rows(path, file.iter_batches(columns=columns))
    elif path.name.endswith((".jsonl", ".jsonl.gz")):
        yield from _json_lines(path)
    else:
        raise UserError(
            "this kind of file is unknown",
            where=spec,
            todo="Name hub:REPO, a .jsonl, .jsonl.gz or .parquet file, or a saved folder.",
        )


def _arrow(paths: Sequence[Path]) -> Iterator[tuple[str, object]]:
    for path in paths:
        with (
            damage_named(path, "Arrow"),
            pa.memory_map(str(path)) as memory,
            pa.ipc.open_stream(memory) as stream,
        ):
            columns = _columns(stream.schema.names, path)
            yield from _rows(path, (batch.select(columns) for batch in stream))


def _rows(path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[str, object]]:
    row = 0
    for batch in batches:
        for value in batch.to_pylist():
            yield f"{path}, row {row}", value
            row += 1


def _columns(names: Sequence[str], path: Path) -> list[str]:
    found = [name for name in _COLUMNS if name in names]
    if not ({"chosen", "rejected"} <= set(found) or "text" in found):
        raise UserError(
            f"it has no column of transcripts, only {', '.join(sorted(names)) or 'none'}",
            where=str(path),
            todo=_ADVICE,
        )
    return found


def _json_lines(path: Path) -> Iterator[tuple[str, object]]:
    for number, line in enumerate(lines(path), start=1):
        if line.strip():
            where = f"{path}, line {number}"
            try:
                yield where, json.loads(line)
            except (ValueError, RecursionError):
                raise UserError("it is not JSON", where=where, todo=_ADVICE) from None
