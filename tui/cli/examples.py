"""What one would really type: shown by `--help`, the man page and docs/cli.md."""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """A line for the shell, and what it does in a few words."""

    line: str
    does: str


EXAMPLES: dict[str, tuple[Example, ...]] = {
    "browse": (
        Example("outvoted", "the index used last, else the demo"),
        Example("outvoted --name hh --run 1f3a", "a run of another index, by its first digits"),
        Example('outvoted --worker "ssh gpu1 outvoted worker"', "rescore on another machine's GPU"),
    ),
    "demo": (
        Example("outvoted demo", "offline, on a CPU"),
        Example("outvoted demo --theme light --mouse", "in true colours on white, with the mouse"),
    ),
    "index": (
        Example("outvoted index harmless-base-test.jsonl.gz", "a file of HH pairs"),
        Example(
            "outvoted index hub:Anthropic/hh-rlhf --split test --name hh-test",
            "one split of a data set on the hub, as an index of its own",
        ),
        Example(
            "outvoted index mine.parquet --chosen-column better --rejected-column worse",
            "columns that are called something else",
        ),
    ),
    "census": (
        Example('outvoted census "I don\'t know" --fold --by tranche', "either apostrophe"),
        Example("outvoted census 'https?://' --regex --scope transcript", "an expression"),
        Example(
            'outvoted census "my pleasure" --after "thank you"',
            "only straight after a thank you of the human's",
        ),
    ),
    "score": (
        Example(
            "outvoted score --pm path/to/pm --sae path/to/sae --trained-rows 296-2311",
            "PM and SAE from folders, and what the PM was trained on",
        ),
        Example("outvoted score --preset original --device cuda", "all of it from a preset"),
        Example(
            "outvoted score --pm demo:pm --sae demo:sae --pairs 'text~sorry'",
            "the demo's models, on the bearers and on pairs that say sorry",
        ),
    ),
    "presets": (
        Example("outvoted presets", "which there are"),
        Example("outvoted presets original", "what one says, and what it takes in memory"),
    ),
    "report": (
        Example("outvoted report", "the newest run, to read top to bottom"),
        Example("outvoted report --html report.html --without-suspects", "as a page with plots"),
        Example("outvoted report --name demo --markdown -", "the demo's, for an issue"),
    ),
    "suspects": (
        Example("outvoted suspects", "how many labels may be wrong, why, and twenty of them"),
        Example("outvoted report --without-suspects", "the answer without them"),
    ),
    "discover": (
        Example("outvoted discover --top 20", "n-grams and features, by what margins alone tell"),
        Example("outvoted discover --deletion 12 --device cuda", "and what deleting each does"),
    ),
    "show": (
        Example("outvoted show 63 --name demo", "row 63 of the demo"),
        Example("outvoted show test:17 --json", "row 17 of split test, as JSON"),
    ),
    "rescore": (
        Example("outvoted rescore 63 --name demo --delete-pattern url", "without its url"),
        Example(
            "outvoted rescore 63 --name demo --ablate 12,34 --scale 56=2.0",
            "with features set to zero and doubled",
        ),
        Example("outvoted rescore --pair mine.json", "a pair of your own"),
    ),
    "import": (
        Example("outvoted import rewards rewards.parquet --pm my-pm", "as a run of margins"),
        Example("outvoted import triage anna.jsonl", "somebody's marks and notes"),
        Example("outvoted import pins pins.csv --user anna", "and the features that they pinned"),
    ),
    "export": (
        Example("outvoted export verdicts verdicts.parquet", "for a notebook"),
        Example("outvoted export pairs pairs-folder", "a folder that datasets loads"),
        Example("outvoted export pins pins.csv", "who pinned which features, for a colleague"),
    ),
    "serve": (
        Example("outvoted serve", "on port 8000, for this machine alone"),
        Example("outvoted serve --port 0 --name demo", "the demo, on any port that is free"),
    ),
    "completions": (
        Example(
            "outvoted completions bash > ~/.local/share/bash-completion/completions/outvoted",
            "for bash, from its next start on",
        ),
        Example("outvoted completions zsh > ~/.zfunc/_outvoted", "for zsh: a folder of its fpath"),
        Example("outvoted completions fish > ~/.config/fish/completions/outvoted.fish", "for fish"),
    ),
    "doctor": (
        Example("outvoted doctor", "what works here"),
        Example("outvoted doctor --pm path/to/pm --sae path/to/sae", "do they fit into memory?"),
    ),
    "worker": (
        Example(
            "outvoted worker --preset there.toml",
            "what another machine's --worker starts here",
        ),
    ),
}
"""By command; every example is parsed by a test."""
