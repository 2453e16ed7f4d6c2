"""The one registry of actions: bindings, footer, help, palette and the README's table come from it.

An action that is not here has no key; a key that is here has an `action_*` method on every screen
it names. `tests/tui/test_keys.py` holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding

Place = Literal[
    "overview",
    "pairs",
    "pair",
    "feature",
    "compare",
    "runs",
    "plots",
    "discovery",
    "lab",
    "marks",
    "facets",
    "sorting",
    "filter",
    "pattern",
    "edit",
    "prompt",
    "help",
    "messages",
]

MAIN: tuple[Place, ...] = (
    "overview",
    "pairs",
    "pair",
    "feature",
    "compare",
    "runs",
    "plots",
    "discovery",
    "lab",
    "marks",
)
_LISTS: tuple[Place, ...] = (*MAIN, "facets", "sorting", "help", "messages")
_PARTS: tuple[Place, ...] = ("pair", "compare", "plots")
_TRIAGED: tuple[Place, ...] = ("pairs", "pair")

MARKS: dict[str, str] = {
    "1": "clear",
    "2": "unclear",
    "3": "label wrong",
    "4": "interesting",
    "5": "exclude",
}
"""Triage marks by their digit. `0` takes a mark back."""

_GAP = "  "
_WAYS_OUT = ("back", "help", "quit")
"""They stand last in a footer; it may have no room for the last of them."""
_UNSAID = frozenset(
    (
        *("down", "up", "top", "bottom", "page_down", "page_up", "left", "right"),
        *("previous_match", "previous_pair", "previous_feature", "previous_heuristic"),
        *("previous_section", "previous_run"),
    )
)
"""No footer says them: everybody tries them, or the key of their counterpart is there."""
_SHOWN_AS = {
    "escape": "esc",
    "pagedown": "page down",
    "pageup": "page up",
    "shift+tab": "shift+tab",
    **{f"f{number}": f"F{number}" for number in range(2, 6)},
}


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a key does, on the screens where it does it."""

    name: str
    """The screen's method is `action_<name>`; arguments stand behind it in parentheses."""
    keys: tuple[str, ...]
    label: str
    """One or two words for the footer and the palette."""
    help: str
    places: tuple[Place, ...]
    in_footer: bool = False
    first: bool = False
    """Whether it goes before the keys of the field that has the focus."""
    hint: str | None = None
    """What the footer says in place of key and label; empty: it never has room for it."""

    @property
    def keys_shown(self) -> str:
        return " ".join(_SHOWN_AS.get(key, key) for key in self.keys)

    @property
    def told(self) -> str:
        """`enter open`: the action in a footer."""
        key = _SHOWN_AS.get(self.keys[0], self.keys[0])
        return f"{key} {self.label}" if self.hint is None else self.hint

    @property
    def method(self) -> str:
        return f"action_{self.name.partition('(')[0]}"


