"""A PM scored through its chat template: the ids transformers gives, and no character lost."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from engine.errors import UserError
from engine.models.chat import ChatTemplate, messages
from engine.models.tokenizer import load_chat_template, load_tokenizer, tokenizer_hash
from engine.models.tokens import Tokens, tokenise
from tests.engine.models.chat_templates import (
    BOS,
    BOS_AND_TRIM,
    CHATML,
    INSTRUCTIONS,
    TEMPLATES,
    THINKING,
    write_chat_tokenizer,
)
from tests.engine.models.tiny import tiny_config, write_tokenizer

TALK = (
    "\n\nHuman: Who’s there?\n\nAssistant: It is me.  \n\nHuman: 字?"
    "\n\nAssistant: I don’t know 😀, see https://x.y"
)


def written(folder: Path, template: str) -> tuple[Tokenizer, ChatTemplate]:
    write_chat_tokenizer(folder, template)
    tiny_config("gptj").save_pretrained(folder)
    chat = load_chat_template(folder)
    assert chat is not None
    return load_tokenizer(folder), chat


def through(pair: tuple[Tokenizer, ChatTemplate], text: str) -> Tokens:
    return tokenise(pair[0], 0, text, "chat-template", pair[1])


def theirs(folder: Path, conversation: list[dict[str, str]]) -> list[int]:
    """What transformers makes of a conversation."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    made = tokenizer.apply_chat_template(conversation, return_dict=False)
    return cast("list[int]", made)


@pytest.fixture(scope="module")
def all_of_them(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[Tokenizer, ChatTemplate]]:
    folder = tmp_path_factory.mktemp("chat")
    return {name: written(folder / name, text) for name, text in TEMPLATES.items()}


@pytest.mark.parametrize("name", TEMPLATES)
def test_ids_are_those_of_apply_chat_template(tmp_path: Path, name: str) -> None:
    tokens = through(written(tmp_path, TEMPLATES[name]), TALK)
    conversation = [
        {"role": "user", "content": "Who’s there?"},
        {"role": "assistant", "content": "It is me.  "},
        {"role": "user", "content": "字?"},
        {"role": "assistant", "content": "I don’t know 😀, see https://x.y"},
    ]
    assert list(tokens.ids) == theirs(tmp_path, conversation)


def test_a_template_that_writes_bos_gives_one_and_not_two(tmp_path: Path) -> None:
    """The tokenizer adds BOS by itself, to whatever text: a rendered one would begin with two."""
    tokenizer, chat = written(tmp_path, BOS_AND_TRIM)
    bos = tokenizer.token_to_id(BOS)
    assert tokenizer.encode(chat.render(TALK).text).ids[:2] == [bos, bos]
    ids = through((tokenizer, chat), TALK).ids
    assert (ids[0], ids.count(bos)) == (bos, 1)
    # A template that writes none is meant to have none, as apply_chat_template has it.
    assert bos not in through(written(tmp_path / "none", CHATML), TALK).ids


TEXTS = st.text(max_size=12) | st.sampled_from(
    [" ", "", "  \n x\n ", "\n\n\nx", " I don’t know", "user", "<|im_end|>", " a\n\nHuman: b"]
)


