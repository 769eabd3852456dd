"""State goes out and comes in as Pulumi's does, and nothing damaged or foreign is worked with or overwritten."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rehearsed_project import RehearsedProject

VERSION = "v3.272.0+rehearsal"
STACK = "urn:pulumi:dev::tiny::pulumi:pulumi:Stack::tiny-dev"
PROVIDER = "urn:pulumi:dev::tiny::pulumi:providers:p::default"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"hush"'}


def document(*more: dict[str, Any], **deployment: Any) -> dict[str, Any]:
    """A sound state with a stack, a provider and `more`."""
    manifest = {
        "time": "2026-11-22T00:00:00Z",
        "magic": hashlib.sha256(VERSION.encode()).hexdigest(),
        "version": VERSION,
    }
    resources = [
        {"urn": STACK, "custom": False, "type": "pulumi:pulumi:Stack", "outputs": {"open": 1, "closed": SECRET}},
        {"urn": PROVIDER, "custom": True, "id": "1", "type": "pulumi:providers:p"},
        *more,
    ]
    return {"version": 3, "deployment": {"manifest": manifest, "resources": resources, **deployment}}


def resource(name: str, **more: Any) -> dict[str, Any]:
    """A resource of that provider."""
    urn = f"urn:pulumi:dev::tiny::p:i:T::{name}"
    return {
        "urn": urn,
        "custom": True,
        "id": name,
        "type": "p:i:T",
        "parent": STACK,
        "provider": f"{PROVIDER}::1",
        **more,
    }


def take_in(project: RehearsedProject, state: Any, *words: str) -> Any:
    """`stack import` of a file."""
    file = project.write("in.json", state if isinstance(state, str) else json.dumps(state))
    return project.ask("stack", "import", "--file", str(file), *words)


def test_state_comes_back_as_it_went_out(project: RehearsedProject) -> None:
    """Import encrypts what is in clear; export shows it in clear only when asked."""
    project.stack()
    assert take_in(project, document(resource("a"))).status == 0
    hidden, shown = (json.loads(project.ask("stack", "export", *flag).out) for flag in ([], ["--show-secrets"]))

    assert "hush" not in json.dumps(hidden)
    assert "hush" not in project.state.read_text()
    assert shown["deployment"]["resources"][0]["outputs"]["closed"] == SECRET
    assert [row["urn"].rsplit("::", 1)[1] for row in hidden["deployment"]["resources"]] == ["tiny-dev", "default", "a"]
    assert take_in(project, hidden).status == 0


def test_outputs_hide_secrets_unless_asked(project: RehearsedProject) -> None:
    """`[secret]` is what the Automation API looks for."""
    project.stack()
    take_in(project, document())

    assert json.loads(project.ask("stack", "output", "--json").out) == {"open": 1, "closed": "[secret]"}
    assert json.loads(project.ask("stack", "output", "--json", "--show-secrets").out) == {"open": 1, "closed": "hush"}
    assert project.ask("stack", "output", "closed").out == "hush\n"
    assert project.ask("stack", "output", "none").status == 1


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("", "isn't JSON"),
        ("{", "isn't JSON"),
        ("[]", "isn't a state"),
        ('{"deployment": {}}', "isn't a state"),
        ('{"version": 9, "deployment": {}}', "version 9"),
        ('{"version": 4, "features": ["timeTravel"], "deployment": {}}', "timeTravel"),
        (document({**resource("a"), "urn": "urn:pulumi:prod::tiny::p:i:T::a"}), "isn't this stack's"),
        (document(resource("a"), resource("a")), "2 times"),
        (document(resource("a", provider="urn:x::2")), "isn't before it in the state"),
        (document(resource("a", dependencies=["urn:pulumi:dev::tiny::p:i:T::b"])), "isn't before it in the state"),
        (document({"urn": STACK + "x", "custom": False, "id": "1", "type": "t"}), "component"),
        (document({"custom": True, "type": "t"}), "no urn"),
        (document(manifest={"time": "", "magic": "bad", "version": VERSION}), "magic"),
        (document(secrets_providers={"type": "cloud", "state": {}}), "no secrets provider 'cloud'"),
    ],
)
def test_what_pulumi_wouldnt_take_isnt_taken(project: RehearsedProject, state: Any, said: str) -> None:
    """And the state that is there stays."""
    project.stack()
    take_in(project, document(resource("before")))
    kept = project.state.read_bytes()
    answer = take_in(project, state)

    assert answer.status == 1
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert project.state.read_bytes() == kept


def test_pending_operations_are_dropped_with_a_warning(project: RehearsedProject) -> None:
    """As Pulumi does: whoever imports has looked after them."""
    project.stack()
    answer = take_in(project, document(pending_operations=[{"resource": resource("a"), "type": "creating"}]))

    assert answer.status == 0
    assert "removing pending operation 'creating'" in answer.err
    assert "pending_operations" not in json.loads(project.ask("stack", "export").out)["deployment"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("", "is damaged"),
        ('{"version": 3, "deployment"', "is damaged"),
        ('{"version": 7, "deployment": {}}', "version 7"),
        ('{"checkpoint": {}}', "isn't a Pulumi deployment"),
        ("\x00\xff", "is damaged"),
    ],
)
@pytest.mark.parametrize("words", [("preview",), ("up", "--yes", "--skip-preview"), ("stack", "output")])
def test_a_damaged_state_is_never_overwritten(
    project: RehearsedProject, damage: str, said: str, words: tuple[str, ...]
) -> None:
    """Every command that reads it says so and leaves it; nothing starts."""
    project.stack()
    project.state.write_bytes(damage.encode("latin-1"))
    answer = project.ask(*words)

    assert answer.status == 1
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert project.state.read_bytes() == damage.encode("latin-1")
    assert take_in(project, document()).status == 0


@pytest.mark.parametrize(
    "words", [("preview",), ("up", "--yes", "--skip-preview"), ("destroy", "--yes"), ("refresh", "--yes")]
)
@pytest.mark.parametrize("owner", ["dev::other", "prod::tiny"])
def test_the_state_of_another_stack_or_project_is_not_worked_with(
    project: RehearsedProject, owner: str, words: tuple[str, ...]
) -> None:
    """A run would delete all that it holds, because this program hasn't it. Taken in on purpose it is worked with."""
    project.stack()
    text = json.dumps(document()).replace("dev::tiny", owner)
    project.state.write_text(text)
    answer = project.ask(*words)

    assert answer.status == 1
    assert f"isn't the state of stack 'dev' of project 'tiny': it holds urn:pulumi:{owner}::" in answer.err
    assert project.state.read_text() == text

    assert take_in(project, text, "--force").status == 0
    assert "isn't the state of" not in project.ask("preview").err


