"""What of a user's environment would reach into the runs of a test."""

from __future__ import annotations

import os

from rehearsal.prefork.process import ADDRESS

PREFIXES = ("AWS_", "PULUMI_", "HOLDFAST_", "REHEARSAL_", "MOTO_")
THE_TESTS = frozenset({ADDRESS, "REHEARSAL_IMPORTS"})
"""The tests' own: what their processes are forked from."""


def of_the_user() -> list[str]:
    """The variables that a test's runs must not get."""
    return [name for name in os.environ if name.startswith(PREFIXES) and name not in THE_TESTS]


def without_the_users() -> dict[str, str]:
    """The environment without them."""
    theirs = of_the_user()
    return {name: value for name, value in os.environ.items() if name not in theirs}
