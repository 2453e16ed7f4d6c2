"""The commands of `outvoted`: what each does in one line, and which module answers it."""

from __future__ import annotations

import argparse
import importlib
from typing import NamedTuple, Protocol, cast


class Command(NamedTuple):
    """One command. Its module is imported when it is asked for: some load duckdb."""

    module: str
    help: str


COMMANDS: dict[str, Command] = {
    "demo": Command("tui.cli.demo", "browse the embedded demo"),
    "index": Command("tui.cli.index", "build or extend an index of preference pairs"),
    "census": Command("tui.cli.census", "count who carries a pattern"),
    "score": Command("tui.cli.score", "measure pairs with a PM and its SAE"),
    "presets": Command("tui.cli.presets", "PMs, SAEs and what is known of them, by name"),
    "report": Command("tui.cli.report", "verdicts per heuristic, margins, faithfulness"),
    "suspects": Command("tui.cli.suspects", "pairs whose label may be wrong, or that count twice"),
    "discover": Command(
        "tui.cli.discover", "find what the PM holds against responses, or for them"
    ),
    "show": Command("tui.cli.show", "all that is known of one pair"),
    "rescore": Command("tui.cli.rescore", "fresh inference on a pair, or on an edit of it"),
    "import": Command("tui.cli.importing", "take in triage, pins or rewards made elsewhere"),
    "export": Command("tui.cli.export", "write pairs, verdicts, effects, triage or pins to a file"),
    "serve": Command("tui.cli.serve", "the browser in a web page, on this machine"),
    "completions": Command("tui.cli.completions", "complete this command line in your shell"),
    "doctor": Command("tui.cli.doctor", "what works here, what does not, and what to do"),
    "worker": Command("tui.cli.worker", "serve a PM and SAE over stdin and stdout"),
}
BROWSE = Command("tui.cli.browse", "browse an index")


class Subparsers(Protocol):
    """Where a command adds its own parser."""

    def add_parser(
        self, name: str, *, help: str | None = ..., description: str | None = ...
    ) -> argparse.ArgumentParser: ...


class CommandModule(Protocol):
    """What a command's module offers."""

    def add(self, subparsers: Subparsers) -> None:
        """Add the command's parser, under the command's name."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it; the exit status."""
        ...


def load(command: Command) -> CommandModule:
    """Import the command's module."""
    return cast(CommandModule, importlib.import_module(command.module))
