"""A small index with a run made by hand: every figure in it is chosen, none is measured.

Twelve pairs in two tranches. Even rows carry `https://` on the chosen side, odd ones on the
rejected side, so that with `lowers` the even rows are the counterexamples.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from engine.cache import tables
from engine.cache.bearers import bearers
from engine.cache.indexing import index_sources
from engine.cache.judged import JudgedRow
from engine.cache.keys import keys_of
from engine.cache.layout import IndexPaths
from engine.cache.manifest import Manifest, RunConfig
from engine.cache.pairs import open_pairs
from engine.cache.run_file import write_run
from engine.cache.run_records import Figures, Insertion, IntegratedFigures, MeasuredHeuristic
from engine.cache.sealed import run_path
from engine.cache.unchanged import content_hashes
from engine.heuristics import Direction, Heuristic, kind_of
from engine.hh import pair_id, split_pair_id
from engine.hh.source import SourceOptions, open_sources
from engine.verdict import Candidate, Interval, Verdict

URL = Heuristic("url", "https://")
ROWS = 12
START = "\n\nHuman: Where is it, number {row}?\n\nAssistant:"
VERDICTS = {
    0: Verdict.OUTVOTED,
    2: Verdict.OUTVOTED,
    4: Verdict.PM_WRONG,
    6: Verdict.TIE,
    8: Verdict.SILENT,
    10: Verdict.INERT,
    1: Verdict.FOLLOWED,
    3: Verdict.FOLLOWED,
    5: Verdict.FOLLOWED,
    7: Verdict.INERT,
    9: Verdict.INERT,
    11: Verdict.PM_WRONG,
}
MARGINS = {row: float(row) / 4 for row in range(ROWS)} | {4: -2.0, 6: 0.01, 11: -0.5}

TOKENS = {
    "id": 1 << 40,
    "side": [0, 0, 1],
    "start": [0, 5, 0],
    "end": [5, 8, 2],
    "total": [0.25, -1.0, 0.5],
    "token": [0, 1, 1, 2, 2],
    "feature": [3, 3, 9, 9, 77],
    "attribution": [0.25, -0.5, -0.5, 0.75, -0.25],
}
"""Attributions by token, of the first pair alone; feature 77 is neither told nor anyone's own."""


def sides(row: int) -> tuple[str, str]:
    bears, bare = f" It's at https://x.org/{row} [100% sure_]", f" I can't say, 'friend' {row}"
    return (bears, bare) if row % 2 == 0 else (bare, bears)


def write_source(folder: Path, tranche: str, rows: Sequence[int]) -> Path:
    file = folder / f"{tranche}.jsonl"
    lines = []
    for row in rows:
        chosen, rejected = sides(row)
        start = START.format(row=row)
        lines.append(json.dumps({"chosen": start + chosen, "rejected": start + rejected}))
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def index(paths: IndexPaths, *files: Path) -> None:
    sources = [source for file in files for source in open_sources(str(file), SourceOptions())]
    index_sources(paths, sources)


def make_index(folder: Path) -> IndexPaths:
    """Rows 0 to 5 as one source and tranche, 6 to 11 as another."""
    paths = IndexPaths(folder / "cache", "tiny")
    index(
        paths, write_source(folder, "first", range(6)), write_source(folder, "second", range(6, 12))
    )
    return paths


def row_of(identifier: int) -> int:
    """The number of the pair in this story, 0 to 11."""
    source, row = split_pair_id(identifier)
    return (source - 1) * 6 + row


