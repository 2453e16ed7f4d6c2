"""The terminal: can the browser be drawn on it, and does a yank reach the clipboard."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.doctor.finding import Finding

_CLIPBOARD = "clipboard"
_TAKES = ("kitty", "wezterm", "alacritty", "foot", "ghostty", "contour", "rio")
"""Terminals that take OSC 52 as they come, by what TERM or TERM_PROGRAM says."""
_KEPT = "A yank is always in the file that its message names, too."


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the terminal without asking it anything."""

    environment: Mapping[str, str]
    on_terminal: bool
    """Whether stdin and stdout are one."""
    columns: int
    rows: int
    encoding: str
    """How stdout is encoded."""
    tmux: Mapping[str, str]
    """tmux's options by name; empty outside it, or where it does not answer."""


def terminal(around: Surroundings) -> Iterator[Finding]:
    """Whether the browser can be drawn, in what colours, and where yanked text goes."""
    yield _drawn(around)
    yield _colours(around.environment)
    if around.on_terminal:
        yield _size(around.columns, around.rows)
    if around.encoding.lower().replace("-", "") != "utf8":
        yield Finding(
            "fault",
            "encoding",
            f"stdout is {around.encoding}: bars and typographic quotes cannot be written",
            "Set LANG=C.UTF-8 (or any other locale in UTF-8).",
        )
    yield from _clipboard(around)


def tmux_options(environment: Mapping[str, str]) -> dict[str, str]:
    """What tmux says of its clipboard; nothing outside tmux."""
    if not environment.get("TMUX"):
        return {}
    asked = {
        "set-clipboard": ("show-options", "-sv", "set-clipboard"),
        "allow-passthrough": ("show-options", "-gwv", "allow-passthrough"),
    }
    found = {}
    for name, words in asked.items():
        try:
            done = subprocess.run(
                ["tmux", *words], capture_output=True, text=True, timeout=5, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            found[name] = done.stdout.strip()
    return found


def _drawn(around: Surroundings) -> Finding:
    name = around.environment.get("TERM", "")
    if name in ("", "dumb"):
        return Finding(
            "fault",
            "terminal",
            f"TERM is {name or 'not set'}: nothing can be drawn",
            "Set TERM to what your terminal is (xterm-256color fits most), or use report and show.",
        )
    if not around.on_terminal:
        return Finding("note", "terminal", f"{name}, but this output goes elsewhere: not looked at")
    if around.environment.get("TMUX") and not name.startswith(("tmux", "screen")):
        return Finding(
            "note",
            "terminal",
            f"TERM is {name} inside tmux",
            "In ~/.tmux.conf: set -g default-terminal tmux-256color",
        )
    return Finding("ok", "terminal", name)


def _colours(environment: Mapping[str, str]) -> Finding:
    if environment.get("NO_COLOR"):
        return Finding("note", "colours", "none: NO_COLOR is set", "Signs and places say it all.")
    if environment.get("COLORTERM") in ("truecolor", "24bit"):
        return Finding("ok", "colours", "16 million; the theme of 16 is used until T changes it")
    if "256color" in environment.get("TERM", ""):
        return Finding("ok", "colours", "256; the theme of 16 is used until T changes it")
    return Finding("ok", "colours", "16, all that is needed")


def _size(columns: int, rows: int) -> Finding:
    told = f"{columns}x{rows}"
    if columns < 60 or rows < 15:
        return Finding("fault", "size", f"{told} is too small", "60x15 at least; 80x24 is good.")
    if columns < 80 or rows < 24:
        return Finding("note", "size", f"{told} is tight", "80x24 is good; two panes from 100x24.")
    return Finding("ok", "size", told)


def _clipboard(around: Surroundings) -> Iterator[Finding]:
    environment = around.environment
    if environment.get("TMUX"):
        yield _tmux_clipboard(around.tmux)
        passed = around.tmux.get("allow-passthrough", "unknown")
        told = f"allow-passthrough is {passed}; nothing here needs it"
        yield Finding("ok", "tmux", told)
        return
    if environment.get("STY"):
        yield Finding("note", _CLIPBOARD, "GNU screen keeps OSC 52 to itself", _KEPT)
        return
    program = environment.get("TERM_PROGRAM", "")
    named = f"{environment.get('TERM', '')} {program}".lower()
    if any(name in named for name in _TAKES) or environment.get("WT_SESSION"):
        yield Finding("ok", _CLIPBOARD, "this terminal takes yanked text (OSC 52)")
    elif program == "Apple_Terminal":
        yield Finding("note", _CLIPBOARD, "Terminal.app knows no OSC 52", _KEPT)
    elif program == "iTerm.app":
        todo = f"Settings, General, Selection: let applications access the clipboard. {_KEPT}"
        yield Finding("note", _CLIPBOARD, "iTerm2 takes OSC 52 where it is allowed to", todo)
    elif environment.get("VTE_VERSION"):
        yield Finding("note", _CLIPBOARD, "terminals on VTE often know no OSC 52", _KEPT)
    else:
        todo = f"Press y on a pair and paste: that tells. {_KEPT}"
        yield Finding("note", _CLIPBOARD, "whether it takes OSC 52 cannot be seen from here", todo)


def _tmux_clipboard(options: Mapping[str, str]) -> Finding:
    value = options.get("set-clipboard")
    if value is None:
        return Finding("note", _CLIPBOARD, "tmux does not say what it does with yanked text", _KEPT)
    if value == "off":
        todo = f"In ~/.tmux.conf: set -s set-clipboard external. {_KEPT}"
        return Finding("note", _CLIPBOARD, "tmux keeps yanked text to itself", todo)
    told = f"by tmux (set-clipboard is {value}), where the terminal outside takes OSC 52"
    return Finding("ok", _CLIPBOARD, told)