ACTIONS: tuple[Action, ...] = (
    Action("open", ("enter",), "feature", "Open the feature the cursor is on.", ("pair",)),
    Action(
        "open",
        ("enter",),
        "open",
        "Open what the cursor is on.",
        ("overview", "pairs", "marks", "feature", "compare"),
        True,
    ),
    Action(
        "open",
        ("enter",),
        "heuristic",
        "Make it a heuristic; of a feature: open it.",
        ("discovery",),
        True,
    ),
    Action("compare", ("c",), "compare", "This run against another.", ("overview",), True),
    Action("compare", ("c",), "runs", "This pair over all runs.", ("pair",)),
    Action("plots", ("p",), "plot", "Verdicts, margins, reliability.", ("overview",), True),
    Action(
        "discover", ("D",), "discover", "What the PM holds against responses.", ("overview",), True
    ),
    Action("previous_run", ("[",), "run before", "The run before.", ("compare",)),
    Action("next_run", ("]",), "next run", "The next run to compare with.", ("compare",), True),
    Action("down", ("j", "down"), "down", "One line down.", _LISTS),
    Action("up", ("k", "up"), "up", "One line up.", _LISTS),
    Action("top", ("g", "home"), "top", "To the first line.", _LISTS),
    Action("bottom", ("G", "end"), "bottom", "To the last line.", _LISTS),
    Action("page_down", ("ctrl+d", "pagedown"), "page down", "A page down.", _LISTS),
    Action("page_up", ("ctrl+u", "pageup"), "page up", "A page up.", _LISTS),
    Action("left", ("h", "left"), "chosen", "Go to the chosen response.", ("pair",)),
    Action("right", ("l", "right"), "rejected", "Go to the rejected response.", ("pair",)),
    Action("previous_pair", ("[",), "previous", "The list's previous pair.", ("pair",)),
    Action("next_pair", ("]",), "next", "The list's next pair.", ("pair",), True),
    Action("previous_feature", ("[",), "previous", "The feature before.", ("feature",)),
    Action("next_feature", ("]",), "next", "The next feature.", ("feature",), True),
    Action(
        "previous_heuristic",
        ("h", "left"),
        "heuristic before",
        "Plot the bearers of the heuristic before.",
        ("feature",),
    ),
    Action(
        "next_heuristic",
        ("l", "right"),
        "heuristic",
        "Plot the bearers of the next heuristic.",
        ("feature",),
        True,
    ),
    Action(
        "pin",
        ("p",),
        "pin",
        "Pin the feature for the plotted heuristic, or take its pin back.",
        ("feature",),
        True,
    ),
    Action("filter", ("f",), "filter", "Type a filter: margin>2 text~sorry.", ("pairs",), True),
    Action("facets", ("F",), "facets", "Choose verdicts, kind, tranche, marks.", ("pairs",)),
    Action("search", ("/",), "find", "Keep the pairs with a text.", ("pairs",), True),
    Action("search", ("/",), "find", "Find a text in the pair.", ("pair",)),
    Action("next_match", ("n",), "next match", "The next match, or pattern.", ("pair",)),
    Action("previous_match", ("N",), "match before", "The match before.", ("pair",)),
    Action("sort", ("s",), "sort", "Sort by the next figure.", ("pairs",), True),
    Action("sort", ("s",), "sort", "Sort the features by the next figure.", ("pair",)),
    Action("sort_by", ("o",), "sort by", "Pick the figure to sort by.", ("pairs",)),
    Action("reverse", ("S",), "reverse", "Turn the order round.", ("pairs",)),
    Action("unfold", ("o",), "context", "Open or fold the context.", ("pair",), True),
    Action("shade", ("v",), "shade", "Shade tokens by the next figure.", ("pair",)),
    Action(
        "shade_feature",
        ("space",),
        "shade by feature",
        "Shade tokens by the feature the cursor is on.",
        ("pair",),
        hint="",
    ),
    Action("rescore", ("r",), "rescore", "Measure the pair afresh, as it is.", ("pair",), True),
    Action("rescore", ("r",), "as it is", "Measure the targets afresh, as they are.", ("lab",)),
    Action("queue", ("enter",), "queue", "Measure the change over its targets.", ("lab",), True),
    Action("edit", ("e",), "edit", "Edit a response and measure that.", ("pair", "lab"), True),
    Action("features", ("a",), "ablate", "Ablate, scale or pin features.", ("pair", "lab")),
    Action("lab", ("L",), "lab", "Edits and features over many pairs, queued.", _TRIAGED),
    Action("delete", ("d",), "delete", "Delete the pattern; again: leave it.", ("lab",), True),
    Action("insert('chosen')", ("i",), "insert", "Insert a text into chosen.", ("lab",)),
    Action("insert('rejected')", ("I",), "insert", "Insert a text into rejected.", ("lab",)),
    Action("clear", ("c",), "clear", "Begin the change anew.", ("lab",)),
    Action("target", ("t",), "over", "This pair, the list, or a mark's pairs.", ("lab",), True),
    Action("other_pane", ("tab",), "results", "To the results, and back.", ("lab",)),
    Action("open_result", ("o",), "open", "Open one of many results; again: close.", ("lab",)),
    Action("cancel", ("x",), "stop", "Stop what the cursor is on.", ("lab",)),
    Action("cancel_all", ("X",), "stop all", "Stop everything in the queue.", ("lab",)),
    Action("go_on", ("p",), "go on", "Go on after the worker was lost.", ("lab",)),
    Action("keep", ("s",), "keep", "Keep results as custom pairs.", ("lab",)),
    Action("write", ("w",), "export", "Write results to a JSONL file.", ("lab",)),
    Action("waterfall", ("w",), "waterfall", "Take the margin apart, by a running PM.", ("pair",)),
    *(
        Action(
            f"mark('{digit}')",
            (digit,),
            name,
            f"Mark the pair as {name}.",
            _TRIAGED,
            in_footer=digit == "1",
            hint=f"1-{len(MARKS)} mark" if digit == "1" else "",
        )
        for digit, name in MARKS.items()
    ),
    Action("next_section", ("tab",), "next part", "To the page's next part.", _PARTS, True),
    Action("previous_section", ("shift+tab",), "previous part", "To the part before.", _PARTS),
    Action("mark('0')", ("0",), "no mark", "Take the mark back.", _TRIAGED),
    Action("undo", ("u",), "take back", "Take back the last mark or note.", _TRIAGED),
    Action("note", ("m",), "note", "Write a note on the pair.", _TRIAGED),
    Action("long_note", ("M",), "long note", "Write the note in $EDITOR.", _TRIAGED),
    Action("sample", ("z",), "sample", "Draw a reading sample from the list.", ("pairs",)),
    Action("blind", ("b",), "blind", "Hide verdict and figures until a mark.", _TRIAGED),
    Action("marks", ("t",), "marks", "Everybody's marks, and agreement.", ("overview", "pairs")),
    Action("write", ("w",), "export", "Write the list to a file.", ("pairs",)),
    Action("write", ("w",), "export", "Write everybody's marks to a file.", ("marks",), True),
    Action("yank", ("y",), "yank", "Copy the pair's figures.", _TRIAGED),
    Action("yank_text", ("Y",), "yank text", "Copy the pair's texts.", _TRIAGED),
    Action("new_pattern", ("n",), "new", "Count a new pattern.", ("overview",), True),
    Action("features", ("F",), "features", "The features of the heuristic.", ("overview",)),
    Action("keep", ("w",), "keep", "Write the new pattern to a file.", ("overview",)),
    Action("flip", ("space",), "set", "Set or clear the line.", ("facets",), True),
    Action("apply", ("enter",), "apply", "Use these facets.", ("facets",), True),
    Action("pick", ("enter",), "pick", "Sort by this figure.", ("sorting",), True),
    Action("take", ("tab",), "complete", "Put the candidate in.", ("filter",), True, True),
    Action("choose_down", ("down",), "next", "The next candidate.", ("filter",), True, True),
    Action("choose_up", ("up",), "before", "The candidate before.", ("filter",), False, True),
    Action("apply", ("enter",), "apply", "Use this filter.", ("filter",), True, True),
    Action(
        "count", ("enter",), "count", "Count who carries the pattern.", ("pattern",), True, True
    ),
    Action("toggle_regex", ("f2",), "regex", "A text, or an expression.", ("pattern",), True, True),
    Action(
        "toggle_fold",
        ("f3",),
        "fold",
        "Typographic ’ as plain ', or not.",
        ("pattern",),
        True,
        True,
    ),
    Action("next_scope", ("f4",), "scope", "Where the pattern counts.", ("pattern",), True, True),
    Action(
        "next_direction",
        ("f5",),
        "direction",
        "Whether it lowers reward.",
        ("pattern",),
        False,
        True,
    ),
    Action("measure", ("f5", "ctrl+r"), "rescore", "Measure the edit.", ("edit",), True, True),
    Action("switch", ("tab",), "other side", "Edit the other response.", ("edit",), True, True),
    Action("accept", ("enter",), "done", "Take what was typed.", ("prompt",), True, True),
    Action(
        "back",
        ("escape",),
        "back",
        "Back one screen; stops a measurement first.",
        (*_LISTS[1:], "filter", "pattern", "edit", "prompt"),
        True,
        True,
    ),
    Action("back", ("escape",), "stop", "Stop counting a pattern.", ("overview",), hint=""),
    Action("help", ("?",), "help", "This list of keys.", MAIN, True),
    Action("messages", ("!",), "messages", "The last messages again.", MAIN),
    Action("theme", ("T",), "theme", "The next theme: 16 colours, dark, light.", MAIN),
    Action("palette", (":", "ctrl+p"), "palette", "Every action by name.", MAIN),
    Action("quit", ("q", "ctrl+q", "ctrl+c"), "quit", "Leave; the session comes back.", MAIN, True),
)


