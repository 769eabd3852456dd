"""What most commands begin with: the project, its store, the stack that is meant, its settings and its passphrase."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.command import project as projects
from rehearsal.command.errors import CommandError, StackNotFoundError
from rehearsal.command.stack_settings import StackSettings
from rehearsal.environment import passphrase
from rehearsal.state.store import Store, StoredStack, root

if TYPE_CHECKING:
    from rehearsal.command.arguments import Invocation
    from rehearsal.command.project import Project
    from rehearsal.state.passphrase import Passphrase

ORGANIZATION = "organization"


class Workspace:
    """The project of the current folder and its stacks."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.project: Project = projects.find()
        self.store = Store(root(self.project.name, self.project.directory), self.project.name, self.project.directory)

    def short_name(self, name: str) -> str:
        """The stack's own name out of `stack`, `project/stack` or `organization/project/stack`."""
        parts = name.split("/")
        if len(parts) > 3 or (len(parts) > 2 and parts[0] != ORGANIZATION):  # noqa: PLR2004
            raise CommandError(f"{name!r}: a rehearsal knows one organization, {ORGANIZATION!r}: write {parts[-1]!r}.")
        if len(parts) > 1 and parts[-2] not in (self.project.name, ORGANIZATION):
            raise CommandError(
                f"{name!r} is a stack of the project {parts[-2]!r}, and this one is {self.project.name!r}."
            )
        return parts[-1]

    def wanted(self, argument: str | None = None) -> str | None:
        """The name of the stack that is meant: given, from PULUMI_STACK, or selected."""
        name = argument or self.invocation.get("stack") or os.environ.get("PULUMI_STACK") or self.store.selected()
        return self.short_name(name) if name else None

    def outputs_of(self, name: str) -> dict[str, Any] | None:
        """The outputs of a stack by the name that references use; None when there is no such stack.

        It may be of another project, where stacks lie together: below PULUMI_BACKEND_URL or one REHEARSAL_HOME.
        """
        from rehearsal import state
        from rehearsal.state.passphrase import Passphrase

        organization, _, rest = name.partition("/")
        project, _, short = rest.partition("/")
        if organization != ORGANIZATION or not short:
            return None
        stored = Store(root(project, self.project.directory), project, self.project.directory).stack(short)
        if not stored.exists or stored.owner() != project:
            return None
        document = stored.document()
        if document is None:
            return {}
        block = document.get("deployment", {}).get("secrets_providers") or {}
        salt = block.get("state", {}).get("salt")
        found = state.from_json(document, Passphrase(passphrase(), salt) if salt else state.PlaintextCrypter())
        resource = found.stack_resource()
        return dict(resource.outputs) if resource else {}

    def stack(self, argument: str | None = None) -> CurrentStack:
        """The stack that is meant. Raises StackNotFoundError when there is none."""
        name = self.wanted(argument)
        if not name:
            raise StackNotFoundError(
                "no stack selected; please use `pulumi stack select` or `pulumi stack init` to choose one", 1
            )
        stored = self.store.stack(name)
        if not stored.exists:
            known = self.store.names()
            there = (
                f"; there are {', '.join(known)}" if known else "; there are none yet: `pulumi stack init` makes one"
            )
            raise StackNotFoundError(f"no stack named {name!r} found{there}")
        stored.about()
        return CurrentStack(self, stored)


class CurrentStack:
    """The stack a command is about."""

    def __init__(self, workspace: Workspace, stored: StoredStack) -> None:
        self.workspace = workspace
        self.project = workspace.project
        self.stored = stored
        self.name = stored.name

    @property
    def settings_file(self) -> Path:
        """Pulumi.<stack>.yaml, or what --config-file names."""
        named = self.workspace.invocation.get("config-file")
        return Path(named).resolve() if named else self.project.settings_file(self.name)

    @cached_property
    def settings(self) -> StackSettings:
        """The stack's settings, read once."""
        return StackSettings(self.settings_file, self.project.name)

    def crypter(self) -> Passphrase:
        """The stack's passphrase with its salt; a stack that has no salt yet gets one, in its settings file."""
        return self._crypter

    @cached_property
    def _crypter(self) -> Passphrase:
        from rehearsal.state.passphrase import Passphrase  # only for secrets

        salt = self.settings.salt or self._salt_of_state()
        made = Passphrase(passphrase(), salt) if salt else Passphrase.create(passphrase())
        if not self.settings.salt:
            edit = self.settings.edit()
            edit.salt(made.salt)
            edit.save()
        return made

    def _salt_of_state(self) -> str:
        """The salt the state was written with, for a settings file that has lost its own."""
        document = self.stored.document() or {}
        block = document.get("deployment", {}).get("secrets_providers") or {}
        return str(block.get("state", {}).get("salt") or "") if block.get("type") == "passphrase" else ""
