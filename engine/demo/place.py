"""Where models are, in words that hold on any machine: `demo:pm` ships with the package."""

from __future__ import annotations

from engine.demo import PM, SAE
from engine.errors import UserError
from engine.files import at_home, is_there

_SHIPPED = {"demo:pm": PM, "demo:sae": SAE}


def resolve(spec: str) -> str:
    """The folder of a shipped model; anything else as it is.

    Raises:
        UserError: no such model ships.
    """
    if not spec.startswith("demo:"):
        return spec
    if spec not in _SHIPPED:
        raise UserError(f'"{spec}" does not ship', todo=f"There are {' and '.join(_SHIPPED)}.")
    return str(_SHIPPED[spec])


def remembered(spec: str) -> str:
    """How a run remembers where a model was: local paths absolutely, all others as given."""
    path = at_home(spec)
    return str(path.absolute()) if is_there(path) else spec
