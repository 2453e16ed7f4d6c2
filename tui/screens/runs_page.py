"""One pair over all runs of its index, as a table: layer by layer, PM by PM. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from engine.cache.comparison_records import PairInRun
from engine.plain import plain
from tui.screens.run_words import apart, shared
from tui.widgets.document import Page
from tui.widgets.figures import BOLD, FAINT, margin_bar, signed
from tui.widgets.pair_line import verdict_code
from tui.widgets.wrapping import fit, wrap

_HALF = 6


def runs_page(runs: Sequence[PairInRun], width: int) -> Page:
    """Two lines and one for each verdict a run; margins as bars on one scale."""
    largest = max((abs(made.margin) for made in runs if made.margin is not None), default=0.0)
    heading = f"{'margin':>9}{'':<{2 * _HALF + 3}}{'reconstr.':>9}  run"
    cards = [made.run for made in runs]
    alike = " · ".join(shared(cards))
    lines = wrap(Text(_flat(f"measured with {alike}")), width) if alike else []
    lines.append(Text(heading, FAINT))
    for made in runs:
        run = made.run
        line = Text(f"{signed(made.margin, 9)} ", BOLD)
        line.append_text(margin_bar(made.margin, largest, _HALF))
        line.append(f" {signed(made.margin_sae, 9)}  ")
        said = " · ".join((run.run[:8], *apart(run, cards)))
        indent = " " * line.cell_len
        first, *more = wrap(Text(_flat(said)), width - line.cell_len)
        lines.append(line.append_text(first))
        lines += [Text(indent).append_text(part) for part in more]
        for verdict in made.verdicts:
            code = verdict_code(verdict.verdict, verdict.by)
            lines.append(
                fit(
                    Text(
                        f"    {_flat(verdict.heuristic):<16} {code:<14} vote "
                        f"{signed(verdict.vote, 7)}  effect {signed(verdict.effect, 7)}"
                    ),
                    width,
                )
            )
        if not made.verdicts:
            said = "no verdict" if made.margin is not None else "not measured in this run"
            lines.append(Text(f"    {said}", FAINT))
    return Page(lines)


def _flat(text: str) -> str:
    return plain(text, keep_newlines=False)
