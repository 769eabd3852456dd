"""One run, from the prelude to the summary.

Source: pulumi/pulumi, pkg/resource/deploy/deployment_executor.go (Execute) and pkg/engine/{update,destroy,refresh}.go.
"""

from __future__ import annotations

import os
import queue
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi.runtime.proto import resource_pb2

from rehearsal.engine import beforehand, phases
from rehearsal.engine.builtins import Builtins
from rehearsal.engine.deployment import Deployment
from rehearsal.engine.events import Events
from rehearsal.engine.executor import Executor
from rehearsal.engine.hooks import Hooks
from rehearsal.engine.keeper import Keeper
from rehearsal.engine.operations import Operations
from rehearsal.engine.planner import Planner
from rehearsal.engine.plugins import Plugins
from rehearsal.engine.policies import Policies
from rehearsal.engine.providers import Providers
from rehearsal.engine.registrar import Registrar
from rehearsal.engine.targets import refuse_unknown
from rehearsal.errors import RehearsalError
from rehearsal.state import verify
from rehearsal.wire.analyzer import StackFacts
from rehearsal.wire.callbacks import Callbacks
from rehearsal.wire.engine_service import EngineService
from rehearsal.wire.monitor import Monitor
from rehearsal.wire.program import Program, ProgramRun, place
from rehearsal.wire.registration import Registrations
from rehearsal.wire.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.engine import Outcome, Request

_SHOWN = 32
_PATIENCE, _IMPATIENCE = 10.0, 1.0
"""Seconds a program gets to end by itself: after a run in order, and after one that was broken off."""
_DONE, _STOPPED, _BAILED, _CANCELLED = "done", "stopped", "bailed", "cancelled"


def execute(request: Request) -> Outcome:
    """Run one operation to its end; see `rehearsal.engine.run`."""
    if request.operation in ("destroy", "refresh"):
        refuse_unknown(request)
    deployment = Deployment(request)
    verify(deployment.base)
    with ExitStack() as stack:
        return Run(request, deployment, stack).execute()


