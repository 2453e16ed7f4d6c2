"""Canonical JSON and the hashes that name things."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from pathlib import Path
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

_CHUNK = 1 << 20
_RARE = bytes(code for code in range(0x20) if code != 0x0A)
"""Control characters that JSON escapes and that hardly any text holds."""


def canonical(value: Json) -> str:
    """JSON with sorted keys, no spaces and no NaN: equal values give equal text."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def short_hash(value: Json) -> str:
    """16 hex digits of the SHA-256 of the value's canonical JSON."""
    import hashlib  # it loads OpenSSL, which no first frame needs

    return hashlib.sha256(canonical(value).encode()).hexdigest()[:16]


def text_hash(*texts: str) -> str:
    """16 hex digits that change whenever one of the texts or their order does.

    The same as `short_hash` of their list, in a third of its time.
    """
    import hashlib

    listed = ",".join(map(encode_basestring, texts))
    return hashlib.sha256(f"[{listed}]".encode()).hexdigest()[:16]


def pair_hashes(context: str, chosen: str, rejected: str) -> tuple[str, str]:
    """`text_hash` of the two transcripts, and of their context, in half of its time.

    An index takes both of every pair, and most of their text is the context that they share.
    """
    import hashlib

    shared = _escaped(context)
    of_context = hashlib.sha256(b'["' + shared)
    of_both = of_context.copy()
    of_context.update(b'"]')
    of_both.update(b'%b","%b%b"]' % (_escaped(chosen), shared, _escaped(rejected)))
    return of_both.hexdigest()[:16], of_context.hexdigest()[:16]


def _escaped(text: str) -> bytes:
    """What stands between the quotes of a text in canonical JSON, in UTF-8."""
    data = text.encode()
    if len(data.translate(None, _RARE)) < len(data):
        return encode_basestring(text)[1:-1].encode()
    return data.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")


def file_hash(*paths: Path) -> str:
    """16 hex digits over the bytes of the files, in the order given."""
    import hashlib

    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()[:16]