def actions(place: Place) -> tuple[Action, ...]:
    """The actions of one screen, in the registry's order."""
    return tuple(action for action in ACTIONS if place in action.places)


def bindings(place: Place) -> list[Binding]:
    """What a screen binds: every key of every action of its place."""
    return [
        Binding(key, action.name, action.label, show=False, priority=action.first)
        for action in actions(place)
        for key in action.keys
    ]


def hints(place: Place) -> str:
    """The most needed keys of a place and what they do, in one line."""
    return _GAP.join(action.told for action in actions(place) if action.in_footer)


def footer(place: Place, room: int) -> str:
    """A screen's last line: its most needed keys, and as many others as find room.

    Args:
        place: the screen.
        room: in cells. Nothing is cut: the least needed are left out.
    """
    here = [action for action in actions(place) if action.told and action.name not in _UNSAID]
    taken = [action for action in here if action.name in _WAYS_OUT[:-1]]
    used = len(_GAP.join(action.told for action in taken))
    for action in sorted(here, key=lambda action: (not action.in_footer, action.name == "quit")):
        if action not in taken:
            used += len(_GAP) + len(action.told)
            if used > room:
                break
            taken.append(action)
    last = {name: place for place, name in enumerate(_WAYS_OUT, 1)}
    taken.sort(key=lambda action: last.get(action.name, 0))
    return _GAP.join(action.told for action in taken)


def help_lines(place: Place) -> list[tuple[str, str]]:
    """The help screen of a place: keys, and what they do."""
    return [(action.keys_shown, action.help) for action in actions(place)]


def keys_markdown() -> str:
    """The README's table of keys, ended by a newline."""
    rows = [
        f"| {' '.join(f'`{_SHOWN_AS.get(key, key)}`' for key in action.keys)} "
        f"| {action.help} | {', '.join(action.places)} |"
        for action in ACTIONS
    ]
    return "\n".join(["| keys | what they do | where |", "| --- | --- | --- |", *rows]) + "\n"
