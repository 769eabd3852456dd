"""The pytest plug-in (entry point `rehearsal`): the fixtures `rehearse` and `judge`."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rehearsal.harness.judging import Judge
    from rehearsal.harness.rehearsed import Rehearsed


@pytest.fixture(scope="session")
def rehearsal_processes() -> Iterator[None]:
    """Programs, packs and providers fork from one server that has imported what they need; see `rehearsal.prefork`."""
    from rehearsal.prefork.starting import Prefork

    with Prefork(eager=False):
        yield


@pytest.fixture
def rehearse(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    rehearsal_processes: None,  # noqa: ARG001
) -> Iterator[Callable[..., Rehearsed]]:
    """`rehearse(program, packs=[...])`: a program in a stack of its own; see `rehearsal.harness.Rehearsed`.

    Folders, of the program or of packs, may be named relative to the test's file. What was started is stopped when the
    test is over.
    """
    from rehearsal.harness.rehearsed import Rehearsed  # what runs programs is imported where a test asks for it

    with ExitStack() as stack:
        made: list[Rehearsed] = []

        def new(program: Any, **given: Any) -> Rehearsed:
            home = tmp_path / f"rehearsed-{len(made)}"
            one = Rehearsed(program, home=home, beside=request.path.parent, **given)
            made.append(one)
            stack.callback(one.close)
            return one

        yield new


@pytest.fixture
def judge() -> Judge:
    """`judge(rule, type, **properties)`: what one rule says of one resource; see `rehearsal.harness.Judge`."""
    from rehearsal.harness.judging import Judge

    return Judge()
