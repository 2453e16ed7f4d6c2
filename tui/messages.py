"""What the state line said, kept after the next message took its place."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

KEPT = 200


@dataclass(frozen=True, slots=True)
class Message:
    """One message, harmless to show, and when it was said."""

    time: str
    text: str


class Messages:
    """The last messages, the newest last; one that repeats the one before is kept once."""

    def __init__(self) -> None:
        self._kept: deque[Message] = deque(maxlen=KEPT)

    def keep(self, text: str) -> None:
        if not self._kept or self._kept[-1].text != text:
            self._kept.append(Message(datetime.now().strftime("%H:%M:%S"), text))

    def newest_first(self) -> Iterable[Message]:
        return reversed(self._kept)
