"""The data card of an exported folder: what it is, how it was measured, and its columns."""

from __future__ import annotations

from engine.cache.reader import IndexReader
from engine.exchange.table import Table
from engine.plain import plain

_ABOUT = {
    "pairs": "Preference pairs: a shared context and two responses. `chosen` is the human label;"
    " a transcript is context + response.",
    "verdicts": "One verdict for each pair and heuristic with a bearer, and its inputs.",
    "effects": "Exact effects of the heuristics' SAE features, their controls, and what deleting"
    " the pattern does.",
    "features": "The SAE features stored of each measured pair: their strongest activation on"
    " either side, their attribution to the margin, and the exact effect where it was checked.",
    "suspects": "Pairs whose label may be wrong, or that count twice, and why. `contradicted_by`"
    " and `repeats` name a pair that says nearly the same.",
    "triage": "What people marked and noted. `blind` is a mark made before the verdict was shown.",
    "pins": "SAE features that people say stand for a heuristic: one row for each user, heuristic"
    " and SAE. `key` names the pattern under any name, `sae_hash` the SAE's files.",
}


def data_card(what: str, reader: IndexReader, table: Table) -> str:
    """Markdown with the front matter that the hub reads."""
    index = _line(reader.paths.name)
    lines = [
        "---",
        "tags: [preference-pairs, reward-model, outvoted]",
        "---",
        f"# {what} of the index {index}",
        "",
        _ABOUT[what],
        "",
        "Sources: "
        + ", ".join(_line(f"{s.source}:{s.split}") for s in reader.store.sources.values()),
    ]
    if reader.run is not None:
        config, manifest = reader.run.manifest.config, reader.run.manifest
        told = (
            f"Run {reader.run.run}: PM {manifest.pm}, SAE {manifest.sae} at {config.hook},"
            f" readout {config.readout}, {config.dtype}."
        )
        lines += ["", _line(told)]
    lines += ["", "| column | type |", "| --- | --- |"]
    lines += [f"| {field.name} | {field.type} |" for field in table.schema]
    return "\n".join(lines) + "\n"


def _line(text: str) -> str:
    """Names of files and models on one line, without anything that Markdown or YAML obeys."""
    return plain(text, keep_newlines=False).replace("<", "‹").replace("[", "(").replace("|", "/")
