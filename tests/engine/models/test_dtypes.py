"""The dtype that a checkpoint is loaded in where nobody says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.models.checkpoint import find_checkpoint
from engine.models.dtypes import usual_on
from tests.engine.models.tiny import write_pm


def test_the_gpu_that_is_asked_for_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them: one that is made for bfloat16, and an old one."""
    write_pm(tmp_path).bfloat16().save_pretrained(tmp_path)
    capabilities = {0: (9, 0), 1: (6, 1)}
    monkeypatch.setattr(
        torch.cuda, "get_device_capability", lambda device: capabilities[device.index]
    )
    checkpoint = find_checkpoint(tmp_path)
    assert usual_on(checkpoint, "cuda:0") == torch.bfloat16
    assert usual_on(checkpoint, "cuda:1") == torch.float32
    assert usual_on(checkpoint, "cpu") == torch.float32
