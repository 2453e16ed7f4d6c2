"""Chat templates in the manner of those that preference models are scored through."""

from __future__ import annotations

import json
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, processors

from tests.engine.models.tiny import write_tokenizer

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n' }}{% endfor %}"
)
WITH_SYSTEM = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}"
    "{% endif %}" + CHATML
)
BOS_AND_TRIM = (
    "{{ bos_token }}{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n\n' +"
    " message['content'] | trim + '<|im_end|>' }}{% endfor %}"
)
INSTRUCTIONS = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'].strip() + eos_token }}{% endif %}{% endfor %}"
)
THINKING = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if loop.last and message['role'] == 'assistant' %}{{ '<think>\n\n</think>\n\n' +"
    " message['content'].split('</think>')[-1].lstrip('\n') }}"
    "{% else %}{{ message['content'] }}{% endif %}{{ '<|im_end|>\n' }}{% endfor %}"
)
TEMPLATES = {
    "chatml": CHATML,
    "with a system prompt": WITH_SYSTEM,
    "bos and trim": BOS_AND_TRIM,
    "instructions": INSTRUCTIONS,
    "thinking": THINKING,
}
BOS, OPEN, CLOSE = "<|bos|>", "<|im_start|>", "<|im_end|>"


def write_chat_tokenizer(folder: Path, template: str) -> Tokenizer:
    """The tiny tokenizer with a template; by default it begins every text with BOS."""
    tokenizer = write_tokenizer(folder)
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in (BOS, OPEN, CLOSE)]
    )
    bos = tokenizer.token_to_id(BOS)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, bos)]
    )
    write_tokenizer(folder, tokenizer)
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS}
    config |= {"eos_token": "<|endoftext|>", "chat_template": template}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return tokenizer
