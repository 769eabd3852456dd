"""docs/rehearsal.md names every command and every gap."""

from __future__ import annotations

import re
from pathlib import Path

from rehearsal.command.catalogue import COMMANDS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "rehearsal.md").read_text()


def test_every_gap_is_on_the_page() -> None:
    """What the code refuses as a gap, the table of gaps names in the same words."""
    code = "\n".join(file.read_text() for file in (ROOT / "rehearsal").rglob("*.py"))
    gaps = {gap.strip() for gap in re.findall(r'(?:RehearsalGap|_gap)\(\s*"([^"{(]+)', code)}

    assert len(gaps) > 10
    assert sorted(gap for gap in gaps if gap not in PAGE) == []


def test_every_command_is_on_the_page() -> None:
    """By its last word, as the table groups them."""
    missing = [command.name for command in COMMANDS if command.run and f"`{command.words[-1]}`" not in PAGE]

    assert [name for name in missing if f"`{name}`" not in PAGE and name.split()[0] not in ("config", "stack")] == []
