"""One operation on a stack, whichever engine: what is asked of the Automation API, and what came of it."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from findings import exit_codes
from findings.finding import Finding
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulumi.automation import LocalWorkspace, Stack

    from pipeline.engine import Engine
    from pipeline.recorder import Recorder

Kind = Literal["preview", "up", "preview-destroy", "destroy", "refresh"]


@dataclass
class Run:
    """What came of an operation."""

    kind: Kind
    succeeded: bool
    recorder: Recorder
    findings: list[Finding] = field(default_factory=list)
    """The guards' own, from the file they were given; a pack's are in the recorder."""
    error: str = ""
    """The engine's own words when it failed without an event."""


@dataclass(frozen=True)
class Target:
    """What an operation is done to: a stack of a project, on an engine, with settings for this run alone."""

    project: Path
    stack: str
    engine: Engine
    packs: tuple[Path, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    fault: str = ""
    parallel: int | None = None
    continue_on_error: bool = False

    def workspace(self) -> LocalWorkspace:
        """The project's folder, as the Automation API works on it."""
        from pulumi import automation

        return automation.LocalWorkspace(
            work_dir=str(self.project), pulumi_command=self.engine.command, env_vars=self._environment()
        )

    def open(self, workspace: LocalWorkspace) -> Stack:
        """
        The stack, made when it isn't there.

        Raises:
            PipelineError: the project or the stack's settings can't be read.

        """
        from pulumi import automation

        try:
            return automation.Stack.create_or_select(self.stack, workspace)
        except automation.CommandError as error:
            message = f"the engine was asked for stack {self.stack!r} of {self.project} and refused: {words_of(error)}"
            raise PipelineError(message) from error
        except (OSError, ValueError) as error:
            message = f"{self.project} can't be opened as a Pulumi project: {error}"
            raise PipelineError(message) from error

    def _environment(self) -> dict[str, str]:
        chosen = dict(self.engine.environment)
        if self.settings:
            chosen["HOLDFAST_SET"] = json.dumps(self.settings)
        return chosen


def run(target: Target, stack: Stack, kind: Kind, recorder: Recorder) -> Run:
    """
    Do one operation and tell what came of it; a refusal or a failure is a result, not an exception.

    In a preview the guards write their findings to a file instead of stopping at the first: all are seen at once.
    """
    from pulumi.automation import CommandError

    before = dict(stack.workspace.env_vars)
    with _findings_file() as path:
        stack.workspace.env_vars = {**before, "HOLDFAST_FINDINGS": str(path)}
        if target.fault and kind in ("up", "destroy"):
            stack.workspace.env_vars = {**stack.workspace.env_vars, "REHEARSAL_FAULT": target.fault}
        try:
            _do(target, stack, kind, recorder)
            succeeded, error = True, ""
        except CommandError as refused:
            succeeded, error = False, words_of(refused)
        except RuntimeError as refused:
            if "summary event" not in str(refused):
                raise
            succeeded, error = False, "the engine ended without saying what it would do."
        finally:
            stack.workspace.env_vars = before
        return Run(kind, succeeded, recorder, read_findings(path), error)


def _do(target: Target, stack: Stack, kind: Kind, recorder: Recorder) -> None:
    packs = [str(pack) for pack in target.packs]
    options: dict[str, Any] = {"on_event": recorder.hear, "color": "never", "parallel": target.parallel}
    match kind:
        case "preview":
            stack.preview(policy_packs=packs, **options)
        case "up":
            stack.up(policy_packs=packs, continue_on_error=target.continue_on_error, show_secrets=False, **options)
        case "preview-destroy":
            stack.preview_destroy(run_program=True, **options)
        case "destroy":
            stack.destroy(run_program=True, continue_on_error=target.continue_on_error, show_secrets=False, **options)
        case "refresh":
            stack.refresh(show_secrets=False, **options)


@contextmanager
def _findings_file() -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix="holdfast-findings-", suffix=".jsonl")
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def read_findings(path: Path) -> list[Finding]:
    """
    The findings in a file of JSON lines, each once, in the order in which they were written.

    Raises:
        PipelineError: a line is none; then it isn't known what the guards found.

    """
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return list(dict.fromkeys(Finding.from_json(line) for line in lines))
    except ValueError as error:
        message = (
            f"the guards' findings in {path} can't be read ({error}); nothing was changed. This is a fault of Holdfast."
        )
        raise PipelineError(message, exit_codes.FAILED) from error


def words_of(error: Exception) -> str:
    """What the engine wrote to standard error, without the Automation API's frame around it."""
    text = str(error)
    if "stderr:" in text:
        text = text.split("stderr:", 1)[1]
    lines = [line for line in text.splitlines() if line.strip()]
    return " ".join(line.strip() for line in lines).removeprefix("error: ").strip() or "no reason given."
