"""The two exceptions that are meant for the user's eyes."""

from __future__ import annotations


class ToldError(Exception):
    """What is wrong, where, and what to do about it.

    It never carries a traceback, so its text has to be enough.
    """

    def __init__(self, what: str, *, where: str | None = None, todo: str | None = None) -> None:
        self.what = what
        self.where = where
        self.todo = todo
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.todo}" if self.todo else head


class UserError(ToldError):
    """The user's input is at fault.

    The command line prints it as one or two lines and exits with status 2; the browser shows it
    in place.
    """


class FailedError(ToldError):
    """Nobody's input is at fault: the disk is full, a device or a process was lost.

    The command line prints it like a `UserError`, and exits with status 1.
    """