def id_of(row: int) -> int:
    return pair_id(1 + row // 6, row % 6)


def manifest(hook: str) -> Manifest:
    return Manifest(
        config=RunConfig("pm", "tok", "sae", hook, "last-text-token", "float32", "all"),
        pm="tiny-pm",
        pm_path="models/pm",
        architecture="GPTJForSequenceClassification",
        sae="tiny-sae",
        sae_path="models/sae",
        sae_kind="gated",
        d_sae=64,
    )


INSERTION = Insertion(
    *(5, -0.25, -0.75, 0.25),
    before=Interval(0.5, 0.25, 0.75),
    after=Interval(0.25, -0.5, 0.75),
)
FIGURES = Figures(
    pairs=ROWS,
    sample=4,
    tokens=1234,
    noise_floor=1e-6,
    margin_threshold=0.1,
    fvu=0.07,
    fvu_after_first=0.08,
    reward_recovered=0.96,
    reward_recovered_random=0.31,
    sign_agreement=0.9,
    attribution_pairs=4,
    attribution_features=112,
    attribution_spearman=0.8,
    attribution_sign_agreement=0.9,
    attribution_recall=0.7,
    integrated=IntegratedFigures(2, 56, 5, 0.9, 0.95, 0.7, 0.8, 0.02),
)


def judged(
    paths: IndexPaths, heuristic: Heuristic, deletion: float, direction: Direction = "lowers"
) -> list[JudgedRow]:
    """A verdict for each bearer, as `VERDICTS` says; E_F(S) is -1 where they vote, else 0.

    A feature as heuristic fires nowhere.
    """
    if heuristic.feature is not None:
        return []
    store = open_pairs(paths)
    (table,) = bearers(paths, store, [heuristic])
    keys = keys_of(store, [borne.id for borne in table.bearers])
    pairs = {pair.id: pair for pair in store.pairs(list(keys))}
    store.close()
    rows = []
    for borne in table.bearers:
        row, context = row_of(borne.id), len(pairs[borne.id].context)
        verdict = VERDICTS[row]
        votes = verdict in (Verdict.OUTVOTED, Verdict.FOLLOWED)
        toward_chosen = -1.0 if borne.bearer == "chosen" else 1.0
        effect = toward_chosen * votes
        rows.append(
            JudgedRow(
                heuristic=heuristic.name,
                id=borne.id,
                tranche=keys[borne.id].tranche,
                context_hash=keys[borne.id].context_hash,
                kind=kind_of(borne.bearer, direction),
                bearer=borne.bearer,
                span_start=tuple(start - context for start, _ in borne.spans),
                span_end=tuple(end - context for _, end in borne.spans),
                features=(3, 5),
                in_sample=False,
                margin=MARGINS[row],
                margin_sae=MARGINS[row] / 2,
                effect=effect,
                activation=2.0,
                effect_all=toward_chosen,
                random_effect=0.0,
                drop_without_others=1.0,
                drop_without_error=0.5,
                deletion_effect=deletion,
                control_effect=0.0,
                decisive=row == 2,
                margin_threshold=0.1,
                vote_threshold=0.2,
                silent_activation=0.0,
                verdict=verdict,
                confident=row == 4,
                outvoted_by="features" if verdict is Verdict.OUTVOTED else None,
                vote=abs(effect),
                runner_up=Verdict.INERT,
                distance=float(row),
                effect_over_response=1.5 * effect,
            )
        )
    return rows


def base(rows: Sequence[int]) -> pa.Table:
    """Base figures; each pair has four features, 3 and 5 the strongest of them."""
    return pa.Table.from_pylist(
        [
            {
                "id": id_of(row),
                "tokens": 20,
                "truncated": 7 if row == 8 else 0,
                "reward_chosen": MARGINS[row],
                "reward_rejected": 0.0,
                "reward_chosen_sae": MARGINS[row] / 2,
                "reward_rejected_sae": 0.0,
                "margin_random_error": 0.0,
                "feature": [3, 5, 7, 9],
                "activation_chosen": [1.0, 1.0, 1.0, 1.0],
                "activation_rejected": [0.0, 0.0, 0.0, 0.5],
                "attribution": [4.0, 3.0, -5.0, 1.0],
            }
            for row in rows
        ],
        schema=tables.BASE,
    )


def peaks(rows: Sequence[int]) -> pa.Table:
    """Feature 3 is strongest on `https://` in its bearer; the others' tokens are not stored."""
    return pa.Table.from_pylist(
        [
            {
                "id": id_of(row),
                "feature": 3,
                "side": row % 2,
                "start": sides(row)[row % 2].index("https"),
                "end": sides(row)[row % 2].index("x.org"),
            }
            for row in rows
        ],
        schema=tables.PEAKS,
    )


def hashes(paths: IndexPaths) -> pa.Table:
    """On which texts a run of the index stands."""
    store = open_pairs(paths)
    found = content_hashes(store)
    store.close()
    return found


def seal(
    paths: IndexPaths,
    *,
    measured: Sequence[int] = range(ROWS),
    sampled: Sequence[int] = (0, 1, 6, 7),
    heuristic: Heuristic = URL,
    deletion: float = -0.5,
    direction: Direction = "lowers",
    hook: str = "h.2",
) -> str:
    """Seal a run over some of the pairs; its id. `direction`: as which it was judged."""
    made = manifest(hook)
    rows = [
        row for row in judged(paths, heuristic, deletion, direction) if row_of(row.id) in measured
    ]
    found = tuple(Candidate(feature, 0.97, 0.8) for feature in (3, 5))
    checks = [
        {"id": id_of(0), "feature": 9, "attribution": 1.0, "effect": 0.75, "probability": 1.0}
    ]
    write_run(
        run_path(paths, made.config.run),
        manifest=made,
        figures=FIGURES,
        heuristics=[
            MeasuredHeuristic(
                heuristic=heuristic,
                direction=direction,
                folds=(found, found[:1]),
                features=(3, 5),
                jaccard=0.5,
                in_sample=False,
                pinned=False,
                vote_threshold=0.2,
                chosen_only=6,
                rejected_only=6,
                both=0,
                insertion=None if heuristic.regex else INSERTION,
            )
        ],
        judged=rows,
        base=[base(measured)],
        sample=tables.SAMPLE.empty_table(),
        sampled=[id_of(row) for row in sampled],
        checks=pa.Table.from_pylist(checks, schema=tables.CHECKS),
        peaks=peaks(measured),
        tokens=pa.Table.from_pylist([TOKENS], schema=tables.TOKEN_EFFECTS),
        texts=hashes(paths),
    )
    return made.config.run
