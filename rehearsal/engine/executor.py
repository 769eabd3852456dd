"""Executing chains of steps: chains in parallel, the steps of one in order, each written down before it is answered.

Source: pulumi/pulumi, pkg/resource/deploy/step_executor.go.
"""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rehearsal.engine.operations import Protected
from rehearsal.errors import PartialFailure, ProgramError, ProviderError, RehearsalError, StateError
from rehearsal.wire.registration import Registered

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.engine.deployment import Deployment
    from rehearsal.engine.operations import Operations
    from rehearsal.engine.steps import Registration, Step
    from rehearsal.values import Properties

STACK = "pulumi:pulumi:Stack"


class Executor:
    """Executes the steps of one run. `on_stop` is called when a failure ends it, `on_bail` when nothing more is said.

    `on_then`: a step is done behind which more is to be planned.
    """

    def __init__(
        self, deployment: Deployment, operations: Operations, on_stop: Callable[[], None], on_bail: Callable[[], None],
        on_then: Callable[[Step], None],
    ) -> None:  # fmt: skip
        self.d = deployment
        self._operations = operations
        self._on_stop, self._on_bail, self._on_then = on_stop, on_bail, on_then
        self._workers = ThreadPoolExecutor(max(1, deployment.request.parallel), thread_name_prefix="step")
        self._idle = threading.Condition()
        self._running = 0
        self._waiting_outputs: dict[str, Step] = {}
        self.stack_outputs: tuple[str, Properties] | None = None
        self.failed_steps: list[Step] = []

    def submit(self, chain: list[Step]) -> None:
        """Execute a chain when a worker is free."""
        with self._idle:
            self._running += 1
        self._workers.submit(self._run_chain, chain)

    def wait(self) -> None:
        """Wait until no chain is left."""
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0)

    def close(self) -> None:
        """Let the workers go."""
        self._workers.shutdown(wait=True)

    def stop(self) -> None:
        """Let no further step begin."""
        if not self.d.stopped.is_set():
            self.d.stopped.set()
            self._on_stop()

    def _run_chain(self, chain: list[Step]) -> None:
        try:
            for step in chain:
                if self.d.stopped.is_set() or not self._run(step):
                    return
        except Exception:  # noqa: BLE001  # a defect of ours must end the run, not hang it
            self.d.events.diagnostic("error", f"the rehearsal's engine failed:\n{traceback.format_exc()}", chain[0].urn)
            self.d.step_failed = True
            self.stop()
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def _run(self, step: Step) -> bool:
        """Execute one step; whether the chain may go on."""
        d = self.d
        d.events.begins(step)
        error: RehearsalError | None = None
        try:
            d.keeper.begin(step)
            self._operations.apply(step)
            if step.logical and step.new is not None:
                self._waiting_outputs[step.urn] = step
        except RehearsalError as e:
            error = e
        if step.new is not None and step.kind != "replace" and (error is None or isinstance(error, PartialFailure)):
            (d.reads if step.new.external else d.news)[step.new.urn] = step.new
        if error is None:
            d.events.ended(step)
        else:
            unknown = isinstance(error, ProviderError) and error.unknown
            d.corrupt = d.corrupt or unknown
            d.events.failed(step, error, unknown=unknown)
        try:
            d.keeper.end(step, succeeded=error is None or isinstance(error, PartialFailure))
        except StateError as e:
            d.events.error(e)
            error = error or e
        if error is not None:
            self._failed(step, error)
            return False
        if step.then:
            self._on_then(step)
        else:
            self._answer(step, "success")
        if d.hook_failed and not d.request.continue_on_error:
            self.stop()
        return True

    def _failed(self, step: Step, error: RehearsalError) -> None:
        """What a failure means for the run."""
        d = self.d
        d.step_failed = True
        if step.kind == "refresh":
            if step.then:  # the registration behind it can't go on
                d.events.error(error, step.urn)
                self._on_bail()
        elif d.request.continue_on_error or isinstance(error, Protected):
            self.failed_steps.append(step)
            self._answer(step, "fail")
        else:
            self.stop()

    def _answer(self, step: Step, result: str) -> None:
        registration: Registration | None = step.registration
        if registration is not None:
            registration.complete(Registered(step.state, result, unknown=step.skipped))

    def skip(self, chain: list[Step]) -> None:
        """Leave a chain out because what it needs failed."""
        for step in chain:
            self._answer(step, "skip")

    def register_outputs(self, urn: str, outputs: Properties) -> None:
        """Store a component's outputs; those of the stack wait for the end. Raises ProgramError for an unknown URN."""
        if urn.split("::")[2] == STACK:
            self.stack_outputs = (urn, outputs)
            return
        step = self._take(urn)
        if step.skipped or step.new is None:
            return
        step.new.outputs = outputs
        self._operations.after_component(step)
        self.d.events.outputs(step)
        self.d.keeper.changed()
        if self.d.hook_failed and not self.d.request.continue_on_error:
            self.stop()

    def finalize_stack_outputs(self, *, failed: bool) -> None:
        """Store the stack's outputs; after a failure those of the last run that the program didn't get to set stay."""
        if self.stack_outputs is None:
            return
        urn, outputs = self.stack_outputs
        step = self._waiting_outputs.pop(urn, None)
        if step is None or step.new is None:
            return
        if failed:
            old = self.d.olds.get(urn)
            outputs = {**(old.outputs if old else {}), **outputs}
        step.new.outputs = outputs
        self.d.events.outputs(step)
        self.d.keeper.changed()

    def _take(self, urn: str) -> Step:
        step = self._waiting_outputs.pop(urn, None)
        if step is None:
            raise ProgramError(f"cannot complete a resource '{urn}' whose registration isn't pending", urn=urn)
        return step
