"""What each command of `holdfast` does, in order: preview, gate, act, look, report."""

from __future__ import annotations

import json as json_format
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from findings import exit_codes
from pipeline import choices, display, rehearsing
from pipeline.engine import engine_for
from pipeline.errors import PipelineError
from pipeline.operation import Kind, Target, run
from pipeline.recorder import Recorder
from pipeline.report import Report
from pipeline.steps import refreshed

if TYPE_CHECKING:
    from pathlib import Path

    from pulumi.automation import Stack
    from rich.console import Console

    from findings.finding import Finding
    from pipeline.recorder import Diagnostic
    from pipeline.steps import Step

Command = Callable[["Session"], None]


class Said(Protocol):
    """What an error's report needs of what was asked."""

    @property
    def command(self) -> str:
        """The command's name."""

    @property
    def json(self) -> bool:
        """Whether the report is JSON."""


@dataclass(frozen=True)
class Asked:
    """What the user asked for, as given."""

    command: str
    stack: str
    project: Path
    engine: str | None
    settings: list[str]
    packs: list[Path] | None
    fault: str = ""
    parallel: int | None = None
    continue_on_error: bool = False
    install: bool = False
    json: bool = False


@dataclass
class Session:
    """A command under way."""

    asked: Asked
    target: Target
    stack: Stack
    report: Report
    console: Console
    config: dict[str, str]
    """What the stack's own file sets, secrets left out."""
    told: list[str] = field(default_factory=list)
    """Warnings that were shown with the plan."""

    def do(self, kind: Kind, *, show: bool = True) -> bool:
        """Run one operation, showing its steps as they end; whether it succeeded and nobody refused."""
        recorder = Recorder(destroying="destroy" in kind)
        if show:
            recorder.on_step = self._show_step
            recorder.on_message = self._show_message
            self.told = self.report.warnings()
        done = run(self.target, self.stack, kind, recorder)
        self.report.take(done, choices.severities())
        return done.succeeded and not self.report.refused

    def _show_step(self, step: Step) -> None:
        display.step_line(self.console, step)

    def _show_message(self, said: Diagnostic) -> None:
        if said.message not in self.told:
            display.message_line(self.console, said)

    def planned(self, kind: Kind) -> bool:
        """Preview, show plan and verdicts; whether to go on."""
        self.report.checks = self._looked_at(kind)
        going = self.do(kind, show=False)
        display.plan(self.console, self.report.runs[-1], whole=not self.report.broken_off)
        display.verdicts(self.console, self.report)
        return going

    def _looked_at(self, kind: Kind) -> list[Finding]:
        """What is looked at in the account before the plan."""
        from pipeline import looking

        if kind == "preview-destroy":
            return looking.before_a_destruction(self.target, self.config)
        return looking.before_a_change(self.target, self.config, lambda: self.stack.export_stack().deployment)

    def stop_before_acting(self) -> None:
        """The last word when the preview did not go through."""
        refused = self.report.refused
        self.fail("Refused: nothing was changed." if refused else "The preview failed: nothing was changed.")

    def fail(self, headline: str) -> None:
        """The last word when the last run did not go through, and its exit code."""
        before_acting = self.report.runs[-1].kind in ("preview", "preview-destroy")
        self.report.exit_code = exit_codes.FAILED
        if before_acting and self.report.refused:
            self.report.exit_code = exit_codes.REFUSED
        elif before_acting and self.report.bad_settings:
            self.report.exit_code = exit_codes.BAD_INPUT
        if self.target.engine.command.interrupts:
            self.report.exit_code = exit_codes.INTERRUPTED
            headline = "Interrupted. What was done is in the stack's state; the next run carries on from there."
        self.report.headline = headline


