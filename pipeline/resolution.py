"""`holdfast resolve`: what a tag means now, and the pin of it in the stack's settings."""

from __future__ import annotations

import json as json_format
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.settings_reading import overridden
from findings import exit_codes
from findings.printable import indented
from knowledge.registries import architecture_of
from pipeline import choices
from pipeline.engine import engine_for, is_rehearsal
from pipeline.errors import PipelineError
from pipeline.registry import of_stack
from pipeline.resolve import resolve
from pipeline.resolve.model_package import LATEST
from pipeline.resolve.resolver import Asking
from pipeline.stack_file import StackFile
from pipeline.versions.of_stack import group_of_stack

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from guards.live import Account
    from pipeline.resolve.resolver import Resolved

SCHEMA_VERSION = 1
DEFAULT_INSTANCE = "ml.m5.large"


@dataclass(frozen=True)
class Asked:
    """What the user asked for, as given."""

    stack: str
    project: Path
    text: str = ""
    """What to resolve; "" for the setting `image`. A bare `:tag` is one of the repository that the setting names."""
    trust_store: Path | None = None
    pin: bool = True
    json: bool = False
    command: str = "resolve"


def carry_out(asked: Asked) -> int:
    """
    Resolve, pin, tell; the exit code.

    Raises:
        PipelineError: it can't be resolved or pinned. Nothing was written then.

    """
    file = StackFile(choices.project_folder(asked.project), asked.stack)
    text = _text(asked, file)
    resolved = resolve(text, asking_of(file, asked.trust_store, environment_of(file)))
    before = file.setting(resolved.setting)
    changed = file.pin(resolved.setting, resolved.value) if asked.pin else False
    if asked.json:
        _write(_to_dict(asked, text, resolved, before, changed=changed))
    else:
        _show(asked, file, text, resolved, changed=changed)
    return exit_codes.OK


def asking_of(file: StackFile, trust_store: Path | None, environment: Mapping[str, str]) -> Asking:
    """
    With what a stack's resolvers and checks ask.

    Args:
        file: the stack's settings.
        trust_store: the authorities that the user names, or None.
        environment: the variables that lead to the stack's account.

    """
    region = file.config().get("aws:region")
    settings = of_stack.settings_of(file)

    def client(service: str, region: str | None = region) -> Any:
        import boto3
        from botocore.exceptions import BotoCoreError

        try:
            return boto3.client(service, region_name=region)
        except BotoCoreError as error:
            message = f"AWS can't be asked: {error} Give boto3 credentials and a Region (AWS_PROFILE, AWS_REGION)."
            raise PipelineError(message, exit_codes.UNKNOWN) from None

    def account() -> Account:
        from guards.live import Account

        return Account(region=region)

    os.environ.update(environment)
    return Asking(
        account=account,
        client=client,
        trust=of_stack.trust_store(file, trust_store),
        credentials=lambda: of_stack.credentials(file, settings, client, lambda name: _decrypted(file, name)),
        architecture=architecture_of(str(file.setting("instanceType") or DEFAULT_INSTANCE)),
        loopback_only=is_rehearsal(file.stack),
    )


def _text(asked: Asked, file: StackFile) -> str:
    before = file.setting("image")
    if asked.text == LATEST or (not asked.text and not before):
        return _package(asked, file)
    if asked.text:
        settings = {"image": before} if isinstance(before, str) else {}
        text = str(overridden(settings, {"image": asked.text})["image"])
        if text.startswith((":", "sha256:")):
            raise PipelineError(
                f"{text} is one of the repository that the setting image names, and {file.path.name} sets none. Give "
                "the whole reference."
            )
        return text
    return str(before)


def _package(asked: Asked, file: StackFile) -> str:
    """The group whose latest approved version is meant, or the version that the settings name."""
    group, pinned = group_of_stack(file), file.setting("modelPackage")
    if asked.text == LATEST and group:
        return f"{group}@{LATEST}"
    if asked.text != LATEST and isinstance(pinned, str) and pinned:
        return pinned
    if asked.text == LATEST:
        raise PipelineError(
            f"{LATEST} of which group? {file.path.name} names none (modelPackageGroup, modelVersion, modelPackage). "
            f"Give it: holdfast resolve <group>@{LATEST}."
        )
    raise PipelineError(
        f"{file.path.name} sets no image, and none was given. Give one: holdfast resolve <registry>/<name>:<tag>."
    )


def environment_of(file: StackFile) -> dict[str, str]:
    """For a rehearsal, what leads to the emulated account; nothing of the user's AWS stays."""
    if not is_rehearsal(file.stack):
        return {}
    from rehearsal import environment
    from rehearsal.errors import RehearsalError

    try:
        prepared = environment.prepare(file.path.parent, file.stack)
    except RehearsalError as error:
        raise PipelineError(str(error)) from error
    return {name: value for name, value in prepared.items() if name.startswith("AWS_")}


def _decrypted(file: StackFile, name: str) -> str:
    """A secret setting in clear: only the stack's engine can open it."""
    from pulumi.automation import CommandError

    from pipeline import rehearsing
    from pipeline.operation import Target, words_of

    project = file.path.parent
    with engine_for(file.stack, None, project) as engine:
        rehearsing.enter(engine)
        target = Target(project, file.stack, engine)
        try:
            stack = target.open(target.workspace())
            return str(stack.get_config(f"holdfast:{name}").value)
        except CommandError as error:
            message = f"the engine was asked for the secret setting {name} and refused: {words_of(error)}"
            raise PipelineError(message) from None


def _to_dict(asked: Asked, text: str, resolved: Resolved, before: Any, *, changed: bool) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "command": asked.command,
        "stack": asked.stack,
        "exit_code": exit_codes.OK,
        "asked": text,
        "setting": resolved.setting,
        "before": before,
        "value": resolved.value,
        "source": resolved.said,
        "pinned": changed,
    }


def _write(told: dict[str, Any]) -> None:
    sys.stdout.write(json_format.dumps(told, indent=2, ensure_ascii=False) + "\n")


def _show(asked: Asked, file: StackFile, text: str, resolved: Resolved, *, changed: bool) -> None:
    lines = [text, f"  is {resolved.value}", f"  by {resolved.said}"]
    if changed:
        lines.append(f"{file.path.name}: {resolved.setting} is pinned to it.")
    elif asked.pin:
        lines.append(f"{file.path.name}: {resolved.setting} is pinned to it already.")
    else:
        lines.append("Nothing was written.")
    sys.stdout.write("\n".join(indented(line) for line in lines) + "\n")
