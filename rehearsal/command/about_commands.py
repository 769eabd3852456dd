"""`pulumi version`, `whoami`, `about`, `login`, `install`, `plugin ls`: what this is and what it runs on."""

from __future__ import annotations

import getpass
import json
import os
import platform
import sys
from typing import TYPE_CHECKING, Any

from rehearsal.command.errors import CommandError, ProjectError
from rehearsal.command.text import say
from rehearsal.version import ENGINE_VERSION

if TYPE_CHECKING:
    from rehearsal.command.arguments import Invocation

PLUGINS = (("aws", "the AWS of rehearsals: emulated, never the real one"), ("pulumi-python", "dynamic providers"))


def version(_: Invocation) -> None:
    """The version: Pulumi's whose protocols are spoken, marked as a rehearsal."""
    say(ENGINE_VERSION)


def whoami(invocation: Invocation) -> None:
    """The user of this machine and where state lies."""
    if invocation.given("json"):
        say(json.dumps({"user": _user(), "url": _url()}, indent=2))
    else:
        say(_user())


def login(invocation: Invocation) -> None:
    """There is nothing to log in to; an address that isn't a folder is a gap."""
    wanted = invocation.argument(0)
    if wanted and not wanted.startswith("file://"):
        raise CommandError(f"the rehearsal has no backend {wanted!r}: its state lies in folders of this machine only")
    if wanted and os.environ.get("PULUMI_BACKEND_URL") != wanted:
        raise CommandError(f"a rehearsal remembers no login: set PULUMI_BACKEND_URL={wanted}")
    say(f"Logged in to {platform.node()} as {_user()} ({_url()})")


def install(invocation: Invocation) -> None:
    """Nothing is downloaded: the program runs on the rehearsal's own Python, and that has to have what it requires."""
    from rehearsal.command import project as projects  # not on the way of `version`

    del invocation
    project = projects.find()
    project.check_program()
    missing = _missing(project.directory / "requirements.txt")
    if missing:
        raise CommandError(
            f"the rehearsal downloads nothing, and {sys.executable} lacks {', '.join(missing)}: "
            f"run `{sys.executable} -m pip install -r {project.directory / 'requirements.txt'}`"
        )
    say("Everything the program requires is installed.")


def _missing(requirements: Any) -> list[str]:
    from importlib.metadata import PackageNotFoundError, distribution
    from re import match

    missing = []
    lines = requirements.read_text(encoding="utf-8").splitlines() if requirements.is_file() else []
    for line in lines:
        name = match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", line)
        if not name:
            continue
        try:
            distribution(name[1])
        except PackageNotFoundError:
            missing.append(name[1])
    return missing


def plugins(invocation: Invocation) -> None:
    """The plug-ins that come with the rehearsal."""
    from rehearsal.state.files import now

    if invocation.given("json"):
        rows = [
            {
                "name": name,
                "kind": "resource",
                "version": ENGINE_VERSION[1:],
                "size": 0,
                "installTime": now(),
                "lastUsedTime": now(),
            }
            for name, _ in PLUGINS
        ]
        say(json.dumps(rows, indent=2))
        return
    for name, about_ in PLUGINS:
        say(f"{name:<14} resource  {about_}")


def about(invocation: Invocation) -> None:
    """What runs where."""
    from importlib.metadata import version as installed

    rows: dict[str, Any] = {
        "cliAbout": {"version": ENGINE_VERSION[1:], "rehearsal": True},
        "host": {"os": platform.system().lower(), "version": platform.release(), "arch": platform.machine()},
        "backend": {"name": platform.node(), "url": _url(), "user": _user()},
        "runtime": {"language": "python", "executable": sys.executable, "version": platform.python_version()},
        "dependencies": [{"name": name, "version": installed(name)} for name in ("pulumi", "pulumi-policy")],
        "errors": [],
    }
    if invocation.given("json"):
        say(json.dumps(rows, indent=2))
        return
    say(f"Rehearsal {ENGINE_VERSION}: Pulumi's protocols over an embedded engine; nothing in AWS is ever touched.")
    say(f"Python   {sys.executable} ({platform.python_version()})")
    say("Packages " + ", ".join(f"{row['name']} {row['version']}" for row in rows["dependencies"]))
    say(f"State    {_url()}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _url() -> str:
    named = os.environ.get("PULUMI_BACKEND_URL")
    if named:
        return named
    from rehearsal.command import project as projects
    from rehearsal.state.store import root

    try:
        project = projects.find()
    except ProjectError:
        return f"file://{os.environ.get('REHEARSAL_HOME', '<project>/.rehearsal')}"
    return f"file://{root(project.name, project.directory)}"
