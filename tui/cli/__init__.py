"""The `outvoted` program: one module a command, loaded when it is asked for."""

from tui.cli.main import main

__all__ = ["main"]