@given(name=st.sampled_from(sorted(TEMPLATES)), texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_every_character_keeps_its_place(
    all_of_them: dict[str, tuple[Tokenizer, ChatTemplate]], name: str, texts: list[str]
) -> None:
    """What the PM sees of a message is what the transcript says there, and nothing is missing."""
    transcript = "".join(
        f"\n\n{('Assistant' if number % 2 else 'Human')}:{text}"
        for number, text in enumerate(texts)
    )
    tokenizer, chat = all_of_them[name]
    rendered = chat.render(transcript)
    seen: set[int] = set()
    at = 0
    for piece in rendered.pieces:
        ours = transcript[piece.origin : piece.origin + piece.length]
        assert rendered.text[piece.start : piece.start + piece.length] == ours
        assert piece.start >= at
        at = piece.start + piece.length
        seen.update(range(piece.origin, piece.origin + piece.length))
    said = "".join(
        transcript[start:end] for message in messages(transcript) for start, end in message.parts
    )
    kept = "".join(transcript[index] for index in sorted(seen))
    assert "".join(kept.split()) == "".join(said.split())

    tokens = through((tokenizer, chat), transcript)
    covered = {index for start, end in tokens.offsets for index in range(start, end)}
    assert covered == seen
    starts = [start for start, _ in tokens.offsets]
    assert starts == sorted(starts)


def test_the_template_s_own_tokens_stand_for_no_text(tmp_path: Path) -> None:
    tokens = through(written(tmp_path, CHATML), "\n\nHuman: Hi\n\nAssistant: Yes")
    context, start, end = 23, 24, 27
    inside = [place for place, (low, high) in enumerate(tokens.offsets) if high > low >= start]
    assert tokens.offsets[inside[0]][0] == start
    assert tokens.offsets[inside[-1]][1] == end
    # Whatever opens the response belongs to what was before it, whatever closes it to its end.
    assert all(high <= context for _, high in tokens.offsets[: inside[0]])
    closing = tokens.offsets[inside[-1] + 1 :]
    assert closing
    assert set(closing) == {(end, end)}


def test_turns_of_one_role_in_a_row_are_one_message(tmp_path: Path) -> None:
    """Eight chosen texts of HH have them, and many templates insist on taking turns."""
    text = "\n\nHuman: Hi\n\nAssistant: One.\n\nAssistant: Two."
    pair = written(tmp_path, INSTRUCTIONS)
    rendered = pair[1].render(text)
    assert rendered.text.endswith("[/INST] One.\n\nTwo.<|endoftext|>")
    tokens = through(pair, text)
    two = text.index("Two.")
    assert any(low <= two < high for low, high in tokens.offsets)


def test_a_template_may_not_start_with_the_assistant(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="roles must alternate"):
        through(written(tmp_path, INSTRUCTIONS), "\n\nAssistant: Hello")


def test_a_text_that_is_no_transcript(tmp_path: Path) -> None:
    pair = written(tmp_path, CHATML)
    for text in ("", "Hello", "Hello\n\nHuman: Hi", "Human: Hi"):
        with pytest.raises(UserError, match="does not begin with a turn"):
            through(pair, text)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (CHATML.replace("message['content']", "message['content'] | upper"), "beyond trimming"),
        (CHATML.replace("messages %}", "messages[-1:] %}"), "every message once and in order"),
        (CHATML.replace("messages %}", "messages | reverse %}"), "every message once"),
        ("{{ messages[0]['content'] }}" + CHATML, "every message once"),
        ("{{ nothing.at.all }}", "does not render it"),
        ("{% for %}", "does not render it"),
    ],
)
def test_a_template_that_rewrites_drops_or_fails(tmp_path: Path, template: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        through(written(tmp_path, template), TALK.replace("me.", "Me."))


def test_a_thought_that_the_template_cuts_out(tmp_path: Path) -> None:
    pair = written(tmp_path, THINKING)
    with pytest.raises(UserError, match="beyond trimming its messages"):
        through(pair, "\n\nHuman: Hi\n\nAssistant: hm</think>Yes")


def test_a_template_that_asks_for_the_date_is_always_told_the_same(tmp_path: Path) -> None:
    """Or a run could never be repeated."""
    dated = "{{ 'Today Date: ' + strftime_now('%d %b %Y') + '\n' }}" + CHATML
    _, chat = written(tmp_path, dated)
    assert chat.render(TALK).text.startswith("Today Date: 26 Jul 2024\n")


def test_the_template_is_part_of_the_tokenizer_s_hash(tmp_path: Path) -> None:
    write_chat_tokenizer(tmp_path, CHATML)
    hashes = [tokenizer_hash(tmp_path)]
    write_chat_tokenizer(tmp_path, BOS_AND_TRIM)
    hashes.append(tokenizer_hash(tmp_path))
    (tmp_path / "chat_template.jinja").write_text(CHATML)
    hashes.append(tokenizer_hash(tmp_path))
    assert len(set(hashes)) == 3
    tiny_config("gptj").save_pretrained(tmp_path)
    chat = load_chat_template(tmp_path)
    assert chat is not None
    assert chat.render(TALK).text.startswith("<|im_start|>user\nWho’s there?<|im_end|>\n")


def test_a_tokenizer_without_a_template(tmp_path: Path) -> None:
    tokenizer = write_tokenizer(tmp_path)
    assert load_chat_template(tmp_path) is None
    with pytest.raises(UserError, match="has no chat template"):
        tokenise(tokenizer, 0, TALK, "chat-template")


def test_templates_by_name_without_a_default(tmp_path: Path) -> None:
    write_chat_tokenizer(tmp_path, CHATML)
    path = tmp_path / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config["chat_template"] = [{"name": "rag", "template": CHATML}]
    path.write_text(json.dumps(config))
    tiny_config("gptj").save_pretrained(tmp_path)
    chat = load_chat_template(tmp_path)
    assert chat is not None
    with pytest.raises(UserError, match="does not render it"):
        chat.render(TALK)


@pytest.mark.parametrize("name", ["chatml", "instructions"])
def test_every_text_of_hh_can_be_rendered(
    all_of_them: dict[str, tuple[Tokenizer, ChatTemplate]], real_pairs: Path, name: str
) -> None:
    """Blank responses, two turns of one role in a row, and markers inside a turn among them."""
    _, chat = all_of_them[name]
    with gzip.open(real_pairs, "rt", encoding="utf-8") as lines:
        texts = [text for line in lines for text in json.loads(line).values()]
    for text in texts:
        kept = "".join(
            text[piece.origin : piece.origin + piece.length] for piece in chat.render(text).pieces
        )
        said = re.sub(r"\n\n(?:Human|Assistant):", "", text)
        assert "".join(kept.split()) == "".join(said.split())
