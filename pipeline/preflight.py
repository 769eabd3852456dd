"""`holdfast preflight`, and the same before `preview` and `up`: what stands against the stack's image, looked at."""

from __future__ import annotations

import json as json_format
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from components import names
from components.settings_reading import overridden
from findings.printable import printable
from findings.summary import summarise
from knowledge.arns import parse_image
from knowledge.registries import parse_reference
from pipeline import choices
from pipeline.registry import of_network, of_stack, preflight
from pipeline.resolution import asking_of, environment_of
from pipeline.stack_file import NAMESPACE, StackFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from findings.finding import Finding

SCHEMA_VERSION = 1
DEFAULT_NAME = "decision-trees"
NOTHING = "The stack's image is in Amazon ECR: `holdfast preview` looks whether it is there."


@dataclass(frozen=True)
class Asked:
    """What the user asked for, as given."""

    stack: str
    project: Path
    settings: tuple[str, ...] = ()
    trust_store: Path | None = None
    json: bool = False
    command: str = "preflight"


class _Chosen(StackFile):
    """A stack's file with the settings of one run in their place."""

    def __init__(self, file: StackFile, chosen: Mapping[str, Any]) -> None:
        super().__init__(file.path.parent, file.stack)
        self._chosen = chosen

    def config(self) -> dict[str, Any]:
        """As the file has it, overridden."""
        found = super().config()
        prefix = f"{NAMESPACE}:"
        own = {key.removeprefix(prefix): value for key, value in found.items() if key.startswith(prefix)}
        return found | {f"{prefix}{key}": value for key, value in overridden(own, dict(self._chosen)).items()}


def carry_out(asked: Asked) -> int:
    """
    Look, tell, return the exit code.

    Raises:
        PipelineError: the stack's settings can't be used.

    """
    project = choices.project_folder(asked.project)
    chosen = choices.settings(list(asked.settings))
    file = StackFile(project, asked.stack)
    found = look(file, chosen, asked.trust_store, environment_of(file))
    code = summarise(found).exit_code
    if asked.json:
        told = {
            "schema_version": SCHEMA_VERSION,
            "command": asked.command,
            "stack": asked.stack,
            "exit_code": code,
            "findings": [one.to_dict() for one in found],
        }
        sys.stdout.write(json_format.dumps(told, indent=2, ensure_ascii=False) + "\n")
        return code
    for one in found:
        said = "not knowable from here" if one.outcome == "unknown" else "advice" if one.advisory else one.outcome
        sys.stdout.write(f"{printable(one.name)}: {said}\n    {printable(one.message)}\n")
        if one.fix:
            sys.stdout.write(f"    Fix: {printable(one.fix)}\n")
    sys.stdout.write(f"{summarise(found).sentence()}.\n" if found else f"{NOTHING}\n")
    return code


def look(
    file: StackFile, chosen: Mapping[str, Any], trust_store: Path | None, environment: Mapping[str, str]
) -> list[Finding]:
    """
    All findings about the image of a stack; none when it is in Amazon ECR.

    Args:
        file: the stack's settings.
        chosen: those of this run alone.
        trust_store: authorities that the user names, or None.
        environment: the variables that lead to the stack's account.

    """
    file = _Chosen(file, chosen)
    image, settings = file.setting("image"), of_stack.settings_of(file)
    if settings is None or not isinstance(image, str) or parse_image(image).is_ecr:
        return []
    asking = asking_of(file, None, environment)
    named = of_stack.trust_store(file, trust_store) if trust_store else None
    flight = preflight.Flight(
        reference=parse_reference(image),
        settings=settings,
        public=asking.trust,
        named=named,
        credentials=asking.credentials,
        architecture=asking.architecture,
        loopback_only=asking.loopback_only,
    )
    network = of_network.Network(
        settings,
        subnets=_texts(file.setting("subnets")),
        groups=_texts(file.setting("securityGroups")),
        ports=settings.ports_of(image),
        region=str(file.config().get("aws:region") or environment.get("AWS_REGION") or ""),
        own=f"{names.logical(str(file.setting('name') or DEFAULT_NAME))}-lambda",
        client=asking.client,
    )
    found = [*preflight.Preflight(flight).findings(), *network.findings()]
    return [replace(one, resource_name=image) for one in found]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        try:
            value = json_format.loads(value or "[]")
        except ValueError:
            value = []
    return [str(one) for one in value] if isinstance(value, list) else []
