"""A stack of a program on an engine, and its emulated account: what the guards' tests under an engine share."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from finished_process import finished
from users_environment import without_the_users

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
ACCOUNT = "111122223333"
REGION = "us-east-1"


@dataclass
class Engine:
    """An engine: its executable, and what it needs in its environment."""

    executable: str
    variables: dict[str, str]


@contextlib.contextmanager
def engine_of(kind: str, folder: Path) -> Iterator[Engine]:
    """The embedded engine, or the Pulumi CLI with the rehearsal's provider attached."""
    if kind == "embedded":
        yield Engine(str(REPOSITORY / "rehearsal" / "bin" / "pulumi"), {})
        return
    from rehearsal import account, environment

    aws = environment.settings(account.ensure(ACCOUNT, folder / "home").url)
    python = Path(sys.executable)
    provider = subprocess.Popen(
        [str(python), "-m", "rehearsal.provider"], stdout=subprocess.PIPE, text=True, env={**os.environ, **aws}
    )
    try:
        assert provider.stdout is not None
        (folder / "state").mkdir(exist_ok=True)
        yield Engine(
            "pulumi",
            {
                **aws,
                "PULUMI_DEBUG_PROVIDERS": f"aws:{provider.stdout.readline().strip()}",
                "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
                "PULUMI_HOME": str(folder / "pulumi"),
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
            },
        )
    finally:
        provider.terminate()
        provider.wait()


@dataclass
class House:
    """The program's stack, its account, and runs of the engine on it."""

    project: Path
    home: Path
    engine: Engine
    stack: str = "rehearsal"

    def run(self, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """One command of the engine."""
        patience = float(environment.pop("TIMEOUT", "300"))
        variables = {"REHEARSAL_HOME": str(self.home), "AWS_REGION": REGION, **self.engine.variables, **environment}
        return finished(
            [self.engine.executable, *args, "--stack", self.stack, "--non-interactive"],
            self.project,
            {**without_the_users(), **variables},
            patience,
        )

    @contextlib.contextmanager
    def copy(self, kind: str, folder: Path) -> Iterator[House]:
        """The stack and its account as they are now, in a folder of their own; neither sees what the other does."""
        for name in ("project", "state"):
            if (self.home.parent / name).exists():
                shutil.copytree(self.home.parent / name, folder / name)
        shutil.copytree(self.home, folder / "home", ignore=shutil.ignore_patterns("accounts"))
        account = self.account().fork(folder / "home")
        try:
            with engine_of(kind, folder) as engine:
                yield House(folder / "project", folder / "home", engine, self.stack)
        finally:
            account.stop()

    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        done = self.run("stack", "output", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, str] = json.loads(done.stdout)
        return found

    def findings(self, path: Path, **environment: str) -> list[dict[str, Any]]:
        """A preview that collects: every finding of it."""
        done = self.run("preview", HOLDFAST_FINDINGS=str(path), **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def account(self, number: str = ACCOUNT) -> Any:
        """The emulated account, or another one beside it."""
        from rehearsal import account

        return account.ensure(number, self.home)

    def client(self, service: str, *, account: str = ACCOUNT, region: str = REGION) -> Any:
        """A boto3 client of the account, or of another one beside it."""
        return boto3.client(
            service,
            endpoint_url=self.account(account).url,
            region_name=region,
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )

    def resources(self) -> list[str]:
        """What is in state."""
        done = self.run("stack", "export")
        assert done.returncode == 0, done.stderr
        return sorted(one["urn"] for one in json.loads(done.stdout)["deployment"]["resources"])
