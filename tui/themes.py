"""The colours one may choose: the terminal's own sixteen, or true colours, dark or light.

Meaning is never colour alone, and blue stands against orange in all of them. The widgets name
the sixteen colours; a theme of true colours says which tone each of the names then has.
"""

from __future__ import annotations

from rich.terminal_theme import TerminalTheme
from textual.theme import Theme

DEFAULT = "terminal"

_Rgb = tuple[int, int, int]
# Blue and vermilion-orange of Okabe and Ito (2008), a palette for every kind of colour vision.
_DARK: tuple[_Rgb, _Rgb] = ((17, 20, 26), (222, 226, 232))
_LIGHT: tuple[_Rgb, _Rgb] = ((252, 252, 250), (30, 33, 40))
_ORANGE, _BLUE, _CYAN = (230, 159, 0), (86, 180, 233), (128, 203, 196)
_DARK_ORANGE, _DARK_BLUE, _DARK_CYAN = (166, 90, 0), (0, 96, 160), (0, 110, 110)


def _tones(ground: tuple[_Rgb, _Rgb], orange: _Rgb, blue: _Rgb, cyan: _Rgb) -> TerminalTheme:
    """The sixteen names: red and yellow are orange, green and blue are blue."""
    back, fore = ground
    eight = [back, orange, blue, orange, blue, cyan, cyan, fore]
    return TerminalTheme(back, fore, eight, eight)


def _hex(colour: _Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _true(name: str, tones: TerminalTheme, *, dark: bool) -> Theme:
    orange, blue, cyan = (_hex(tones.ansi_colors[place]) for place in (3, 4, 6))
    back, fore = _hex(tones.background_color), _hex(tones.foreground_color)
    return Theme(
        name=name,
        dark=dark,
        primary=blue,
        secondary=cyan,
        accent=cyan,
        warning=orange,
        error=orange,
        success=blue,
        foreground=fore,
        background=back,
        surface=back,
        panel=back,
        boost=back,
        variables={
            "block-cursor-foreground": back,
            "block-cursor-background": fore,
            "input-cursor-background": fore,
            "input-cursor-foreground": back,
        },
    )


_TERMINAL = Theme(
    name=DEFAULT,
    ansi=True,  # the terminal's own 16 colours
    primary="ansi_blue",
    secondary="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_yellow",
    success="ansi_blue",
    accent="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_white",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "input-selection-background": "ansi_bright_blue",
        "input-selection-foreground": "ansi_black",
    },
)
DARK_TONES = _tones(_DARK, _ORANGE, _BLUE, _CYAN)
LIGHT_TONES = _tones(_LIGHT, _DARK_ORANGE, _DARK_BLUE, _DARK_CYAN)
THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        _TERMINAL,
        _true("dark", DARK_TONES, dark=True),
        _true("light", LIGHT_TONES, dark=False),
    )
}
"""By name, in the order in which a key goes through them."""
