"""Weight files read without running code, and checked: every tensor named, every number finite."""

from __future__ import annotations

import json
import pickle
import struct
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from engine.errors import UserError
from engine.files import read_bounded
from engine.plain import plain

LARGEST_JSON = 64 << 20
"""Bytes of a config, or of an index of shards."""

# What torch's own unpickler raises on damaged files, found by fuzzing it.
_DAMAGED = (
    *(RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError),
    *(zipfile.BadZipFile, struct.error, AssertionError, ArithmeticError),
)


def read_json(path: Path) -> dict[str, object]:
    """The JSON object in a file.

    Raises:
        UserError: the file is missing, too large, no JSON, or holds something else than an object.
    """
    try:
        value = json.loads(read_bounded(path, LARGEST_JSON), parse_int=_whole)
    except FileNotFoundError:
        raise UserError("the file is missing", where=str(path)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"it cannot be read as JSON: {error}", where=str(path)) from None
    if not isinstance(value, dict):
        raise UserError("it holds no JSON object", where=str(path))
    return value


def _whole(written: str) -> int:
    number = int(written)
    if abs(number) > sys.float_info.max:
        raise ValueError("a whole number is larger than any float")
    return number


def read_pickle(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a `.pt` or `.bin` file, on the CPU. Nothing in the file is executed.

    Raises:
        UserError: the file is missing or damaged, or holds anything but tensors by name.
    """
    value = load_unpickled(path)
    if isinstance(value, torch.Tensor):
        raise UserError("it holds no tensors by name, but a Tensor", where=str(path))
    return value


def load_unpickled(path: Path) -> torch.Tensor | dict[str, torch.Tensor]:
    """What a `.pt` or `.bin` file holds, on the CPU: one tensor, or tensors by name.

    Raises:
        UserError: the file is missing or damaged, or holds anything else.
    """
    try:
        # mmap: a 12 GB checkpoint is not held twice. Only the zip layout can be mapped.
        value: object = torch.load(
            path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
        )
    except FileNotFoundError:
        raise UserError("the file is missing", where=str(path)) from None
    except pickle.UnpicklingError:
        raise UserError(
            "it is damaged, or it holds code or objects besides tensors; nothing of it was run",
            where=str(path),
            todo="Save its state_dict() with torch.save, or as safetensors, and load that file.",
        ) from None
    except _DAMAGED as error:
        raise UserError(
            f"it cannot be read as a PyTorch file: {first_line(error)}",
            where=str(path),
            todo="Copy or download the file again.",
        ) from None
    if isinstance(value, torch.Tensor):
        _check_plain("", value, path)
        return value
    if not isinstance(value, Mapping):
        raise UserError(
            f"it holds no tensors by name, but a {type(value).__name__}", where=str(path)
        )
    for name, tensor in value.items():
        if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
            raise UserError(
                f"the entry {plain(str(name), keep_newlines=False)!r} is no tensor",
                where=str(path),
                todo="Save the model's state_dict() alone.",
            )
        _check_plain(name, tensor, path)
    return dict(value)


def _check_plain(name: str, tensor: torch.Tensor, path: Path) -> None:
    """Refuse what claims numbers that the file does not hold: a kilobyte could ask for terabytes.

    Raises:
        UserError: the tensor is sparse or quantized, without data, or one number stands for many.
    """
    dense = tensor.layout is torch.strided and not tensor.is_quantized and not tensor.is_meta
    if not dense or tensor.nbytes > tensor.untyped_storage().nbytes():
        shown = plain(name, keep_newlines=False)[:80]
        raise UserError(
            f"the tensor {shown} of shape {list(tensor.shape)} is not stored number by number",
            where=str(path),
            todo="Save it with torch.save(tensor.contiguous()), dense and as floats.",
        )


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, on the CPU.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as stream:
            names = stream.keys()
            return {name: stream.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise _bad_safetensors(path, error) from None


def read_safetensor(path: Path, name: str) -> torch.Tensor | None:
    """One tensor of a safetensors file, on the CPU; None where it is not in it.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as stream:
            names = stream.keys()
            return stream.get_tensor(name) if name in names else None
    except (SafetensorError, OSError) as error:
        raise _bad_safetensors(path, error) from None


def safetensors_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor of a safetensors file; only its header is read.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as stream:
            names = stream.keys()
            return {name: tuple(stream.get_slice(name).get_shape()) for name in names}
    except (SafetensorError, OSError) as error:
        raise _bad_safetensors(path, error) from None


def check_finite(tensors: Iterable[tuple[str, torch.Tensor]], where: str) -> None:
    """Refuse a model with NaN or infinity in its weights.

    Raises:
        UserError: names the first such tensor and its dtype.
    """
    for name, tensor in tensors:
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise UserError(
                f"the tensor {name} holds NaN or infinity (as {tensor.dtype})".replace(
                    "torch.", ""
                ),
                where=where,
                todo="Such a model computes nothing; take a sound checkpoint or a wider dtype.",
            )


def _bad_safetensors(path: Path, error: Exception) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError("the file is missing", where=str(path))
    return UserError(
        f"it is no sound safetensors file: {first_line(error)}",
        where=str(path),
        todo="Copy or download the file again.",
    )


def first_line(error: Exception) -> str:
    """What a library said was wrong, cut to one line that is safe to show."""
    return plain((str(error) or type(error).__name__).splitlines()[0], keep_newlines=False)[:200]
