"""Every action that the account answers itself, and every module that differs from moto, names its source at AWS."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import TYPE_CHECKING, Any

import pytest

import rehearsal.account
from rehearsal.account import quotas, sessions, sharing
from rehearsal.account.cloudcontrol import door
from rehearsal.account.inference import service

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = re.compile(r"Sources?: ")
# What has no counterpart at AWS: the process and its journal, how calls come in and answers go out, what is kept.
MACHINERY = {
    *("ahead", "calls", "client", "clock", "container", "control", "copies", "determinism", "dump", "errors"),
    *("gateway", "holdings", "journal", "listening", "log", "neighbours", "problems", "provisions", "questions"),
    *(
        "reach",
        "server",
        "turns",
        "snapshots",
        "cloudcontrol",
        "inference",
        "recommendations",
        "recommendations.records",
    ),
    *("inference.records", "inference.service", "recommendations.records"),
}


def tables() -> list[dict[str, Callable[..., Any]]]:
    """The tables of operations, by action, wherever there is one in the account's modules."""
    return [service._operations(), *(module._OPERATIONS for module in (sessions, quotas, sharing, door))]


def actions() -> list[tuple[str, Callable[..., Any]]]:
    """Every action with what answers it."""
    return [(action, answer) for table in tables() for action, answer in sorted(table.items())]


def modules() -> list[str]:
    """The account's modules, but for its machinery."""
    prefix = f"{rehearsal.account.__name__}."
    named = (each.name.removeprefix(prefix) for each in pkgutil.walk_packages(rehearsal.account.__path__, prefix))
    return sorted(each for each in named if each not in MACHINERY and not each.endswith("__main__"))


@pytest.mark.parametrize("action", [name for name, _ in actions()])
def test_an_action_names_its_source(action: str) -> None:
    """In the docstring of what answers it, by the name of the operation or of AWS's page."""
    text = inspect.getdoc(dict(actions())[action]) or ""

    assert SOURCE.search(text), f"{action} has no source in its docstring: {text!r}"


@pytest.mark.parametrize("name", modules())
def test_a_module_that_behaves_as_aws_does_names_its_source(name: str) -> None:
    module = importlib.import_module(f"{rehearsal.account.__name__}.{name}")

    assert re.search(
        r"Sources?: |API [Rr]eference|Developer Guide|User Guide|RFC \d+|moto|botocore", module.__doc__ or ""
    )


def test_no_table_of_operations_is_left_out() -> None:
    """A module that answers calls is among those whose actions are looked at."""
    known = {id(table) for table in tables()}
    for name in modules():
        module = importlib.import_module(f"{rehearsal.account.__name__}.{name}")
        table = getattr(module, "_OPERATIONS", None)

        assert table is None or id(table) in known or not callable(next(iter(table.values()))), name
