"""How usual the responses are: their log-likelihood per token under a causal language model.

Both responses of a pair are one packed row, as for rewards: the context is computed once. A token
counts where it overlaps the response's text; what comes before it in its own transcript is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import torch

from engine.cache import likelihood as layer
from engine.cache.layout import IndexPaths
from engine.cache.pairs import PairStore
from engine.cache.parts import Parts
from engine.errors import UserError
from engine.files import writer_lock
from engine.hh import SIDES, Pair
from engine.measure.budget import Budget, in_batches
from engine.measure.finite import all_finite
from engine.measure.packing import Packed, common_prefix, pack
from engine.measure.prepare import Prepared, room
from engine.measure.progress import Report
from engine.measure.sitting import run_parts
from engine.measure.staging import BASE, SAMPLE, Measure, Measured, run_stage
from engine.models.lm import LanguageModel
from engine.models.tokens import tokenise

TOKEN_BUDGET = 1024
"""Columns in a batch: half of what rewards take, since every one may have a whole vocabulary."""
_AT_A_TIME = 128


@dataclass(frozen=True, slots=True)
class Likelihood:
    """One response."""

    tokens: int
    """How many of its tokens something comes before; 0: there is no figure."""
    total: float
    """The sum of their log-probabilities, in nats."""


def measure_likelihood(
    paths: IndexPaths, store: PairStore, runs: Sequence[str], lm: LanguageModel, report: Report
) -> None:
    """Measure what is missing of all pairs that these runs have rewards of; a layer of each.

    The parts are the index's: what is measured of a pair serves every run.

    Raises:
        UserError: another process measures with the same model.
    """
    stage = f"{layer.NAME}/{lm.key}"
    parts = Parts(paths.folder, store.source_hashes())
    with writer_lock(paths.folder / stage):
        ids = {run: _rewarded(run_parts(paths, store, run)) for run in runs}
        wanted = set().union(*ids.values())
        run_stage(
            lm.key,
            stage,
            wanted,
            likelihood_stage(lm, stage),
            parts=parts,
            source=store,
            report=report,
        )
        by = layer.MeasuredBy(lm.name, lm.hash, lm.tokenizer_hash, lm.dtype_name)
        measured = parts.read(stage, layer.part_schema())
        for run in runs:
            layer.keep_likelihood(paths.run(run), store, by, ids[run], measured)


def _rewarded(parts: Parts) -> set[int]:
    return parts.covered(BASE) | parts.covered(SAMPLE)


def likelihoods(lm: LanguageModel, pairs: Sequence[Prepared]) -> list[tuple[Likelihood, ...]]:
    """Of each pair of one batch: chosen, rejected.

    Raises:
        UserError: the model gives NaN or infinity as a probability's logarithm.
    """
    packed = pack(
        [prepared.bundle() for prepared in pairs], padding=0, dtype=lm.dtype, device=lm.device
    )
    asked = [_asked(packed, row, prepared) for row, prepared in enumerate(pairs)]
    columns = [column for sides in asked for side in sides for column, _ in side]
    targets = [target for sides in asked for side in sides for _, target in side]
    logs = iter(_log_probabilities(lm, packed, columns, targets))
    return [
        tuple(Likelihood(len(side), sum(next(logs) for _ in side)) for side in sides)
        for sides in asked
    ]


def likelihood_stage(lm: LanguageModel, stage: str) -> Measure:
    """Both responses of every pair; null where one is empty, or does not fit into the model."""
    budget = Budget(TOKEN_BUDGET)

    def answer(batch: Sequence[Prepared]) -> dict[int, tuple[Likelihood, ...]]:
        answers = likelihoods(lm, batch)
        return {made.pair.id: each for made, each in zip(batch, answers, strict=True)}

    def measure(pairs: Sequence[Pair]) -> Measured:
        prepared = {pair.id: _prepared(lm, pair) for pair in pairs}
        readable = [made for made in prepared.values() if made is not None]
        answered = in_batches(budget, readable, resumed=False, measure=answer)
        found = {pair: each for answers in answered for pair, each in answers.items()}
        tokens = sum(made.bundle().tokens for made in readable)
        nothing = (Likelihood(0, 0.0), Likelihood(0, 0.0))
        rows = [
            {
                "id": identifier,
                "truncated": made.truncated if made else 0,
                **{f"tokens_{side}": each.tokens for side, each in _sides(found, made, nothing)},
                **{
                    f"log_likelihood_{side}": each.total if each.tokens else None
                    for side, each in _sides(found, made, nothing)
                },
            }
            for identifier, made in sorted(prepared.items())
        ]
        return Measured({stage: pa.Table.from_pylist(rows, schema=layer.part_schema())}, tokens)

    return measure


def _sides(
    found: dict[int, tuple[Likelihood, ...]],
    made: Prepared | None,
    nothing: tuple[Likelihood, ...],
) -> zip[tuple[str, Likelihood]]:
    return zip(SIDES, found[made.pair.id] if made else nothing, strict=True)


def _prepared(lm: LanguageModel, pair: Pair) -> Prepared | None:
    """The pair in the model's tokens, its context cut from the left; None where it can't be."""
    chosen, rejected = (
        tokenise(lm.tokenizer, 0, pair.transcript(side), "last-text-token") for side in SIDES
    )
    cut = max(0, len(chosen.ids) - lm.max_tokens, len(rejected.ids) - lm.max_tokens)
    if cut > room(pair, chosen, rejected):
        return None
    chosen, rejected = chosen.cut(cut), rejected.cut(cut)
    return Prepared(pair, chosen, rejected, common_prefix([chosen.ids, rejected.ids]), cut)


def _asked(packed: Packed, row: int, prepared: Prepared) -> list[list[tuple[int, int]]]:
    """For each side: where each of its response tokens is predicted, and the token.

    A place is row times columns plus column. The very first token of a text is not predicted.
    """
    width = packed.input_ids.shape[1]
    return [
        [
            (row * width + packed.column(row, branch, position - 1), ids[position])
            for position in prepared.text_positions(side)
            if position
        ]
        for branch, side in enumerate(SIDES)
        for ids in [prepared.tokens(side).ids]
    ]


def _log_probabilities(
    lm: LanguageModel, packed: Packed, places: Sequence[int], targets: Sequence[int]
) -> list[float]:
    if not places:
        return []
    place = torch.tensor(places, device=lm.device)
    target = torch.tensor(targets, device=lm.device)
    kept = torch.zeros(packed.real.numel(), dtype=torch.bool, device=lm.device)
    kept[place] = True
    with torch.inference_mode():
        logits: torch.Tensor = lm.model(
            input_ids=packed.input_ids,
            attention_mask=packed.mask,
            position_ids=packed.position_ids,
            use_cache=False,
            logits_to_keep=kept.view_as(packed.real),
        ).logits
        # A column at which the responses part predicts a token of each.
        rows = (kept.cumsum(0) - 1)[place]
        logs = []
        for at in range(0, rows.numel(), _AT_A_TIME):
            some = logits[rows[at : at + _AT_A_TIME]].float().log_softmax(-1)
            logs.append(some.gather(1, target[at : at + _AT_A_TIME, None])[:, 0].double())
    found = torch.cat(logs)
    if not all_finite(found):
        raise UserError(
            f"what it makes of a text is NaN or infinity, computed in {lm.dtype_name}",
            where=lm.name,
            todo="Take another --dtype, or another --lm.",
        )
    return found.tolist()
