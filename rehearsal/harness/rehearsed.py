"""A program under test, in a stack, a home and an emulated account of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal import environment
from rehearsal.errors import PackError, ProgramError
from rehearsal.harness.programs import Program, of_folder, of_function
from rehearsal.harness.runs import Run, RunWentOtherwise, State, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rehearsal.account import Account
    from rehearsal.engine import Operation
    from rehearsal.state import Snapshot

    Source = Callable[[], object] | str | Path

ACCOUNT = "111122223333"
REGION = "us-east-1"


class Clock:
    """The virtual time of the account, in seconds since 1970-01-01 UTC."""

    def __init__(self, rehearsed: Rehearsed) -> None:
        self._rehearsed = rehearsed

    @property
    def now(self) -> float:
        """What time it is there."""
        return self._rehearsed.account.now()

    def advance(self, seconds: float) -> float:
        """Move it forward; returns the new time."""
        return self._rehearsed.account.advance(seconds)

    def stand_still(self) -> None:
        """From now on it moves only by `advance`."""
        self._rehearsed.account.set_speed(0)


class Rehearsed:
    """A program and what its runs left behind.

    Args:
        program: a function without arguments, or a folder (one with a Pulumi.yaml, or just a `__main__.py`).
        packs: folders of policy packs; (folder, configuration) for one that is configured: policy name -> level or
            object, as in the file of `--policy-pack-config`.
        config: the stack's settings, by key (`bucket`, or with a namespace: `aws:region`); objects are passed as JSON.
            A folder's own Pulumi.<stack>.yaml isn't read; defaults that its Pulumi.yaml declares hold.
        secrets: settings that are secret, likewise.
        stack: the stack's name.
        plugins: provider package -> folder that holds its `pulumi-resource-<package>`.
        environ: environment variables of program, packs and providers, beside this process's.
        account: whether AWS is emulated; None: if the program, or the module of the function, imports pulumi_aws or
            boto3, or requires pulumi-aws.
        parallel: how many operations at once; with 1 the order of steps is the same in every run.

    Raises:
        ProgramError, PackError: what was given isn't a program, or isn't a pack.

    """

    def __init__(  # noqa: PLR0913  # these are the options of a test, each by name
        self, program: Source, *, home: Path, beside: Path | None = None, packs: Iterable[Any] = (),
        config: Mapping[str, Any] | None = None, secrets: Mapping[str, Any] | None = None, stack: str = "rehearsal",
        plugins: Mapping[str, Path | str] | None = None, environ: Mapping[str, str] | None = None,
        account: bool | None = None, parallel: int = 1,
    ) -> None:  # fmt: skip
        self._home = home
        self._beside = beside or Path.cwd()
        self._stack = stack
        self._wanted_account = account
        self._parallel = parallel
        self._functions = 0
        self._account: Account | None = None
        self._snapshot: Snapshot | None = None
        self.runs: list[Run] = []
        """All runs so far, the latest at the end."""
        self.clock = Clock(self)
        self.environ = dict(environ or {})
        self._config, self._secrets = dict(config or {}), dict(secrets or {})
        self._plugins = {name: self._place(folder) for name, folder in (plugins or {}).items()}
        home.mkdir(parents=True, exist_ok=True)
        self._packs = [self._pack(index, pack) for index, pack in enumerate(packs)]
        self._program = self._read(program)

    def _place(self, folder: str | Path) -> Path:
        return (self._beside / folder).resolve()

    def _pack(self, index: int, pack: Any) -> tuple[Path, Path | None]:
        folder, configuration = pack if isinstance(pack, tuple) else (pack, None)
        place = self._place(folder)
        if not (place / "PulumiPolicy.yaml").is_file():
            raise PackError(f"{place} is no policy pack: there is no PulumiPolicy.yaml in it")
        if configuration is None:
            return place, None
        file = self._home / f"pack-{index}.json"
        file.write_text(json.dumps(configuration))
        return place, file

    def _read(self, program: Source) -> Program:
        if callable(program):
            self._functions += 1
            return of_function(program, self._home / f"program-{self._functions}")
        return of_folder(self._place(program))

    def preview(self, program: Source | None = None, *, fails: bool = False, **options: Any) -> Run:
        """What `up` would do; the state stays as it is.

        Args of this and of the other runs:
            program: from now on, run this one: the next version of it.
            fails: the run is expected to fail.
            options: `refresh`, `continue_on_error`, `targets`, ... of `rehearsal.engine.Request`.

        Raises:
            RunWentOtherwise: it failed, or, with `fails`, it didn't.

        """
        return self._run("preview", program, fails=fails, **options)

    def up(self, program: Source | None = None, *, fails: bool = False, **options: Any) -> Run:
        """Bring about what the program says; see `preview` for the arguments."""
        return self._run("up", program, fails=fails, **options)

    def refresh(self, program: Source | None = None, *, fails: bool = False, **options: Any) -> Run:
        """Record what is really there; see `preview` for the arguments."""
        return self._run("refresh", program, fails=fails, **options)

    def destroy(self, program: Source | None = None, *, fails: bool = False, **options: Any) -> Run:
        """Delete everything; with `run_program=True` the program runs too, as delete hooks want; see `preview`."""
        return self._run("destroy", program, fails=fails, **options)

    def _run(self, operation: Operation, program: Source | None, *, fails: bool, **options: Any) -> Run:
        from rehearsal import engine

        if program is not None:
            self._program = self._read(program)
        project = self._program.project
        config = self._settings()
        saved: list[Snapshot] = []
        events: list[dict[str, Any]] = []
        outcome = engine.run(
            engine.Request(
                operation,
                engine.Project(
                    project.name, project.directory, project.main or ".", project.options,
                    {**project.plugins, **self._plugins},
                ),
                self._stack, self._snapshot, saved.append, events.append, config=config,
                secret_keys=frozenset(map(self._key, self._secrets)), policy_packs=list(self._packs),
                environment=self._environment(), **{"parallel": self._parallel, **options},
            )
        )  # fmt: skip
        if not (operation == "preview" or options.get("preview_only")):
            self._snapshot = outcome.snapshot
        run = Run(operation, outcome, events)
        self.runs.append(run)
        if run.succeeded == fails:
            what = "succeeded, though it was expected to fail" if run.succeeded else f"failed:\n{run.told()}"
            raise RunWentOtherwise(f"{operation} of {project.name} {what}")
        return run

    def _key(self, key: str) -> str:
        return key if ":" in key else f"{self._program.project.name}:{key}"

    def _settings(self) -> dict[str, str]:
        from rehearsal.values import masked

        declared = {k: d.fallback for k, d in self._program.project.declared.items() if d.fallback is not None}
        given = {self._key(k): v for k, v in {**self._config, **self._secrets}.items()}
        return {
            key: value if isinstance(value, str) else json.dumps(masked(value))
            for key, value in {**declared, **given}.items()
        }

    def _environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        made = {**os.environ, "PATH": path}
        if self._has_account():
            for name in environment.FORGOTTEN:
                made.pop(name, None)
            made |= environment.settings(self.account.url)
        return made | self.environ

    def _has_account(self) -> bool:
        if self._wanted_account is not None:
            return self._wanted_account
        return self._program.needs_account or self._account is not None

    @property
    def account(self) -> Account:
        """The emulated AWS account, which is started when it is first asked for: faults, clock, log of calls."""
        if self._wanted_account is False:
            raise ProgramError("this program is rehearsed without an AWS account: account=False was asked for")
        if self._account is None:
            from rehearsal.account import ensure

            self._account = ensure(ACCOUNT, self._home)
        return self._account

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of a service in the emulated account, to look at what is there, or to meddle with it."""
        import boto3

        return boto3.client(
            service, region_name=region, endpoint_url=self.account.url, aws_access_key_id="rehearsal",
            aws_secret_access_key="rehearsal",  # noqa: S106  # it opens nothing
        )  # fmt: skip

    @property
    def state(self) -> State:
        """The stack's resources as the last run that changed anything left them."""
        from rehearsal.state import Snapshot

        return State(self._snapshot or Snapshot())

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        return self.state.outputs

    @property
    def steps(self) -> list[Step]:
        """The steps of the last run."""
        return self.runs[-1].steps if self.runs else []

    def close(self) -> None:
        """Stop what was started; the fixture does."""
        if self._account is not None:
            self._account.stop()
            self._account = None