class Run:
    """The parts of one run and how they play together; everything started is ended by `stack`."""

    def __init__(self, request: Request, deployment: Deployment, stack: ExitStack) -> None:
        self.request = request
        self.d = d = deployment
        self._stack = stack
        self._signals: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._wound_up = threading.Event()
        self._bailed = self._cancelled = False
        self._done_in_order = True
        self._environment = dict(os.environ if request.environment is None else request.environment)
        d.events = Events(request.emit, dry_run=d.dry_run)
        d.events.counts_refreshes = request.operation == "refresh"
        self._server = Server(EngineService(d.events.program_says))
        self._callbacks = Callbacks()
        d.hooks = Hooks(self._callbacks, d.events, dry_run=d.dry_run)
        d.keeper = Keeper(d.base, None if d.dry_run else request.save)
        self._plugins = Plugins(
            request.project, self._environment, request.config, self._server.address, self._overhear
        )
        d.providers = Providers(self._plugins, Builtins(d.find, request.outputs_of, d.events.warning))
        self.planner = Planner(d)
        operations = Operations(d, lambda urn: urn in self.planner.deletes)
        self.executor = Executor(
            d, operations, lambda: self._signals.put(_STOPPED), lambda: self._stop(_BAILED),
            lambda step: self.registrar.resume(step),  # noqa: PLW0108  # there is no registrar yet
        )  # fmt: skip
        self.registrar = Registrar(
            d, self.planner, self.executor, lambda: self._stop(_BAILED), lambda: self._signals.put(_DONE)
        )
        self._runs_program = request.operation in ("preview", "up") or request.run_program
        stack.callback(self._server.stop)
        stack.callback(self._callbacks.close)
        stack.callback(self._plugins.close)

    def _overhear(self, severity: str, line: str) -> None:
        """What plug-ins print is of interest only to whoever debugs them."""
        self.d.events.diagnostic("debug" if severity == "info" else severity, line)

    def _stop(self, why: str) -> None:
        """Let no further step begin, whatever the run is at."""
        self.d.stopped.set()
        if why == _BAILED:
            self._bailed = True
        elif why == _CANCELLED and not self._cancelled:
            self._cancelled = True
            self.d.events.emit({"cancelEvent": {}})
        self._signals.put(why)
        if why == _CANCELLED:
            self._plugins.cancel()

    def execute(self) -> Outcome:
        """Run to the end, whatever happens; what goes wrong is said by events."""
        from rehearsal.engine import Outcome

        self.d.events.prelude(self.request.config, self.request.secret_keys)
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        try:
            self._execute()
        except KeyboardInterrupt:
            self._cancel()
        except RehearsalError as e:
            self.d.events.error(e)
            self._bailed = True
        finally:
            self._wind_up()
        succeeded = self._succeeded()
        self.d.events.summary(
            "succeeded" if succeeded else "failed", self.d.policies.versions(), corrupt=self.d.corrupt
        )
        snapshot = self.request.snapshot if self.d.dry_run and self.request.snapshot else self.d.keeper.snapshot()
        return Outcome(succeeded, dict(self.d.events.changes), snapshot, self._cancelled)

    def _succeeded(self) -> bool:
        d = self.d
        return not (self._bailed or self._cancelled or d.saw_error or d.step_failed or d.hook_failed)

    def _execute(self) -> None:
        request, d = self.request, self.d
        self._load_packs()
        self._plugins.early(beforehand.expected_packages(d))
        self._start_serving()
        if request.operation == "destroy" and not request.run_program:
            self._bailed = beforehand.refuse_hooks(d)
            if self._bailed:
                return
        begins = phases.begin(self.planner, self.executor)
        if begins is phases.Begin.BAILS:
            self._bailed = True
            return
        if begins is phases.Begin.ENDS:
            self._conclude()
            return
        why = self._run_program() if self._runs_program else _DONE
        if why == _DONE:
            self.registrar.drain()
            if not phases.finish(self.planner, self.executor):
                self._bailed = True
                return
        self._conclude()

    def _conclude(self) -> None:
        """Wait for what is under way, and weigh it."""
        d = self.d
        self.executor.wait()
        self.executor.finalize_stack_outputs(failed=not self._succeeded())
        if self._bailed:
            return
        if not (d.step_failed or d.hook_failed or self._cancelled) and self._runs_program:
            self._judge_stack()
        if self._bailed:
            return
        kind = "preview" if d.dry_run else "update"
        if d.saw_error or d.step_failed or d.hook_failed:
            d.events.error(f"{kind} failed")
        elif self._cancelled:
            d.events.error(f"{kind} canceled")

    def _judge_stack(self) -> None:
        try:
            self.d.policies.judge_stack()
        except RehearsalError as e:
            self.d.events.error(e)
            self._bailed = True

    def _run_program(self) -> str:
        """Run the program until it has registered everything, or the run is broken off; returns which."""
        run = ProgramRun(
            self.request.project.name, self.request.stack, self.request.organization, self.request.project.directory,
            self.request.project.main, self.request.project.options, self._server.address, self.d.dry_run,
            self.request.parallel, self.request.config, self.request.secret_keys, self._environment,
        )  # fmt: skip
        program = Program(run, self.d.events.program_says)
        self._stack.callback(program.end, patience=0)
        self._stack.callback(self._release, program)
        exited = threading.Thread(target=self._await_exit, args=(program,), daemon=True)
        exited.start()
        why = self._signals.get()
        if why != _DONE:
            self._break_off()
        return why

    def _await_exit(self, program: Program) -> None:
        status = program.wait()
        if self._ended.is_set() or self.d.stopped.is_set():
            return
        if status == 0:
            self._signals.put(_DONE)
            return
        if status != _SHOWN:
            self.d.events.error(f"Program exited with non-zero exit code: {status}")
        self._stop(_BAILED)

    def _break_off(self) -> None:
        self.d.stopped.set()
        self.d.events.muted = True
        self._done_in_order = False

    def _cancel(self) -> None:
        """Ctrl-C where no events are set: let what is under way end, begin nothing more. Once more: give it up."""
        try:
            self._stop(_CANCELLED)
            self._break_off()
            self.executor.wait()
            self._conclude()
        except KeyboardInterrupt:
            self._abandon()

    def _abandon(self) -> None:
        """Give up what is under way: no more is written, and the plug-ins go, so that nobody waits for them."""
        self._cancelled = True
        self.d.stopped.set()
        self.d.keeper.abandon()
        self.d.events.error(
            "killed: what was under way may or may not have happened; see the pending operations in the state"
        )
        self._callbacks.close()
        self._plugins.close()

    def _watch(self) -> None:
        """Heed the events of whoever asked; by events and not by an exception, which may come anywhere and be lost."""
        heeded: list[tuple[threading.Event, Callable[[], None]]] = [
            (self.request.cancel, lambda: self._stop(_CANCELLED)),
            (self.request.abandon, self._abandon),
        ]
        for asked, heed in heeded:
            while not asked.wait(0.2):
                if self._wound_up.is_set():
                    return
            heed()

    def _release(self, program: Program) -> None:
        """Let the program end by itself: what waits is answered, and it gets a moment."""
        self.registrar.abort()
        self.registrar.finished.set()
        program.end(patience=_PATIENCE if self._done_in_order else _IMPATIENCE)

    def _wind_up(self) -> None:
        """Everything of this run ends, whatever happened; the state is written."""
        self._ended.set()
        self.executor.wait()
        self.registrar.abort()
        self.registrar.finished.set()
        try:
            self.d.keeper.close()
        except RehearsalError as e:
            self.d.events.error(e)
            self._bailed = True
        self._wound_up.set()
        self._stack.close()
        self.registrar.close()
        self.executor.close()

    def _load_packs(self) -> None:
        request, d = self.request, self.d
        packs = request.policy_packs if request.operation in ("preview", "up") else []
        facts = StackFacts(
            request.organization, request.project.name, request.stack, d.dry_run, request.config, request.secret_keys,
            request.tags, self._environment,
        )  # fmt: skip
        d.policies = Policies(packs, facts, self._server.address, self._overhear)
        d.policies.d = d
        self._stack.callback(d.policies.close)
        if packs:
            d.events.emit({"policyLoadEvent": {}})

    def _start_serving(self) -> None:
        request = self.request
        working, _ = place(request.project.directory, request.project.main)
        registrations = Registrations(self.registrar, self._callbacks, working, Path(request.project.directory))
        info = resource_pb2.DeploymentInfo(
            project=request.project.name, stack=request.stack, organization=request.organization, config=request.config,
            configSecretKeys=sorted(request.secret_keys), dryRun=self.d.dry_run, parallel=request.parallel,
        )  # fmt: skip
        self._server.start(Monitor(self.registrar, registrations, self._callbacks, info, self._server.arrivals))
