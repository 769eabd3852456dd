"""What tests of rules and packs share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import judging
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., judging.Judgement]:
    """`judge(rule, *resources, config=...)`, with no exemptions unless the test writes some into tmp_path."""
    monkeypatch.delenv("HOLDFAST_EXEMPTIONS", raising=False)
    return partial(judging.judge_with, directory=tmp_path)
