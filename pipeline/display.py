"""The report for a person: tables, colours on a terminal, plain lines elsewhere; what comes from outside is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from pipeline.steps import short_type

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.operation import Run
    from pipeline.recorder import Diagnostic
    from pipeline.report import Report
    from pipeline.steps import Step

REHEARSED = "This is a rehearsal: {engine}. Nothing in AWS is touched."
COLOURS = {"create": "green", "create new": "green", "update": "yellow", "delete": "red", "delete old": "red"}


def header(console: Console, report: Report) -> None:
    """Say first what this is and where it happens."""
    console.print(f"[bold]holdfast {report.command}[/bold], stack {escape(report.stack)}", highlight=False)
    where = REHEARSED.format(engine=report.engine) if report.rehearsed else f"Engine and account: {report.engine}."
    console.print(escape(where), style="cyan", highlight=False)


def plan(console: Console, run: Run, *, whole: bool) -> None:
    """The plan: a row for each step, in the order in which the engine will take them. `whole`: it is all there is."""
    steps = run.recorder.steps
    if not steps:
        console.print("Plan: no changes." if whole else "Plan: none, the preview failed.", highlight=False)
        _costs(console, run)
        return
    table = Table(
        title=f"Plan{'' if whole else ', as far as it went'}: {len(steps)} steps",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for column in ("step", "type", "name", "why"):
        table.add_column(column, overflow="fold")
    for step in steps:
        style = COLOURS.get(step.words, "")
        table.add_row(
            escape(step.words), escape(short_type(step.type)), escape(step.name), escape(step.why), style=style
        )
    console.print(table)
    _costs(console, run)


def _costs(console: Console, run: Run) -> None:
    """What the program warns of when it is planned: what the change costs."""
    for said in dict.fromkeys(each.message for each in run.recorder.diagnostics if each.severity == "warning"):
        console.print(f"Mind: {escape(said)}", style="yellow", highlight=False)


def verdicts(console: Console, report: Report) -> None:
    """Each pack's verdict, and the guards'."""
    for pack, version, verdict in report.verdicts:
        console.print(f"Pack {escape(pack)} {escape(version)}: {verdict}", highlight=False)
    console.print(f"Guards: {report.guards_verdict}", highlight=False)


def step_line(console: Console, step: Step) -> None:
    """One line for a step that is over."""
    if step.status in ("done", "failed"):
        mark = "[green]done[/green]" if step.status == "done" else "[red]failed[/red]"
        console.print(
            f"  {escape(step.words):<11} {escape(short_type(step.type))} {escape(step.name)}: {mark}", highlight=False
        )


def message_line(console: Console, diagnostic: Diagnostic) -> None:
    """A line that the program, a guard or the engine says while it runs; errors come in the report."""
    if diagnostic.severity in ("info", "warning"):
        style = "yellow" if diagnostic.severity == "warning" else ""
        console.print(f"  {escape(diagnostic.message)}", style=style, highlight=False)


def ending(console: Console, report: Report) -> None:
    """Findings, errors, endpoints and the last word."""
    from findings import terminal

    terminal.render(report.findings, console)
    for error in report.errors():
        console.print(f"Error: {escape(error)}", style="red", highlight=False)
    for explanation in report.explanations():
        console.print(f"What that means: {escape(explanation)}", style="yellow", highlight=False)
    for endpoint in report.endpoints:
        console.print(f"Endpoint {escape(endpoint.name)}: {escape(endpoint.health)}", highlight=False)
        for part, value in endpoint.runs_on.items():
            console.print(f"  {escape(part)}: {escape(value)}", highlight=False, soft_wrap=True)
        if endpoint.instances:
            console.print(f"  instances: {escape(endpoint.instances)}", highlight=False)
        if endpoint.prediction:
            console.print(f"  prediction: {escape(endpoint.prediction)}", highlight=False)
    console.print(escape(report.headline), style="bold green" if report.exit_code == 0 else "bold red", highlight=False)
    if report.rehearsed:
        console.print("(A rehearsal: nothing in AWS was touched.)", style="cyan", highlight=False)
