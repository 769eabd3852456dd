"""What all tests share: the marker for the real CLI, and servers that rehearsals fork their processes from."""

from __future__ import annotations

import contextlib
import shutil

import pytest
from hypothesis import HealthCheck, settings

from rehearsal.account.server import INTERPRETER
from rehearsal.prefork.starting import Prefork

# How fast a machine is decides no test: neither a deadline nor a health check that measures seconds.
settings.register_profile("holdfast", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("holdfast")


LONGEST = ("story/", "guards/engine/", "reliability/", "parity/", "shells/", "model_registry/", "recommend/")
"""Folders whose files take longest: they come first, so that no worker is left alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first; skip, with the reason, what needs the Pulumi CLI where it is not on PATH."""
    items.sort(key=_turn)
    missing = [name for name in ("pulumi", "pulumi-language-python") if not shutil.which(name)]
    if not missing:
        return
    skip = pytest.mark.skip(reason=f"needs the Pulumi CLI: no {' and no '.join(missing)} on PATH")
    for item in items:
        if "pulumi_cli" in item.keywords:
            item.add_marker(skip)


def _turn(item: pytest.Item) -> int:
    inside = item.nodeid.removeprefix("tests/")
    return next((turn for turn, folder in enumerate(LONGEST) if inside.startswith(folder)), len(LONGEST))


def pytest_configure(config: pytest.Config) -> None:
    """Servers that all workers' processes are forked from, so that what they import is imported once.

    One is for accounts, which are started with variables.
    """
    if hasattr(config, "workerinput"):
        return
    servers = contextlib.ExitStack()
    config.add_cleanup(servers.close)
    servers.enter_context(Prefork(eager=False))
    servers.enter_context(Prefork(eager=False, variables=INTERPRETER))
