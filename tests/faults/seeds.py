"""What a sound input of each reader looks like: where a search for what crashes it begins."""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import torch

from engine.cache.custom import CustomEdit
from engine.cache.manifest import Manifest, RunConfig
from tests.engine.cache.customs import custom_pair

HEURISTICS = b"""[[heuristic]]
name = "url"
pattern = "https?://"
regex = true
scope = "response"
direction = "lowers"
window = 2
features = [1, 2]
"""
FEATURE = b"""[[heuristic]]
name = "one"
feature = 7
threshold = 0.5
direction = "raises"
"""
LINE = (
    b'{"chosen": "\\n\\nHuman: a\\n\\nAssistant: b",'
    b' "rejected": "\\n\\nHuman: a\\n\\nAssistant: c"}\n'
)


def manifest() -> bytes:
    """The manifest of a run."""
    config = RunConfig("pm", "tokenizer", "sae", "h.1", "last-text-token", "float32", "all")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "manifest.json"
        Manifest(config, "pm", "a/pm", "GPTJ", "sae", "a/sae", "gated", 8).write(path)
        return path.read_bytes()


def pickle() -> bytes:
    """A `.pt` file of one tensor."""
    stream = io.BytesIO()
    torch.save({"encoder.weight": torch.ones(2, 3)}, stream)
    return stream.getvalue()


def safetensors() -> bytes:
    """A safetensors file of one tensor of zeros."""
    header = b'{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}'
    return len(header).to_bytes(8, "little") + header + bytes(16)


SAE = {
    "encoder.weight": torch.ones(3, 2),
    "decoder.weight": torch.ones(2, 3),
    "encoder.bias": torch.zeros(3),
    "bias": torch.zeros(2),
}
SAELENS = {
    "architecture": "standard",
    "d_in": 2,
    "d_sae": 3,
    "dtype": "float32",
    "apply_b_dec_to_input": True,
    "normalize_activations": "none",
    "metadata": {"hook_name": "blocks.1.hook_resid_post"},
}
PRESET = b"""about = "x"
pm = "a/pm"
parameters = 1
readout = "last-text-token"
dtype = "float32"
[[sae]]
name = "one"
path = "b"
hook = "transformer.h.1"
[sae.labels]
1 = "a slash"
[sae.pins]
url = [1]
[trained]
rows = ["0-9"]
[[known]]
text = "a"
reward = 1.5
readout = "last-text-token"
tolerance = { float32 = 0.1 }
[[heuristic]]
name = "url"
pattern = "https://"
"""

MARK = (
    b'{"source": "a.jsonl", "split": "train", "row": 7, "content_hash": "0a", "mark": "clear",'
    b' "note": null, "time": "2026-11-23T10:00:00+00:00", "blind": "clear", "undo": false}'
)
PINS = (
    b'{"heuristic": "url", "key": "0123456789abcdef", "sae_hash": "0123456789abcdef",'
    b' "features": [3, 7], "time": "2026-11-23T10:00:00+00:00"}'
)
PINS_CSV = (
    b"heuristic,key,sae_hash,features,time\n"
    b'url,0123456789abcdef,0123456789abcdef,"[3, 7]",2026-11-23T10:00:00+00:00\n'
)
KEPT = f"{json.dumps(asdict(custom_pair('0' * 16, CustomEdit(ablate=(1,)))))}\n".encode()
REWARD = b'{"row": 0, "reward_chosen": 1.5, "reward_rejected": -1, "content_hash": "0"}\n'
REWARDS = b"source,split,row,reward_chosen,reward_rejected\na,test,0,1.5,-1\n"


def sae() -> bytes:
    """An SAE in dictionary_learning's layout, without its config."""
    stream = io.BytesIO()
    torch.save(SAE, stream)
    return stream.getvalue()
