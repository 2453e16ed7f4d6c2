"""The one exception that is meant for the user's eyes."""

from __future__ import annotations


class UserError(Exception):
    """The user's input is at fault: what is wrong, where, and what to do about it.

    The command line prints it as one or two lines and exits with status 2; the browser shows it
    in place. It never carries a traceback, so its text has to be enough.
    """

    def __init__(self, what: str, *, where: str | None = None, todo: str | None = None) -> None:
        self.what = what
        self.where = where
        self.todo = todo
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.todo}" if self.todo else head
