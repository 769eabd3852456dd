"""What the user chose, checked: folder, engine, settings for this run, packs, the sample for a prediction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from pipeline.engine import REPOSITORY, EngineName
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi.automation import LocalWorkspace

    from pipeline.operation import Target

DEFAULT_PACK = REPOSITORY / "policies" / "everything"


def project_folder(given: Path) -> Path:
    """
    The folder of Pulumi.yaml.

    Raises:
        PipelineError: there is none.

    """
    folder = given.resolve()
    if not any((folder / name).is_file() for name in ("Pulumi.yaml", "Pulumi.yml")):
        message = f"{folder} has no Pulumi.yaml: run the command in the project's folder or name it with --cwd."
        raise PipelineError(message)
    return folder


def engine(given: str | None) -> EngineName | None:
    """
    The engine asked for, or None.

    Raises:
        PipelineError: there is no such engine.

    """
    if given is None or given == "":
        return None
    if given in get_args(EngineName):
        return cast("EngineName", given)
    message = f"--engine is one of {', '.join(get_args(EngineName))}, not {given!r}."
    raise PipelineError(message)


def settings(given: list[str]) -> dict[str, Any]:
    """
    `key=value` pairs as a mapping: a value that is JSON (true, 2, {"a": 1}) is taken as such, anything else as text.

    Raises:
        PipelineError: a pair has no `=` or no key.

    """
    chosen: dict[str, Any] = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            message = f"--set takes key=value, for example --set instanceCount=2; {pair!r} is none."
            raise PipelineError(message)
        try:
            chosen[key] = json.loads(value)
        except json.JSONDecodeError:
            chosen[key] = value
    return chosen


def exemptions(project: Path) -> None:
    """
    See to it that the exemptions can be read, and that every process of the run finds the same file.

    Raises:
        PipelineError: they can't be read.

    """
    import os

    from findings.exemptions import VARIABLE, ExemptionsError, load_for

    if named := os.environ.get(VARIABLE):
        os.environ[VARIABLE] = str(Path(named).absolute())
    try:
        load_for(project)
    except ExemptionsError as error:
        raise PipelineError(str(error)) from error


def packs(given: list[Path] | None) -> tuple[Path, ...]:
    """
    The policy packs of this run.

    Raises:
        PipelineError: a folder holds none.

    """
    chosen = tuple(path.resolve() for path in ([DEFAULT_PACK] if given is None else given))
    for pack in chosen:
        if not (pack / "PulumiPolicy.yaml").is_file():
            message = f"{pack} is no policy pack: it has no PulumiPolicy.yaml."
            raise PipelineError(message)
    return chosen


def severities() -> dict[str, str]:
    """Severity by rule name."""
    from policies.rules import RULES

    return {rule.name: rule.severity for rule in RULES}


def config_of(workspace: LocalWorkspace, stack: str) -> dict[str, str]:
    """
    What `Pulumi.<stack>.yaml` sets as text, secrets and maps left out; empty when there is no such file yet.

    Read by ourselves: the Automation API can't read a file in which somebody wrote a number or a truth value without
    quotation marks (`holdfast:instanceCount: 2`), which the engine takes.

    Raises:
        PipelineError: the file can't be read.

    """
    from pathlib import Path

    from pipeline.stack_file import StackFile

    found = StackFile(Path(workspace.work_dir), stack).config()
    return {key: str(value) for key, value in found.items() if value is not None and not isinstance(value, dict | list)}


def sample(config: Mapping[str, str], target: Target) -> tuple[Path, str] | None:
    """The request body for one prediction and its content type, when the settings name one."""
    chosen = target.settings.get("sample") or config.get("holdfast:sample")
    content_type = target.settings.get("sampleContentType") or config.get("holdfast:sampleContentType") or "text/csv"
    return (target.project / chosen, content_type) if chosen else None
