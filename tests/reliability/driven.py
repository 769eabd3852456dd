"""What a history drives: a program, and what is expected of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import warm

if TYPE_CHECKING:
    from pathlib import Path

    from forks import Stack


@dataclass(frozen=True)
class Program:
    """The program that is driven: where it lies, its settings' namespace and first values, and what is expected of it.

    Attributes:
        name: for reports.
        folder: where its Pulumi.yaml lies.
        strict: whether it must refuse what would break an endpoint, and converge; the peers' needn't.

    """

    name: str
    folder: Path
    namespace: str
    strict: bool = True

    def config(self, settings: dict[str, str]) -> dict[str, str]:
        """Settings as the engine takes them: the declared defaults, and those given."""
        from rehearsal.command.project import load

        declared = load(self.folder / "Pulumi.yaml").declared
        defaults = {
            key: one.fallback if isinstance(one.fallback, str) else json.dumps(one.fallback)
            for key, one in declared.items()
            if one.fallback is not None
        }
        given = {f"{self.namespace}:{key}": value for key, value in settings.items() if value != ""}
        return {**defaults, **given, "aws:region": warm.REGION}


HOLDFAST = Program("holdfast", warm.REPOSITORY, "holdfast")


@dataclass
class Deployed:
    """A stack in a history: its settings, and whether it is there."""

    stack: Stack
    settings: dict[str, str]
    exists: bool = False
    endpoint: str = ""
