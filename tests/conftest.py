"""What all tests share: the marker for the real CLI, and accounts that are stopped when the tests are over."""

from __future__ import annotations

import shutil

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what needs the Pulumi CLI where it is not on PATH."""
    missing = [name for name in ("pulumi", "pulumi-language-python") if not shutil.which(name)]
    if not missing:
        return
    skip = pytest.mark.skip(reason=f"needs the Pulumi CLI: no {' and no '.join(missing)} on PATH")
    for item in items:
        if "pulumi_cli" in item.keywords:
            item.add_marker(skip)
