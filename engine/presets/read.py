"""A preset's TOML file, read key by key: what is not known is refused by name, never skipped."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from engine.errors import UserError
from engine.files import at_home, is_there
from engine.heuristics.file import read_heuristics
from engine.presets.preset import KnownReward, Preset, PresetSae
from engine.toml_file import read_toml

READOUTS = ("last-text-token", "appended-end-of-text", "chat-template")
DTYPES = ("float32", "bfloat16", "float16")
_TRAINED = ("rows", "tranches", "texts")
_KEYS = (
    *(field.name for field in fields(Preset) if not field.name.startswith("trained_")),
    "trained",
    "sae",
    "heuristic",
)
_TOP = tuple(key for key in _KEYS if key not in ("name", "saes", "heuristics"))
_SAE = tuple(field.name for field in fields(PresetSae))
_KNOWN = tuple(field.name for field in fields(KnownReward))


def read_preset(path: Path) -> Preset:
    """The preset in a file; it is called like the file.

    Raises:
        UserError: the file cannot be read, a key is unknown or missing, or a value is at fault.
    """
    where = str(path)
    document = read_toml(path, "the preset")
    _check_keys(document, _TOP, where)
    saes = tuple(
        _sae(table, path.parent, f"{where}, sae {number}")
        for number, table in enumerate(_tables(document, "sae", where), start=1)
    )
    if not saes:
        raise UserError("it has no [[sae]]", where=where)
    names = [sae.name for sae in saes]
    if len(set(names)) < len(names):
        raise UserError("two of its SAEs have one name", where=where)
    measure = _texts(document.get("measure", names), "measure", where)
    for name in measure:
        if name not in names:
            raise UserError(
                f'"measure" names "{name}", which is none of its SAEs',
                where=where,
                todo=f"There are {', '.join(names)}.",
            )
    heuristics = (
        read_heuristics({"heuristic": document["heuristic"]}, where)
        if "heuristic" in document
        else ()
    )
    for sae in saes:
        for name in sae.pins.keys() - {heuristic.name for heuristic in heuristics}:
            raise UserError(
                f'the SAE {sae.name} has pins for "{name}", which is none of its heuristics',
                where=where,
            )
    trained = _table(document.get("trained", {}), "trained", where)
    _check_keys(trained, _TRAINED, f"{where}, trained")
    template = document.get("chat_template")
    return Preset(
        name=path.stem,
        about=_text(document, "about", where),
        pm=_placed(path.parent, _text(document, "pm", where)),
        parameters=_count(document, "parameters", where),
        readout=_one_of(document, "readout", READOUTS, where),
        dtype=_one_of(document, "dtype", DTYPES, where),
        saes=saes,
        measure=measure,
        blocks=_count(document, "blocks", where) if "blocks" in document else None,
        chat_template=None if template is None else _text(document, "chat_template", where),
        trained_rows=_texts(trained.get("rows", []), "rows", where),
        trained_tranches=_texts(trained.get("tranches", []), "tranches", where),
        trained_texts=tuple(
            _placed(path.parent, text) for text in _texts(trained.get("texts", []), "texts", where)
        ),
        heuristics=heuristics,
        known=tuple(
            _known(table, f"{where}, known {number}")
            for number, table in enumerate(_tables(document, "known", where), start=1)
        ),
    )


def _sae(table: Mapping[str, object], folder: Path, where: str) -> PresetSae:
    _check_keys(table, _SAE, where)
    d_in, d_sae = (_count(table, key, where) if key in table else None for key in ("d_in", "d_sae"))
    labels = {
        _feature(key, d_sae, where): _text(_table(table["labels"], "labels", where), key, where)
        for key in _table(table.get("labels", {}), "labels", where)
    }
    pins = _table(table.get("pins", {}), "pins", where)
    return PresetSae(
        name=_text(table, "name", where),
        path=_placed(folder, _text(table, "path", where)),
        hook=_text(table, "hook", where),
        d_in=d_in,
        d_sae=d_sae,
        labels=labels,
        pins={name: _features(value, name, d_sae, where) for name, value in pins.items()},
    )


def _placed(folder: Path, written: str) -> str:
    """What is there beside the preset's file, absolutely; all else (the hub) as it is written."""
    beside = folder / at_home(written)
    return str(beside.absolute()) if is_there(beside) else written


def _known(table: Mapping[str, object], where: str) -> KnownReward:
    _check_keys(table, _KNOWN, where)
    tolerance = _table(table.get("tolerance", {}), "tolerance", where)
    _check_keys(tolerance, DTYPES, f"{where}, tolerance")
    if not tolerance:
        raise UserError('"tolerance" must say for which dtype, and how far', where=where)
    return KnownReward(
        text=_text(table, "text", where),
        reward=_figure(table.get("reward"), "reward", where),
        readout=_one_of(table, "readout", READOUTS, where),
        tolerance={name: _figure(value, name, where) for name, value in tolerance.items()},
    )


def _check_keys(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    unknown = sorted(table.keys() - set(known))
    if unknown:
        raise UserError(
            f'"{unknown[0]}" is unknown', where=where, todo=f"Its keys are {', '.join(known)}."
        )


def _tables(document: Mapping[str, object], key: str, where: str) -> list[dict[str, object]]:
    value = document.get(key, [])
    if not isinstance(value, list):
        raise UserError(f'"{key}" must be tables: write [[{key}]] above each', where=where)
    return [_table(one, key, where) for one in value]


def _table(value: object, key: str, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise UserError(f'"{key}" must be a table', where=where)
    return value


def _text(table: Mapping[str, object], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f'"{key}" must be a text that is not empty', where=where)
    return value


def _texts(value: object, key: str, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UserError(f'"{key}" must be a list of texts', where=where)
    return tuple(value)


def _one_of(table: Mapping[str, object], key: str, known: tuple[str, ...], where: str) -> str:
    value = table.get(key)
    for one in known:
        if value == one:
            return one
    raise UserError(f'"{key}" must be one of {", ".join(known)}', where=where)


def _count(table: Mapping[str, object], key: str, where: str) -> int:
    value = table.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UserError(f'"{key}" must be a whole number above 0', where=where)
    return value


def _figure(value: object, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f'"{key}" must be a number', where=where)
    return float(value)


def _features(value: object, key: str, d_sae: int | None, where: str) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise UserError(f'the pins of "{key}" must be a list of feature numbers', where=where)
    return tuple(_feature(str(one), d_sae, where) for one in value)


def _feature(written: str, d_sae: int | None, where: str) -> int:
    if not (written.isascii() and written.isdecimal() and len(written) <= 9):
        raise UserError(f'"{written}" is no number of a feature', where=where)
    if d_sae is not None and int(written) >= d_sae:
        raise UserError(
            f"feature {written} does not exist in this SAE",
            where=where,
            todo=f"It has {d_sae}: 0 to {d_sae - 1}.",
        )
    return int(written)
