"""Commands on the repository's own program, as a person would give them, with a home of their own."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from finished_process import finished
from users_environment import without_the_users

if TYPE_CHECKING:
    import subprocess

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
ACCOUNT = "111122223333"
TENANT = "rehearsal-tenant"


@dataclass
class Rehearsal:
    """Commands on the repository's own program, with a home (states and account) of their own."""

    home: Path
    engine: str = ""
    project: Path = REPOSITORY
    environment: dict[str, str] = field(default_factory=dict)

    def holdfast(self, *args: str, stack: str = "rehearsal") -> tuple[int, dict[str, Any]]:
        """Run a command with `--json`; its exit code and report."""
        engine = ["--engine", self.engine] if self.engine else []
        done = self.run([str(BIN / "holdfast"), *args, "--stack", stack, "--json", "-C", str(self.project), *engine])
        assert "Traceback" not in done.stderr, done.stderr
        try:
            return done.returncode, json.loads(done.stdout)
        except json.JSONDecodeError:
            pytest.fail(f"no JSON but: {done.stdout[-2000:]} {done.stderr[-2000:]}")

    def up(self, *args: str, stack: str = "rehearsal") -> dict[str, Any]:
        """An `up` that must succeed."""
        code, report = self.holdfast("up", *args, stack=stack)
        assert code == 0, json.dumps(report, indent=1)[-6000:]
        return report

    def pulumi(self, *args: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        """The bare engine executable, with `settings` for this run alone."""
        extra = {"HOLDFAST_SET": json.dumps(settings)} if settings else {}
        return self.run([str(REPOSITORY / "rehearsal" / "bin" / "pulumi"), *args], **extra)

    def run(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """A command in the project's folder."""
        return finished(command, self.project, self._environment(environment))

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        return {**without_the_users(), "REHEARSAL_HOME": str(self.home), **self.environment, **more}

    def account(self) -> Any:
        """The emulated account."""
        from rehearsal import account

        return account.ensure(ACCOUNT, self.home)

    def fingerprint(self, stack: str = "rehearsal") -> tuple[str, str]:
        """What must be as before when nothing was touched: the state file's bytes and the account's canonical dump."""
        state = (self.home / "stacks" / stack / "state.json").read_text()
        return state, self.account().fingerprint()

    def without_guards(self, folder: Path) -> Rehearsal:
        """The same on a copy of the program that doesn't install the guards: packs alone."""
        folder.mkdir()
        for path in REPOSITORY.glob("Pulumi*.yaml"):
            shutil.copy(path, folder)
        source = (REPOSITORY / "__main__.py").read_text()
        kept = [line for line in source.splitlines() if not line.strip().startswith("guards.install(")]
        assert len(kept) == len(source.splitlines()) - 1
        (folder / "__main__.py").write_text("\n".join(kept) + "\n")
        for shared in ("examples", ".venv"):
            (folder / shared).symlink_to(REPOSITORY / shared)
        return Rehearsal(self.home, self.engine, folder, self.environment)

    def stop(self) -> None:
        """Stop the account; its journal stays."""
        if (self.home / "accounts" / ACCOUNT / "server.json").exists():
            self.account().stop()
