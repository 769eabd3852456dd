"""Where stacks lie: one folder each, with state, history, tags and a lock.

    <root>/selected.json                 which stack a project folder has selected
    <root>/stacks/<stack>/stack.json     whose it is, and its tags
    <root>/stacks/<stack>/state.json     the deployment, as `pulumi stack import` takes it
    <root>/stacks/<stack>/state.json.bak the one before the last run
    <root>/stacks/<stack>/history/       one file a run
    <root>/stacks/<stack>/lock           held while a run changes the stack; lock.json says by whom

Each file is replaced in one step, so that a reader, a crash or a full disk finds the old or the new one, never half of
one. What can't be read is never overwritten.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.errors import StateError
from rehearsal.state.files import now, read_json, write_atomically
from rehearsal.state.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
FORMAT = 1
VERSIONS = (3, 4)
RESCUE = (
    "The state before the last run, if there was one, is in state.json.bak; `stack import --file` takes a good copy in."
)


def root(project: str, directory: Path, environ: Mapping[str, str] | None = None) -> Path:
    """The folder that holds a project's stacks.

    PULUMI_BACKEND_URL=file://<folder> puts it below that folder, apart from anything the Pulumi CLI keeps there;
    otherwise it is REHEARSAL_HOME, by default `.rehearsal` beside Pulumi.yaml.

    Raises StateError for a backend that isn't made of files: a rehearsal must not touch a shared one.
    """
    environ = os.environ if environ is None else environ
    url = environ.get("PULUMI_BACKEND_URL", "")
    if url.startswith("file://"):
        from urllib.parse import unquote

        return Path(unquote(url.removeprefix("file://"))).expanduser().resolve() / ".rehearsal" / project
    if url:
        raise StateError(
            f"the rehearsal has no backend {url!r}, only file://<folder>: its state never goes where real stacks lie. "
            "Unset PULUMI_BACKEND_URL for rehearsals, or use the Pulumi CLI."
        )
    home = environ.get("REHEARSAL_HOME")
    return Path(home).expanduser().resolve() if home else directory / ".rehearsal"


@dataclass(frozen=True)
class Run:
    """One finished run, as the history keeps it; secrets in `config` are ciphertext."""

    version: int
    kind: str
    start: str
    end: str
    message: str
    result: str
    changes: dict[str, int]
    environment: dict[str, str]
    config: dict[str, Any]


class StoredStack:
    """One stack's folder."""

    def __init__(self, directory: Path, name: str, project: str) -> None:
        self.directory = directory
        self.name = name
        self.project = project
        self.state_file = directory / "state.json"
        self._about = directory / "stack.json"

    @property
    def exists(self) -> bool:
        """Whether the stack was made."""
        return self._about.is_file()

    def create(self) -> None:
        """Make the stack, empty."""
        self._keep({"format": FORMAT, "project": self.project, "stack": self.name, "created": now(), "tags": {}})

    def about(self) -> dict[str, Any]:
        """What stack.json says. Raises StateError when it is damaged, newer, or of another project."""
        about = read_json(self._about, "the record of the stack")
        if not isinstance(about, dict) or not isinstance(about.get("format"), int):
            raise StateError(
                f"{self._about} isn't a record of a stack: something else wrote it. Nothing was overwritten."
            )
        if about["format"] > FORMAT:
            raise StateError(
                f"{self._about} has format {about['format']}: a newer rehearsal made this stack. Use that one; "
                "nothing was overwritten."
            )
        if about.get("project") != self.project:
            raise StateError(
                f"the stack {self.name!r} in {self.directory} belongs to the project {about.get('project')!r}, not to "
                f"{self.project!r}. Choose another stack name, or another REHEARSAL_HOME."
            )
        return about

    def owner(self) -> str:
        """The project it belongs to, whichever that is."""
        about = read_json(self._about, "the record of the stack")
        return str(about.get("project")) if isinstance(about, dict) else ""

    def tags(self) -> dict[str, str]:
        """The stack's tags."""
        return dict(self.about().get("tags") or {})

    def tag(self, name: str, value: str | None) -> None:
        """Set a tag, or remove it (None)."""
        about = self.about()
        tags = dict(about.get("tags") or {})
        tags.pop(name, None)
        if value is not None:
            tags[name] = value
        self._keep({**about, "tags": tags})

    def document(self) -> dict[str, Any] | None:
        """The deployment document as it lies there, unread; None before the first run.

        Raises StateError when it is damaged, newer or no deployment: the file stays as it is.
        """
        if not self.state_file.exists():
            return None
        try:
            document = read_json(self.state_file, "the state")
        except StateError as error:
            raise StateError(f"{error} {RESCUE}") from None
        if (
            not isinstance(document, dict)
            or "version" not in document
            or not isinstance(document.get("deployment"), dict)
        ):
            raise StateError(
                f"{self.state_file} isn't a Pulumi deployment: something else wrote it. Nothing was overwritten. "
                f"{RESCUE}"
            )
        if document["version"] not in VERSIONS:
            raise StateError(
                f"{self.state_file} has version {document['version']!r}, and the rehearsal reads 3 and 4: "
                "something newer wrote it. Use that; nothing was overwritten."
            )
        return document

    def strangers(self, urns: Iterable[str]) -> list[str]:
        """Those of a state's URNs that belong to another stack or project, from which nobody took them in."""
        own = f"urn:pulumi:{self.name}::{self.project}::"
        found = [urn for urn in urns if not urn.startswith(own)]
        taken = tuple(f"urn:pulumi:{origin}::" for origin in self.about().get("origins") or ()) if found else ()
        return [urn for urn in found if not urn.startswith(taken)]

    def take(self, urns: Iterable[str]) -> None:
        """Note that resources of other stacks or projects were taken in on purpose."""
        origins = {"::".join(urn.removeprefix("urn:pulumi:").split("::")[:2]) for urn in urns}
        self._keep({**self.about(), "origins": sorted(origins)})

    def write(self, text: str) -> None:
        """Replace the deployment document."""
        write_atomically(self.state_file, text)

    def back_up(self) -> None:
        """Keep a copy of the state, from before a run."""
        if self.state_file.exists():
            shutil.copyfile(self.state_file, self.state_file.with_name("state.json.bak"))

    def remove(self) -> None:
        """Remove the stack with its history."""
        shutil.rmtree(self.directory)

    def rename(self, name: str) -> StoredStack:
        """Move the stack's folder to another name; its state is the caller's to rewrite."""
        renamed = StoredStack(self.directory.with_name(name), name, self.project)
        about = self.about()
        self.directory.rename(renamed.directory)
        renamed._keep({**about, "stack": name})  # the same class
        return renamed

    def history(self) -> list[Run]:
        """The runs, newest first."""
        files = sorted((self.directory / "history").glob("*.json"), reverse=True)
        return [Run(**read_json(file, "the history")) for file in files]

    def last_change(self) -> str:
        """When the stack was last run, or made; RFC 3339."""
        files = sorted((self.directory / "history").glob("*.json"))
        return Run(**read_json(files[-1], "the history")).end if files else str(self.about().get("created") or now())

    def next_version(self) -> int:
        """The number of the next run, from 1."""
        files = sorted((self.directory / "history").glob("*.json"))
        return int(files[-1].stem) + 1 if files else 1

    def record(self, run: Run) -> None:
        """Add a run to the history."""
        write_atomically(
            self.directory / "history" / f"{run.version:06}.json", json.dumps(run.__dict__, indent=1) + "\n"
        )

    @property
    def lock(self) -> Lock:
        """The stack's lock."""
        return Lock(self.directory)

    def _keep(self, about: dict[str, Any]) -> None:
        write_atomically(self._about, json.dumps(about, indent=1) + "\n")


