"""What the tables of an index's DuckDB files are, column by column: docs/schema.md says it.

The columns and their types are read off files that were really written; only their meaning is
written down here, and a test fails where one of them has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

_COLUMNS = """
SELECT table_name, column_name, data_type FROM duckdb_columns()
WHERE database_name = 'file' AND NOT internal ORDER BY table_oid, column_index
"""
_ID = "names the pair: its source's number << 40, and its row"
_SIDE = "0: chosen, 1: rejected"
_IN_RESPONSE = "in characters of the response"
_FIRES = {
    "activation_chosen": "its strongest activation over P of the chosen side",
    "activation_rejected": "the same of the rejected side",
    "attribution": "its attribution to the margin",
    "effect": "its exact effect over P, where it was checked",
}

SOURCE: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "pairs": (
        "One row a pair, in the order of the ids.",
        {
            "id": _ID,
            "row": "its 0-based place in its split",
            "tranche": "the part of the data set",
            "context": "what both sides share, up to and including the last Assistant marker",
            "chosen": "the response that people preferred; context and response give the text back",
            "rejected": "the other response",
            "content_hash": "16 hex digits of both texts: whether a pair is still the same",
            "context_hash": "16 hex digits of the context",
        },
    ),
    "meta": (
        "What the file says of itself.",
        {
            "key": "`schema_version`, `source`, `split`, `location`, `hash`, …",
            "value": "as JSON",
        },
    ),
}
"""By table of `sources/N.duckdb`: what it holds, and its columns' meaning."""

RUN: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "features": (
        "The SAE features of each pair with the strongest attribution.",
        {"id": _ID, "feature": "its number", **_FIRES, "probability": "of being checked"},
    ),
    "rewards": (
        "One row for each measured pair, and for those of the sample that stands for the index.",
        {
            "id": _ID,
            "tokens": "that the PM read",
            "truncated": "tokens that the context lost",
            "reward_chosen": "r of the chosen side",
            "reward_rejected": "r of the rejected side",
            "margin": "delta, their difference",
            "reward_chosen_sae": "r with the SAE's reconstruction; NULL of sampled pairs",
            "reward_rejected_sae": "the same of the rejected side",
            "margin_sae": "delta_sae, their difference",
            "margin_random_error": "the margin with a random error of the SAE error's norm",
            "in_sample": "whether it belongs to the hashed sample of the index",
            "strongest": "its features with the highest attribution, the first of them first",
            "content_hash": "of the texts it was measured on, as in `pairs`",
        },
    ),
    "by_feature": (
        "`features` in the order of the features.",
        {"feature": "its number", "id": _ID, **_FIRES},
    ),
    "peaks": (
        "Where a feature fires most in a bearer's response.",
        {
            "feature": "its number",
            "id": _ID,
            "side": _SIDE,
            "start": f"of the token, {_IN_RESPONSE}",
            "end": "one past its last character",
        },
    ),
    "tokens": (
        "The tokens of bearers' responses.",
        {
            "id": _ID,
            "token": "its number in the pair",
            "side": _SIDE,
            "start": f"of the token, {_IN_RESPONSE}",
            "end": "one past its last character",
            "total": "the attribution of all features at it",
        },
    ),
    "token_effects": (
        "Attributions by token, of the features that are told of a pair.",
        {
            "id": _ID,
            "feature": "its number",
            "token": "as in `tokens`",
            "attribution": "the feature's at that token",
        },
    ),
    "judged": (
        "One row for each verdict: a pair and a heuristic that one of its sides bears.",
        {
            "heuristic": "its name",
            "id": _ID,
            "tranche": "the part of the data set",
            "context_hash": "of the pair it was judged on",
            "kind": "`counterexample` or `conforming`",
            "bearer": "`chosen` or `rejected`",
            "span_start": f"of each match, {_IN_RESPONSE}; below 0 where it begins in the context",
            "span_end": "one past its last character",
            "features": "the heuristic's features that judged it",
            "in_sample": "whether they were picked on this pair too",
            "margin": "delta",
            "margin_sae": "delta_sae",
            "effect": "E_F(S)",
            "activation": "a_F",
            "effect_all": "E of all features at S",
            "random_effect": "E(S) of a random group of F's size",
            "drop_without_others": "what the margin loses without all other features over P",
            "drop_without_error": "what it loses without the SAE error over P",
            "deletion_effect": "r(bearer) - r(bearer without the pattern)",
            "control_effect": "the same for a random span of the same length",
            "decisive": "whether the margin changes its sign without the pattern",
            "margin_threshold": "epsilon_m",
            "vote_threshold": "epsilon",
            "silent_activation": "below it the features are silent",
            "verdict": "one of those in [verdicts.md](verdicts.md)",
            "confident": "of `pm-wrong`: the label has a probability under a quarter",
            "outvoted_by": "of `outvoted`: `features` or `error`",
            "vote": "V",
            "runner_up": "the verdict beyond the nearest threshold",
            "distance": "to that threshold, in units of it",
            "effect_over_response": "E_F(P)",
        },
    ),
    "heuristics": (
        "What the run measured of each heuristic.",
        {"name": "its name", "measured": "JSON: the heuristic, its features, folds, threshold"},
    ),
    "meta": (
        "What the file says of itself, in one row.",
        {
            "schema_version": "of these tables",
            "manifest": "JSON: what names the run, its models, and how effects are taken",
            "figures": "JSON: FVU, reward recovered, noise floor, thresholds",
        },
    ),
}
"""By table of `runs/RUN/run.duckdb`."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as DuckDB has it."""

    name: str
    kind: str


def tables_of(path: Path) -> dict[str, tuple[Column, ...]]:
    """The tables of a DuckDB file, in the order in which they were made."""
    quoted = str(path).replace("'", "''")
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{quoted}' AS file (READ_ONLY)")
        found: dict[str, tuple[Column, ...]] = {}
        for table, name, kind in connection.execute(_COLUMNS).fetchall():
            found[table] = (*found.get(table, ()), Column(name, kind))
    return found


def tables_markdown(
    path: Path, known: Mapping[str, tuple[str, Mapping[str, str]]]
) -> Iterator[str]:
    """A file's tables as Markdown, each with its columns, types and what they mean.

    Raises:
        KeyError: a table or a column has no meaning here.
    """
    for table, columns in tables_of(path).items():
        about, meanings = known[table]
        yield from ("", f"### `{table}`", "", about, "")
        yield from ("| column | type | what it is |", "| --- | --- | --- |")
        for column in columns:
            yield f"| `{column.name}` | {column.kind} | {meanings[column.name]} |"
