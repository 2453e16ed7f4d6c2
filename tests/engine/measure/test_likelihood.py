"""Log-likelihoods of responses, against plain transformers: each transcript by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.cache.likelihood import part_schema
from engine.errors import UserError
from engine.hh import SIDES, Pair
from engine.measure.likelihood import likelihood_stage
from engine.models.lm import LanguageModel, find_lm, load_lm
from tests.engine.measure.tiny import QUESTION, pair
from tests.engine.models.tiny import MAX_TOKENS
from tests.engine.models.tiny_lm import write_lm

PAIRS = [
    pair(" I don’t know it.", " He did, and how!", row=0),
    pair(" The same start, then this.", " The same start, then that one.", row=1),
    pair(" Yes", " Yes, he did.", row=2),  # a token prefix of the other
    pair("", " Something", row=3),
    pair(" It was long ago.", " Who knows?", QUESTION.replace("Who?", "Who wrote it? " * 4), row=4),
    pair("\n\nHuman: No context", "\n\nHuman: At all", "", row=5),
]
ARCHITECTURES = ("gpt2", "gptj", "llama", "gpt_neox")


@pytest.fixture(scope="module", params=ARCHITECTURES)
def lm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    folder: Path = tmp_path_factory.mktemp("lm") / request.param
    write_lm(folder, request.param)
    return load_lm(find_lm(str(folder)), dtype=torch.float32, device="cpu")


def plain(lm: LanguageModel, made: Pair, side: str) -> tuple[int, float]:
    """Number and sum over the tokens that overlap the response, from one plain forward."""
    text = made.transcripts[SIDES.index("chosen" if side == "chosen" else "rejected")]
    encoding = lm.tokenizer.encode(text)
    with torch.no_grad():
        logs = lm.model(input_ids=torch.tensor([encoding.ids])).logits[0].log_softmax(-1)
    inside = [
        place
        for place, (_, end) in enumerate(encoding.offsets)
        if place and end > len(made.context)
    ]
    return len(inside), sum(float(logs[at - 1, encoding.ids[at]]) for at in inside)


def test_packed_they_are_what_plain_transformers_say(lm: LanguageModel) -> None:
    measured = likelihood_stage(lm, "likelihood")(PAIRS)
    table = measured.tables["likelihood"]
    assert table.schema == part_schema()
    for row, made in zip(table.to_pylist(), PAIRS, strict=True):
        assert (row["id"], row["truncated"]) == (made.id, 0)
        for side in SIDES:
            tokens, total = plain(lm, made, side)
            assert row[f"tokens_{side}"] == tokens
            found = row[f"log_likelihood_{side}"]
            assert (found is None) == (tokens == 0)
            if tokens:
                assert found == pytest.approx(total, abs=1e-4)
    both = sum(len(lm.tokenizer.encode(text).ids) for made in PAIRS for text in made.transcripts)
    assert measured.tokens < 0.8 * both  # the context is computed once


def test_a_long_context_is_cut_and_a_long_response_has_no_figure(lm: LanguageModel) -> None:
    long = QUESTION.replace("Who?", "Who wrote this? " * 40)
    pairs = [
        pair(" He did.", " I don't know.", long, row=0),
        pair(" He did, he did" * 40, " Fine.", row=1),
    ]
    cut, without = likelihood_stage(lm, "likelihood")(pairs).tables["likelihood"].to_pylist()
    encoding = lm.tokenizer.encode(pairs[0].transcripts[1])
    longest = max(len(lm.tokenizer.encode(text).ids) for text in pairs[0].transcripts)
    assert cut["truncated"] == longest - MAX_TOKENS
    ids = encoding.ids[cut["truncated"] :]
    with torch.no_grad():
        logs = lm.model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
    first = len(ids) - cut["tokens_rejected"]
    expected = sum(float(logs[at - 1, ids[at]]) for at in range(first, len(ids)))
    assert cut["log_likelihood_rejected"] == pytest.approx(expected, abs=1e-4)
    assert (without["tokens_chosen"], without["tokens_rejected"]) == (0, 0)
    assert without["log_likelihood_rejected"] is None


def test_a_model_that_computes_no_numbers_is_named(tmp_path: Path) -> None:
    write_lm(tmp_path / "lm", "llama")
    lm = load_lm(find_lm(str(tmp_path / "lm")), dtype=torch.float32, device="cpu")
    next(lm.model.parameters()).fill_(torch.inf)
    with pytest.raises(UserError, match="lm: what it makes of a text is NaN or infinity"):
        likelihood_stage(lm, "likelihood")(PAIRS[:1])