class Store:
    """All stacks of a project.

    Args:
        folder: the root folder (see `root`).
        project: the project's name.
        directory: the project's folder, for which a stack is selected.

    """

    def __init__(self, folder: Path, project: str, directory: Path) -> None:
        self.folder = folder
        self.project = project
        self.directory = directory
        self._selection = folder / "selected.json"

    def stack(self, name: str) -> StoredStack:
        """A stack by name, whether it exists or not. Raises StateError for what can't be a name."""
        if not NAME.fullmatch(name) or name in (".", ".."):
            raise StateError(
                f"{name!r} can't be the name of a stack: letters, digits, `-`, `_` and `.` can, 100 of them at most."
            )
        return StoredStack(self.folder / "stacks" / name, name, self.project)

    def names(self) -> list[str]:
        """The names of this project's stacks, in order."""
        found = sorted(file.parent.name for file in (self.folder / "stacks").glob("*/stack.json"))
        return [name for name in found if self._is_ours(name)]

    def _is_ours(self, name: str) -> bool:
        about = read_json(self.folder / "stacks" / name / "stack.json", "the record of the stack")
        return isinstance(about, dict) and about.get("project") == self.project

    def selected(self) -> str | None:
        """The stack that was selected for this project's folder."""
        if not self._selection.exists():
            return None
        found = read_json(self._selection, "the selection")
        return found.get(str(self.directory)) if isinstance(found, dict) else None

    def select(self, name: str | None) -> None:
        """Select a stack for this project's folder; None: no stack."""
        chosen = read_json(self._selection, "the selection") if self._selection.exists() else {}
        chosen = (
            {**chosen, str(self.directory): name}
            if name
            else {k: v for k, v in chosen.items() if k != str(self.directory)}
        )
        write_atomically(self._selection, json.dumps(chosen, indent=1) + "\n", durable=False)