def test_a_newer_record_of_a_stack_is_left_alone(project: RehearsedProject) -> None:
    """A rehearsal of tomorrow may keep things this one doesn't know."""
    project.stack()
    about = project.state.with_name("stack.json")
    about.write_text(json.dumps({**json.loads(about.read_text()), "format": 99}))
    answer = project.ask("preview")

    assert answer.status == 1
    assert "a newer rehearsal made this stack" in answer.err


@pytest.mark.pulumi_cli
def test_the_pulumi_cli_takes_the_state_in(project: RehearsedProject, tmp_path: Path) -> None:
    """And finds nothing to change: the same program, the same passphrase."""
    project.stack()
    project.write("__main__.py", "import pulumi\n\npulumi.export('token', pulumi.Output.secret('hush'))\n")
    assert project.run("up", "--yes", "--skip-preview").status == 0
    exported = tmp_path / "state.json"
    project.ask("stack", "export", "--file", str(exported))
    (tmp_path / "backend").mkdir()
    settings = {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}",
        "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
        "PULUMI_HOME": str(tmp_path / "pulumi"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }

    def real(*words: str) -> str:
        pulumi = str(shutil.which("pulumi"))
        done = subprocess.run(
            [pulumi, *words], env={**os.environ, **settings}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    real("stack", "init", "dev")
    real("stack", "import", "--file", str(exported))

    assert real("stack", "output", "token", "--show-secrets").strip() == "hush"
    assert "1 unchanged" in real("preview", "--non-interactive", "--expect-no-changes")
