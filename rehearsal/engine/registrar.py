"""What the monitor asks of the engine: each request is handed to the planner and waited for.

Planning happens in one thread, in the order of arrival; the requests' own threads wait.
"""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from rehearsal import urns
from rehearsal.engine.deployment import Bail, Deployment
from rehearsal.engine.hooks import Hook
from rehearsal.engine.providers import INTERNAL
from rehearsal.engine.steps import Registration
from rehearsal.errors import Cancelled, ProgramError, RehearsalError, RehearsalGap
from rehearsal.goal import Failure, Goal, PackageRequest, ReadGoal
from rehearsal.values import Properties, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi.runtime.proto import callback_pb2, provider_pb2, resource_pb2

    from rehearsal.engine.executor import Executor
    from rehearsal.engine.planner import Planner
    from rehearsal.engine.steps import Step
    from rehearsal.wire.registration import Registered

T = TypeVar("T")
MOST_TURNS = 3
"""How often a registration is planned: before a refresh, before an import, and to its end."""


class Registrar:
    """Takes requests until it is aborted. `on_bail`: planning can't go on; `on_done`: the program is done."""

    def __init__(
        self,
        deployment: Deployment,
        planner: Planner,
        executor: Executor,
        on_bail: Callable[[], None],
        on_done: Callable[[], None],
    ) -> None:
        self.d = deployment
        self._planner = planner
        self._executor = executor
        self._on_bail = on_bail
        self._on_done = on_done
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="planner")
        self._lock = threading.Lock()
        self._open: set[Registration] = set()
        self._defaults: dict[PackageRequest, Future[str]] = {}
        self._skipped: set[str] = set()
        self._over = False
        self._signalled = False
        self.finished = threading.Event()
        """Set when the run has ended, which releases a program that waits for it."""

    def register(self, goal: Goal) -> Registered:
        """Bring a resource about; returns when it is written down. Raises Cancelled when the run ended before."""
        return self._await(Registration(goal))

    def read(self, goal: ReadGoal) -> Registered:
        """Read a resource."""
        return self._await(Registration(goal))

    def _await(self, registration: Registration) -> Registered:
        with self._lock:
            if self._over:
                raise _ended()
            self._open.add(registration)
        self._thread.submit(self._plan, registration, lambda: self._planner.plan(registration))
        try:
            return registration.done.result()
        finally:
            with self._lock:
                self._open.discard(registration)

    def resume(self, step: Step) -> None:
        """Plan what comes behind a step."""
        if step.registration is not None and step.then is not None:
            self._thread.submit(self._plan, step.registration, step.then)

    def _plan(self, registration: Registration, planned: Callable[[], list[Step]]) -> None:
        if self.d.stopped.is_set():
            return
        try:
            chain = planned()
        except Bail:
            self._on_bail()
        except RehearsalError as e:
            self.d.events.error(e, registration.urn)
            self._on_bail()
        except Exception:  # noqa: BLE001  # a defect of ours must end the run, not hang it
            self.d.events.diagnostic(
                "error", f"the rehearsal's engine failed:\n{traceback.format_exc()}", registration.urn
            )
            self._on_bail()
        else:
            if self._needs_failed(chain):
                self._executor.skip(chain)
            elif chain:
                self._executor.submit(chain)

    def _needs_failed(self, chain: list[Step]) -> bool:
        """Whether a chain needs what failed, in a run that goes on after errors; then it is skipped as well."""
        if not self.d.request.continue_on_error:
            return False
        unavailable = self._skipped | {s.urn for s in self._executor.failed_steps}
        if any(not unavailable.isdisjoint(step.state.all_dependencies()) for step in chain):
            self._skipped.update(step.urn for step in chain)
            return True
        return False

    def abort(self) -> None:
        """Answer all that wait, and all that come, that the run is over."""
        with self._lock:
            self._over = True
            waiting = list(self._open)
        for registration in waiting:
            registration.abort(_ended())

    def close(self) -> None:
        """Let the planner's thread go."""
        self._thread.shutdown(wait=True)

    def drain(self) -> None:
        """Wait until everything registered so far is planned and done."""
        for _ in range(MOST_TURNS):
            self._thread.submit(lambda: None).result()
            self._executor.wait()

    def register_outputs(self, urn: str, outputs: Properties) -> Future[None]:
        """Store outputs, in turn with planning."""
        if self._over:
            raise _ended()
        return self._thread.submit(self._executor.register_outputs, urn, outputs)

    def default_provider(self, package: PackageRequest) -> str:
        """The reference of a default provider; the first to ask has it registered."""
        with self._lock:
            future = self._defaults.get(package)
            first = future is None
            if future is None:
                future = self._defaults[package] = Future()
        if first:
            try:
                future.set_result(self._make_default(package))
            except BaseException as e:  # noqa: BLE001  # all who wait for it get it
                future.set_exception(e)
        return future.result()

    def _make_default(self, package: PackageRequest) -> str:
        if package.url:
            raise RehearsalGap("plugin download URLs", f"{package.name} from {package.url}")
        config = self.d.request.config
        denied = config.get("pulumi:disable-default-providers", "")
        if denied and (package.name in denied or "*" in denied):
            raise ProgramError(
                f"Default provider for '{package.name}' disabled. Its resources must use an explicit provider."
            )
        inputs: Properties = {}
        for key, value in config.items():
            namespace, _, name = key.partition(":")
            if namespace == package.name:
                inputs[name] = Secret(value) if key in self.d.request.secret_keys else value
            elif package.name == "pulumi-python":
                inputs[key] = Secret(value) if key in self.d.request.secret_keys else value
        name = "default"
        if package.version:
            inputs |= {"version": package.version, INTERNAL: {}}
            name += "_" + package.version.replace(".", "_").replace("-", "_").replace("+", "_")
        goal = Goal(urns.PROVIDER_PREFIX + package.name, name, custom=True, properties=inputs)
        state = self.register(goal).state
        return urns.provider_reference(state.urn, state.id)

    def _provider(self, reference: str, package: PackageRequest) -> Any:
        return self.d.providers.need(reference or self.default_provider(package), "")

    def invoke(
        self, token: str, args: Properties, provider: str, package: PackageRequest
    ) -> tuple[Properties, list[Failure]]:
        """Call a provider's function."""
        try:
            result, failures = self._provider(provider, package).invoke(token, args, preview=self.d.dry_run)
        except (RehearsalGap, Cancelled):
            raise
        except RehearsalError as e:
            raise type(e)(f"invocation of {token} returned an error: {e.message}") from e
        return result, failures

    def call(self, request: resource_pb2.ResourceCallRequest, provider: str) -> provider_pb2.CallResponse:
        """Methods of resources are a gap."""
        raise RehearsalGap("methods of resources", f"{request.tok} {provider}".strip())

    def construct(self, request: resource_pb2.RegisterResourceRequest, goal: Goal, providers: dict[str, str]) -> Any:
        """Components of other processes are a gap."""
        raise RehearsalGap(
            "components that a plug-in builds", f"{goal.type} {request.name}{' with providers' if providers else ''}"
        )

    def unresolved(self, wanted: list[str]) -> bool:
        """Whether any resource, or one inside it, isn't created yet: in a preview, those that will be."""
        outer = set(wanted)
        for urn, state in {**self.d.news, **self.d.reads}.items():
            inside = urn in outer or state.parent in outer
            if inside:
                outer.add(urn)
                if state.custom and not state.id:
                    return True
        return False

    def register_hook(
        self, name: str, callback: callback_pb2.Callback, *, on_dry_run: bool, ignore_errors: bool
    ) -> None:
        """Keep a resource hook."""
        self.d.hooks.register(name, Hook(callback, on_dry_run, ignore_errors))

    def register_error_hook(self, name: str, callback: callback_pb2.Callback) -> None:
        """Keep an error hook."""
        self.d.hooks.register(name, Hook(callback), error=True)

    def program_is_done(self) -> None:
        """The program has registered everything; it waits, so that its hooks can be called, until the run has ended."""
        with self._lock:
            if self._signalled:
                raise ProgramError("the program signalled its end twice")
            self._signalled = True
        self._on_done()
        self.finished.wait()

    def complain(self, error: RehearsalError) -> None:
        """Show an error that ends the run."""
        self.d.events.error(error)
        self._on_bail()


def _ended() -> Cancelled:
    return Cancelled("the run has ended: nothing can be registered any more")
