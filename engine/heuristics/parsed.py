"""The standard library's own parser of regular expressions, and the codes of what it parsed."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():  # their names say that they may change
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_constants as codes
    import sre_parse

__all__ = ["codes", "sre_parse"]