def carry_out(command: Command, asked: Asked) -> int:
    """Open engine and stack, run the command, print its report, return its exit code."""
    console = _console(asked)
    project = choices.project_folder(asked.project)
    settings = choices.settings(asked.settings)
    packs = choices.packs(asked.packs)
    choices.exemptions(project)
    with engine_for(asked.stack, choices.engine(asked.engine), project, install=asked.install) as engine:
        if asked.fault and not engine.rehearsed:
            raise PipelineError("--fault is an option of rehearsals: AWS can't be asked to fail.")
        rehearsing.enter(engine)
        report = Report(asked.command, asked.stack, engine.words, engine.rehearsed)
        display.header(console, report)
        target = Target(
            project, asked.stack, engine, packs, settings, asked.fault, asked.parallel, asked.continue_on_error
        )
        workspace = target.workspace()
        config = choices.config_of(workspace, asked.stack)
        if region := config.get("aws:region"):
            engine.environment.setdefault("AWS_REGION", region)
        preparation = rehearsing.begin(config, project, engine) if command in (preview, up) else None
        stack = target.open(workspace)
        if preparation:
            preparation.wait()
        command(Session(asked, target, stack, report, console, config))
    if asked.json:
        sys.stdout.write(json_format.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n")
    else:
        display.ending(console, report)
    return report.exit_code


def preview(session: Session) -> None:
    """Everything that packs and guards have to say about what `up` would do."""
    if session.planned("preview"):
        session.report.headline = "Nothing stands against it: `holdfast up` would do this."
    else:
        session.stop_before_acting()


def up(session: Session) -> None:
    """Preview, gate, deploy, look."""
    if not session.planned("preview"):
        session.stop_before_acting()
        return
    if session.report.runs[-1].recorder.steps:
        session.console.print("Deploying:", highlight=False)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as beside:  # the look afterwards shouldn't wait for boto3 to be imported
        beside.submit(import_module, "boto3")
        done = session.do("up")
    _look(session)
    if done:
        session.report.headline = f"Deployed in {time.monotonic() - began:.1f} s."
    else:
        session.fail("The deployment did not go through. Nothing that an endpoint runs on was deleted.")


def destroy(session: Session) -> None:
    """Preview the destruction with the guards, then destroy."""
    if not (session.stack.export_stack().deployment or {}).get("resources"):
        # An engine that runs the program for a destruction would make its components first, only to have them there.
        session.report.headline = "Nothing is deployed: there is nothing to destroy."
        return
    if not session.planned("preview-destroy"):
        session.stop_before_acting()
        return
    session.console.print("Destroying:", highlight=False)
    if session.do("destroy"):
        session.report.headline = "Destroyed."
    else:
        session.fail("The destruction stopped half-way. What is left is in the stack's state; run it again.")


def refresh(session: Session) -> None:
    """State follows the account; what an interrupted run may have created is looked for first."""
    _take_up(session)
    if session.do("refresh"):
        session.report.headline = refreshed(session.report.runs[-1].recorder.steps)
    else:
        session.fail("The refresh failed; the state is as it was for what could not be read.")
    _look(session)


def _take_up(session: Session) -> None:
    """Take creations that a killed run left in the dark into the state; the refresh sees which of them are there."""
    exported = session.stack.export_stack()
    from pipeline.interrupted import taken_up

    def ec2() -> Any:
        import boto3

        environment = session.target.engine.environment
        region = session.config.get("aws:region") or environment.get("AWS_REGION")
        return boto3.client("ec2", region_name=region, endpoint_url=environment.get("AWS_ENDPOINT_URL"))

    made = taken_up(dict(exported.deployment or {}), ec2)
    if not made.any:
        return
    exported.deployment = made.deployment
    session.stack.import_stack(exported)
    for urn in made.adopted:
        _say(session, f"An interrupted run was creating {urn}: it is looked for.")
    for urn in made.dropped:
        _say(session, f"{urn} was to be deleted and is in use again: the deletion is dropped.")
    for urn in made.lost:
        _say(
            session,
            f"An interrupted run was creating {urn}, which can't be found by its name: if AWS made it, it belongs to "
            "no stack. Look for it in the account, and delete it there.",
        )


def _say(session: Session, words: str) -> None:
    session.console.print(words, highlight=False, markup=False)


def status(session: Session) -> None:
    """The stack's endpoints."""
    _look(session, predict=False)
    endpoints = session.report.endpoints
    ill = [endpoint.name for endpoint in endpoints if not endpoint.well]
    session.report.exit_code = exit_codes.FAILED if ill else exit_codes.OK
    session.report.headline = (
        f"Not well: {', '.join(ill)}."
        if ill
        else f"{len(endpoints)} endpoint{'s' * (len(endpoints) != 1)}, all well."
        if endpoints
        else "No endpoints."
    )


def _look(session: Session, *, predict: bool = True) -> None:
    """Ask the account about the stack's endpoints."""
    from botocore.exceptions import BotoCoreError, ClientError

    from pipeline import endpoints

    exported = session.stack.export_stack().deployment or {}
    environment = session.target.engine.environment
    for endpoint in endpoints.in_state(exported):
        session.report.endpoints.append(endpoint)
        try:
            endpoints.look_up(endpoint, environment)
            sample = (
                choices.sample(session.config, session.target) if predict and endpoint.status == "InService" else None
            )
            if sample:
                endpoint.prediction = endpoints.predict(endpoint, *sample, environment)
        except (ClientError, BotoCoreError, OSError) as error:
            endpoint.failure_reason = f"could not be asked: {error}"
            session.report.exit_code = exit_codes.UNKNOWN


def say_error(text: str, asked: Said, code: int) -> None:
    """An error that ended the command before it had a report."""
    if asked.json:
        sys.stdout.write(
            json_format.dumps({"schema_version": 1, "command": asked.command, "exit_code": code, "errors": [text]})
            + "\n"
        )
        return
    from rich.markup import escape

    _console(asked, stderr=True).print(f"Error: {escape(text)}", style="red", highlight=False)


def _console(asked: Said, *, stderr: bool = False) -> Console:
    from rich.console import Console

    width = None if sys.stdout.isatty() else 160
    return Console(stderr=stderr, quiet=asked.json, width=width)
