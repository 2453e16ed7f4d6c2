"""Token ids are those of plain AutoTokenizer, and every token knows which characters it covers."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, processors
from transformers import AutoTokenizer

from engine.errors import UserError
from engine.models.tokenizer import end_of_text_id, load_tokenizer
from engine.models.tokens import READOUTS, Tokens, tokenise
from tests.engine.models.tiny import TEXT, tiny_config, write_tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(folder)
    tiny_config("gptj").save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return load_tokenizer(folder)


def test_ids_are_those_of_autotokenizer_on_every_real_transcript(
    real_pm: Path, real_pairs: Path
) -> None:
    tokenizer = load_tokenizer(real_pm)
    reference = AutoTokenizer.from_pretrained(real_pm)
    with gzip.open(real_pairs, "rt", encoding="utf-8") as lines:
        texts = [text for line in lines for text in json.loads(line).values()]
    expected = reference(texts)["input_ids"]
    for text, ids in zip(texts, expected, strict=True):
        tokens = tokenise(tokenizer, 2, text, "last-text-token")
        assert tokens.ids == tuple(ids)
        assert tokens.offsets[0][0] == 0
        assert tokens.offsets[-1][1] == len(text)


@given(text=st.text(max_size=60))
def test_readouts_differ_by_one_appended_token(tokenizer: Tokenizer, text: str) -> None:
    last, appended = (tokenise(tokenizer, 0, text, readout) for readout in READOUTS[:2])
    assert appended == Tokens((*last.ids, 0), (*last.offsets, (len(text), len(text))))
    assert len(last.ids) == len(last.offsets)
    covered = {index for start, end in last.offsets for index in range(start, end)}
    assert covered == set(range(len(text)))


def test_a_character_may_be_split_over_tokens_that_all_cover_it(tokenizer: Tokenizer) -> None:
    tokens = tokenise(tokenizer, 0, "a字b", "last-text-token")
    assert tokens.offsets == ((0, 1), (1, 2), (1, 2), (1, 2), (2, 3))


def test_long_texts_are_neither_cut_nor_padded(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path)
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=64)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    tiny_config("gptj").save_pretrained(tmp_path)
    tokens = tokenise(load_tokenizer(tmp_path), 0, "字" * 50, "last-text-token")
    assert len(tokens.ids) == 150


def test_special_tokens_are_added_as_the_tokenizer_does_and_cover_no_text(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    write_tokenizer(tmp_path, tokenizer)
    tiny_config("gptj").save_pretrained(tmp_path)
    tokens = tokenise(load_tokenizer(tmp_path), 0, TEXT, "last-text-token")
    assert list(tokens.ids) == AutoTokenizer.from_pretrained(tmp_path)(TEXT)["input_ids"]
    assert (tokens.ids[0], tokens.offsets[0]) == (0, (0, 0))


def test_end_of_text_comes_from_the_tokenizer_before_the_model(
    folder: Path, tokenizer: Tokenizer
) -> None:
    assert end_of_text_id(folder, tokenizer, {"eos_token_id": 7}) == 0


def test_end_of_text_may_come_from_the_models_config(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    assert end_of_text_id(tmp_path, tokenizer, {"eos_token_id": 7}) == 7
    assert end_of_text_id(tmp_path, tokenizer, {"eos_token_id": [7, 8]}) == 7
    with pytest.raises(UserError, match="end-of-text"):
        end_of_text_id(tmp_path, tokenizer, {})
