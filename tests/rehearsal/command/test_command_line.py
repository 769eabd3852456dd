"""Command lines are read by Pulumi's rules, and what isn't there is named."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rehearsal.command.catalogue import COMMANDS, EVERYWHERE, reader
from rehearsal.command.errors import UsageError

if TYPE_CHECKING:
    from rehearsed_project import RehearsedProject


def read(line: str) -> tuple[str, dict, list[str]]:
    """Command, options and arguments of a line."""
    found = reader().read(line.split())
    return found.command.name, found.options, found.arguments


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--non-interactive stack init dev", ("stack init", {"non-interactive": True}, ["dev"])),
        ("stack select --stack dev", ("stack select", {"stack": "dev"}, [])),
        (
            "config set key --secret --stack s -- -value",
            ("config set", {"secret": True, "stack": "s"}, ["key", "-value"]),
        ),
        ("up -yf -p4", ("up", {"yes": True, "skip-preview": True, "parallel": 4}, [])),
        ("update --yes=false", ("up", {"yes": False}, [])),
        ("preview --refresh --target a --target b", ("preview", {"refresh": "true", "target": ["a", "b"]}, [])),
        ("destroy --run-program=true", ("destroy", {"run-program": True}, [])),
        ("preview --policy-pack a,b --policy-pack c", ("preview", {"policy-pack": ["a", "b", "c"]}, [])),
        ("stack -C elsewhere ls", ("stack ls", {"cwd": "elsewhere"}, [])),
    ],
)
def test_options_stand_anywhere_and_mean_what_they_do_in_pulumi(line: str, expected: tuple) -> None:
    """Globals before the command, switches with `=`, clusters of letters, `--` before a value with a dash."""
    assert read(line) == expected


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("up --plan file", "no option --plan for `pulumi up`"),
        ("preview --polcy-pack x", "Did you mean '--policy-pack'?"),
        ("watch", "no command 'watch'"),
        ("stack graph", "takes 0 arguments"),
        ("config env ls", "takes 0 arguments"),
        ("up --client=127.0.0.1:1", "no option --client"),
        ("up --parallel many", "takes a whole number, not 'many'"),
        ("config set", "takes 1 to 2 arguments, not 0"),
        ("up --message", "needs a value"),
        ("up --yes=perhaps", "neither true nor false"),
    ],
)
def test_what_the_rehearsal_hasnt_is_named(line: str, named: str) -> None:
    """Nothing that was asked for is left out silently."""
    with pytest.raises(UsageError) as refused:
        read(line)

    assert named in str(refused.value)


def test_every_command_can_be_called_and_explained() -> None:
    """Each line of the table names a function that exists, and its help names each of its options."""
    import importlib

    for command in COMMANDS:
        text = reader().help_text(command)
        if command.run:
            module, _, function = command.run.partition(":")
            assert callable(getattr(importlib.import_module(f"rehearsal.command.{module}_commands"), function))
        assert all(f"--{flag.name}" in text for flag in (*command.flags, *EVERYWHERE) if not flag.hidden)


def test_the_version_is_pulumis_marked_as_a_rehearsal(project: RehearsedProject) -> None:
    """PulumiCommand parses it; people see what it is."""
    answer = project.run("version")

    assert answer.out == "v3.272.0+rehearsal\n"


@pytest.mark.parametrize(
    "line", ["version", "stack select dev", "stack ls --json", "config --json", "stack output --json"]
)
def test_what_needs_no_engine_loads_none(project: RehearsedProject, line: str) -> None:
    """These are called many times a run, by the Automation API too: no gRPC, no SDK, nothing of AWS."""
    project.stack()
    code = (
        "import sys; from rehearsal.command.main import main\n"
        "assert main(sys.argv[1:]) == 0\n"
        "heavy = {'grpc', 'pulumi', 'boto3', 'moto', 'ruamel', 'cryptography'}\n"
        "print(sorted(heavy & {module.split('.')[0] for module in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *line.split()],
        cwd=project.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_ends_with_one_sentence(project: RehearsedProject) -> None:
    """No traceback, exit status not 0."""
    answer = project.ask("deploy")

    assert answer.status == 1
    assert answer.err.startswith("error: the rehearsal has no command 'deploy'")
    assert "Traceback" not in answer.err
