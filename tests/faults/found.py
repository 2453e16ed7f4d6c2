"""Inputs that crashed a reader once, by target: fed again with every test.

Found by `tests.faults.search`; what they ran into is mended.
"""

from __future__ import annotations

FOUND: dict[str, tuple[bytes, ...]] = {
    "heuristics": (b"a = " + b"[" * 5_000,),
    "manifests": (b"[" * 100_000,),
    "presets": (
        b'about = "x"\npm = "~a/pm"\nparameters = 1\nreadout = "last-text-token"\n'
        b'dtype = "float32"\n[[sae]]\nname = "one"\npath = "b"\nhook = "transformer.h.1"\n',
        b"a = " + b"[" * 5_000,
    ),
    "pickles": (b"r4r",),
    "SAEs (.pt)": (b"GA\xbb\x03\x04",),
    "SAEs (config)": (b"[" * 100_000,),
}
