"""A PM read through its chat template: spans, P, truncation and rewards, as of any other text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from engine.errors import UserError
from engine.heuristics import Heuristic, bearing, compile_heuristic
from engine.hh import SIDES
from engine.measure.alone import margin_alone
from engine.measure.instrument import Instrument
from engine.measure.loading import run_config
from engine.measure.prepare import Prepared
from engine.models.chat import messages
from engine.models.pm import load_pm
from engine.models.sae.load import load_sae
from tests.engine.measure.plain import PlainModel, first_difference
from tests.engine.measure.tiny import Tiny, hook_of, pair, write_sae
from tests.engine.models.chat_templates import CLOSE, TEMPLATES, write_chat_tokenizer
from tests.engine.models.tiny import write_pm

DUNNO = Heuristic("dunno", "I don't know", fold=True)
TEXTS = (
    (" Well, I don’t know it. ", " I do know it, and well"),
    (" no", " no, never"),
    (" same", " same"),
    ("", " "),
    (" x", " y\n\nHuman: And?\n\nAssistant: I don't know."),
    (" One.\n\nAssistant: Two.", " One."),
)
Chatty = Callable[[str], Tiny]


@pytest.fixture(scope="module")
def chatty(tmp_path_factory: pytest.TempPathFactory) -> Chatty:
    """A tiny Llama by the name of its template."""
    folder = tmp_path_factory.mktemp("chatty")
    made: dict[str, Tiny] = {}

    def of(name: str) -> Tiny:
        if name not in made:
            made[name] = _write(folder / name, TEMPLATES[name])
        return made[name]

    return of


def _write(folder: Path, template: str) -> Tiny:
    write_pm(folder / "pm", "llama")
    write_chat_tokenizer(folder / "pm", template)
    hook = hook_of("llama")
    pm = load_pm(str(folder / "pm"), dtype=torch.float32, device="cpu")
    sae = load_sae(str(write_sae(folder / "sae", "llama")), device="cpu")
    instrument = Instrument(pm, sae, hook=hook, readout="chat-template", positions="all")
    return Tiny(folder, pm, PlainModel(folder / "pm", hook), instrument)


def decoded(tiny: Tiny, prepared: Prepared, side: int, positions: tuple[int, ...]) -> str:
    ids = prepared.tokens(SIDES[side]).ids
    return tiny.pm.tokenizer.decode([ids[place] for place in positions], skip_special_tokens=False)


@pytest.mark.parametrize("name", TEMPLATES)
def test_packed_rewards_are_those_of_apply_chat_template(chatty: Chatty, name: str) -> None:
    tiny = chatty(name)
    reference: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(tiny.folder / "pm")
    prepared = [tiny.instrument.prepare(pair(*sides)) for sides in TEXTS]
    rewards = tiny.instrument.forward.rewards(tiny.instrument.pack(prepared))
    for row, one in enumerate(prepared):
        for side, transcript in enumerate(one.pair.transcripts):
            conversation = [
                {"role": message.role, "content": message.text(transcript)}
                for message in messages(transcript)
            ]
            made = reference.apply_chat_template(conversation, return_dict=False)
            ids = cast("list[int]", made)
            assert float(rewards[row, side]) == pytest.approx(tiny.plain.reward(ids), abs=1e-5)
        margin = float(rewards[row, 0] - rewards[row, 1])
        assert margin_alone(tiny.instrument, one) == pytest.approx(margin, abs=1e-5)


@pytest.mark.parametrize("name", TEMPLATES)
def test_s_and_the_response_text_are_found_in_what_was_rendered(chatty: Chatty, name: str) -> None:
    tiny = chatty(name)
    for sides in (TEXTS[0], TEXTS[4]):
        prepared = tiny.instrument.prepare(pair(*sides))
        found = bearing(compile_heuristic(DUNNO), prepared.pair)
        assert found is not None
        side = SIDES.index(found.bearer)
        span = prepared.overlapping(found.bearer, found.spans)
        assert decoded(tiny, prepared, side, span).strip() in ("I don’t know", "I don't know")
    prepared = tiny.instrument.prepare(pair(*TEXTS[0]))
    for side, text in enumerate(TEXTS[0]):
        places = prepared.text_positions(SIDES[side])
        assert decoded(tiny, prepared, side, places).strip() == text.strip()


@pytest.mark.parametrize("name", TEMPLATES)
def test_p_runs_to_the_last_token_that_the_template_writes(chatty: Chatty, name: str) -> None:
    tiny = chatty(name)
    for sides in TEXTS:
        prepared = tiny.instrument.prepare(pair(*sides))
        ids = (prepared.chosen.ids, prepared.rejected.ids)
        assert prepared.divergence == first_difference(ids) > 0
        for side, own in zip(SIDES, ids, strict=True):
            assert prepared.response_positions(side) == range(prepared.divergence, len(own))
    close = tiny.pm.tokenizer.token_to_id(CLOSE)
    if name == "chatml":
        assert close in prepared.chosen.ids[prepared.divergence :]


def test_a_long_context_loses_its_oldest_tokens_and_no_response_does(chatty: Chatty) -> None:
    tiny = chatty("chatml")
    long = "\n\nHuman: " + "why? " * 60 + "\n\nAssistant:"
    prepared = tiny.instrument.prepare(pair(" I don't know at all, sorry", " yes", long))
    assert prepared.truncated > 0
    assert len(prepared.chosen.ids) == tiny.pm.max_tokens
    whole = " I don't know at all, sorry"
    assert decoded(tiny, prepared, 0, prepared.text_positions("chosen")).strip() == whole.strip()
    with pytest.raises(UserError, match="longer than the PM's context of 128 tokens") as caught:
        tiny.instrument.prepare(pair(" why?" * 60, " yes"))
    assert caught.value.where == "a.jsonl:train:0"


def test_a_text_that_cannot_be_rendered_is_named(chatty: Chatty) -> None:
    tiny = chatty("thinking")
    with pytest.raises(UserError, match="beyond trimming") as caught:
        tiny.instrument.prepare(pair(" yes", " hm</think>no", row=7))
    assert caught.value.where == "a.jsonl:train:7, rejected"


def test_a_pm_without_a_template_is_refused_before_anything_is_measured(tiny: Tiny) -> None:
    with pytest.raises(UserError, match="has no chat template"):
        tiny.read_by("chat-template")


def test_readout_and_template_are_part_of_the_run(chatty: Chatty) -> None:
    one = chatty("chatml")
    runs = [run_config(chatty(name).instrument).run for name in ("chatml", "instructions")]
    runs.append(run_config(one.read_by("last-text-token")).run)
    assert len(set(runs)) == 3
