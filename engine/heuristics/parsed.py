"""The standard library's own parser of regular expressions, and the codes of what it parsed.

It warns of what a later Python may read otherwise, such as `[[`: on whose screen, it cannot know.
"""

from __future__ import annotations

import re
import warnings

with warnings.catch_warnings():  # their names say that they may change
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_constants as codes
    import sre_parse

__all__ = ["codes", "compiled", "parsed", "sre_parse"]


def parsed(pattern: str) -> sre_parse.SubPattern:
    """What a valid expression is made of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return sre_parse.parse(pattern)


def compiled(pattern: str) -> re.Pattern[str]:
    """The expression; raises what `re.compile` does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern)
