"""Inputs that crashed a reader once, by target: fed again with every test.

Found by `tests.faults.search`; what they ran into is mended.
"""

from __future__ import annotations

import io
import zipfile

from tests.faults.seeds import PRESET


def _zipped(pickled: bytes) -> bytes:
    """A `.pt` file with that in the place of its tensors."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/version", "3\n")
    return stream.getvalue()


FOUND: dict[str, tuple[bytes, ...]] = {
    "heuristics": (
        b"a = " + b"[" * 5_000,
        b'[[heuristic]]\nname = "a"\nfeature = 1\nthreshold = ' + b"9" * 400,
    ),
    "manifests": (b"[" * 100_000,),
    "presets": (
        b'about = "x"\npm = "~a/pm"\nparameters = 1\nreadout = "last-text-token"\n'
        b'dtype = "float32"\n[[sae]]\nname = "one"\npath = "b"\nhook = "transformer.h.1"\n',
        b"a = " + b"[" * 5_000,
        PRESET.replace(b'path = "b"', b'path = "b' + b"9" * 400 + b'"'),
    ),
    "pickles": (b"r4r",),
    "rewards": (b'{"row": 0, "chosen": 1, "rejected": ' + b"9" * 400 + b"}",),
    "SAEs (.pt)": (b"GA\xbb\x03\x04", _zipped(b"\x80\x02}X\x01\x00\x00\x00aK\x01Qs.")),
    "SAEs (config)": (b"[" * 100_000,),
}
