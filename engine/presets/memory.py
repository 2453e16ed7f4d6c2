"""The memory that a preset's models take: arithmetic on what it states, before any is fetched."""

from __future__ import annotations

from collections.abc import Sequence

from engine.presets.preset import Preset, PresetSae

_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


def pm_bytes(preset: Preset, dtype: str) -> int:
    """The PM's weights in memory."""
    return preset.parameters * _BYTES[dtype]


def sae_bytes(sae: PresetSae) -> int | None:
    """Encoder and decoder in float32, whatever the PM's dtype; biases are thousandths of that.

    None: its size is not known.
    """
    return None if sae.d_in is None or sae.d_sae is None else 2 * sae.d_in * sae.d_sae * 4


def memory_lines(preset: Preset, dtype: str, saes: Sequence[PresetSae]) -> list[str]:
    """The sum, as it is told: several SAEs are measured in one pass, so all of them count."""
    lines = [
        f"{preset.pm}: {preset.parameters:,} parameters x {_BYTES[dtype]} bytes ({dtype}) = "
        f"{_gigabytes(pm_bytes(preset, dtype))}"
    ]
    lines += [f"SAE {sae.name}: {_size(sae)}" for sae in saes]
    sizes = [size for sae in saes if (size := sae_bytes(sae)) is not None]
    whole = _gigabytes(pm_bytes(preset, dtype) + sum(sizes))
    at_least = "" if len(sizes) == len(saes) else "at least "
    return [*lines, f"in memory at once: {at_least}{whole}, and a batch's activations"]


def _size(sae: PresetSae) -> str:
    size = sae_bytes(sae)
    if size is None:
        return "its size is not known before it is fetched"
    return f"2 x {sae.d_in:,} x {sae.d_sae:,} x 4 bytes (float32) = {_gigabytes(size)}"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
