"""The man page, from the parsers themselves: docs/outvoted.1, installed as share/man/man1.

The dialect is man(7)'s, as in the GNU roff manual: a text's backslashes, leading dots and quotes
would be requests, so each is written as the character that it is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from tui.cli.commands import BROWSE, COMMANDS, Command
from tui.cli.examples import EXAMPLES, Example
from tui.cli.parsers import PROGRAM, parsers
from tui.cli.reference import sentence, value_of

_EVERYWHERE = "everywhere"
_ABOUT = "browse preference pairs on which a reward heuristic is wrong"
_DESCRIPTION = (
    "A preference model trained on human preferences learns shortcuts. In its training data a"
    " shortcut is often wrong: the chosen response carries the pattern. Outvoted browses exactly"
    " those pairs, and says of each whether the model is wrong, or right against its own heuristic,"
    " and by what means. Without a command it opens the browser, on the index used last or on the"
    " demo; ? lists its keys."
)
_ENVIRONMENT = {
    "OUTVOTED_CACHE": "where indexes are kept, where --cache does not say.",
    "HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE": "where models and data sets of the Hugging Face hub"
    " are kept; with 1, nothing else is asked.",
    "VISUAL, EDITOR": "what M in the browser writes a note in.",
    "NO_COLOR": "where set, the browser keeps to the terminal's own colours.",
}
_STATUS = {
    "0": "Done.",
    "1": "Something failed: a disk, a device, a process that was killed.",
    "2": "What was asked for is at fault; the last line on stderr says where.",
    "130": "Interrupted. The same command goes on.",
}


def manual() -> str:
    """The page, in roff."""
    lines = [
        f'.TH {PROGRAM.upper()} 1 "" "{PROGRAM}" "User Commands"',
        *(".SH NAME", _text(f"{PROGRAM} - {_ABOUT}").replace("\\-", "-")),
        *(".SH SYNOPSIS", f".B {PROGRAM}", "[\\fIcommand\\fR] [\\fIoptions\\fR]"),
        *(".SH DESCRIPTION", _text(_DESCRIPTION)),
    ]
    browse = parsers(BROWSE).commands["browse"]
    lines += [".SH OPTIONS", "With every command, and without one:"]
    lines += _actions(_group(browse, everywhere=True))
    lines += [".PP", "Without a command, for the browser:"]
    lines += _actions(_group(browse, everywhere=False))
    lines += [".SH COMMANDS"]
    for name, command in COMMANDS.items():
        lines += _command(name, command)
    lines += [".SH EXAMPLES", *_examples(EXAMPLES["browse"])]
    lines += [".SH ENVIRONMENT", *_tagged(_ENVIRONMENT)]
    lines += [".SH EXIT STATUS", *_tagged(_STATUS)]
    return "\n".join(lines) + "\n"


def _command(name: str, command: Command) -> Iterator[str]:
    parser = parsers(command).commands[name]
    yield f".SS {PROGRAM} {name}"
    yield _text(sentence(parser.description or command.help))
    yield from _actions(_group(parser, everywhere=False))
    yield from (".PP", "Examples:")
    yield from _examples(EXAMPLES[name])


def _group(parser: argparse.ArgumentParser, *, everywhere: bool) -> list[argparse.Action]:
    """The options that every command has, or a parser's own."""
    return [
        action
        for group in parser._action_groups
        if (group.title == _EVERYWHERE) is everywhere
        for action in group._group_actions
        if not isinstance(action, argparse._HelpAction)
    ]


def _actions(actions: list[argparse.Action]) -> Iterator[str]:
    for action in actions:
        names = ", ".join(f"\\fB{_text(name)}\\fR" for name in action.option_strings)
        value = value_of(action)
        shown = f"\\fI{_text(value)}\\fR" if value else ""
        yield from (".TP", f"{names} {shown}".strip())
        yield _text((action.help or "").replace("%%", "%")) or "\\&"


def _examples(examples: tuple[Example, ...]) -> Iterator[str]:
    for example in examples:
        yield from (".TP", f"\\fB{_text(example.line)}\\fR", _text(example.does))


def _tagged(entries: dict[str, str]) -> Iterator[str]:
    for name, told in entries.items():
        yield from (".TP", f"\\fB{_text(name)}\\fR", _text(told))


def _text(text: str) -> str:
    """One line of text, none of whose characters asks roff for anything."""
    line = " ".join(text.split())
    line = line.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    line = line.replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return f"\\&{line}" if line.startswith(".") else line
