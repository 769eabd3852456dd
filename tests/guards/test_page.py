"""The page docs/guards.md names every guard that the code can name."""

from __future__ import annotations

import re
from pathlib import Path

from guards import kinds
from guards.deletions import guard_name

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_guard_is_on_the_page() -> None:
    """Names in the code, whole or built of a kind."""
    page = (REPOSITORY / "docs" / "guards.md").read_text()
    code = "\n".join(path.read_text() for path in (REPOSITORY / "guards").glob("*.py"))
    names = set(re.findall(r'"([a-z]+(?:-[a-z]+)*-(?:stays|is|keeps|refers|in-use)-[a-z-]+)"', code)) | {"guards-work"}
    names |= {guard_name(kind.node) for kind in kinds.GUARDED.values() if kind.node not in {"", "endpoint"}}

    assert len(names) > 15
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
