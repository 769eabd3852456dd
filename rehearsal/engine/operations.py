"""Carrying a step out: what each kind does, with its hooks and its provider call.

Source: pulumi/pulumi, pkg/resource/deploy/step.go (Apply of each step).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal import urns
from rehearsal.engine import importing, refreshing
from rehearsal.engine.hooks import about
from rehearsal.errors import HookError, PartialFailure, ProgramError, ProviderError
from rehearsal.state.snapshot import now
from rehearsal.values import Secret
from rehearsal.values.compare import equal
from rehearsal.values.signatures import UNKNOWN_STRING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.engine.deployment import Deployment
    from rehearsal.engine.steps import Step
    from rehearsal.goal import Made
    from rehearsal.state import ResourceState
    from rehearsal.wire.hooks import HookCall


class Protected(ProgramError):  # noqa: N818
    """A protected resource was to be deleted."""

    def __init__(self, urn: str) -> None:
        super().__init__(
            f'resource "{urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove '
            "the `protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n"
            f"`pulumi state unprotect '{urn}'`",
            urn=urn,
        )


class Operations:
    """What steps do. `deleted(urn)` says whether something else deletes a resource in this run."""

    def __init__(self, deployment: Deployment, deleted: Callable[[str], bool]) -> None:
        self.d = deployment
        self._deleted = deleted
        self._table: dict[str, Callable[[Step], None]] = {
            "same": self._same,
            "create": self._create,
            "create-replacement": self._create,
            "update": self._update,
            "replace": lambda _: None,
            "delete": self._delete,
            "delete-replaced": self._delete,
            "discard": self._delete,
            "discard-replaced": self._delete,
            "read": self._read,
            "read-replacement": self._read,
            "import": lambda step: importing.act(deployment, step, self._provider(step.state)),
            "import-replacement": lambda step: importing.act(deployment, step, self._provider(step.state)),
            "refresh": lambda step: refreshing.refresh(self.d, step),
            "remove-pending-replace": lambda _: None,
        }

    def apply(self, step: Step) -> None:
        """Carry a step out. Raises what went wrong; a PartialFailure leaves a state to keep."""
        self._table[step.kind](step)

    def _provider(self, state: ResourceState) -> Any:
        return (
            self.d.providers if urns.is_provider_type(state.type) else self.d.providers.need(state.provider, state.urn)
        )

    def _same(self, step: Step) -> None:
        old, new = step.old, step.new
        if old is None or new is None:
            return
        new.id, new.outputs = old.id, old.outputs
        if urns.is_provider_type(new.type) and not step.untargeted:
            self.d.providers.same(new, old.inputs)

    def _create(self, step: Step) -> None:
        d, new = self.d, _new(step)
        self._before("BeforeCreate", new, lambda: about(None, new, new_inputs=new.inputs))
        failure: PartialFailure | None = None
        if new.custom:
            provider, timeout = self._provider(new), new.custom_timeouts.get("create", 0)

            def act() -> Made:
                return provider.create(new.urn, new.inputs, timeout, preview=d.dry_run)  # type: ignore[no-any-return]

            told = lambda: about(None, new, new_inputs=new.inputs)  # noqa: E731
            try:
                made = d.hooks.with_retries("create", new, told, act)
                new.id, new.outputs = made.id, made.outputs
                new.refresh_before_update = made.refresh_before_update
            except PartialFailure as e:
                failure = e
                new.id, new.outputs, new.init_errors = e.id, e.outputs, e.reasons
                if e.inputs is not None:
                    new.inputs = e.inputs
            if not d.dry_run:
                new.created = new.modified = now()
        if step.marks_delete and step.old is not None:
            step.old.delete = True
        self.mark_secrets(new)
        if failure is not None:
            raise failure
        if new.custom:
            self._after("AfterCreate", new, lambda: about(None, new, new_inputs=new.inputs, new_outputs=new.outputs))

    def _update(self, step: Step) -> None:
        d, new, old = self.d, _new(step), _old(step)
        new.id, new.outputs = old.id, old.outputs
        before = {"old_inputs": old.inputs, "old_outputs": old.outputs}
        self._before("BeforeUpdate", new, lambda: about(old, new, new_inputs=new.inputs, **before))
        failure: PartialFailure | None = None
        if new.custom:
            provider, timeout = self._provider(new), new.custom_timeouts.get("update", 0)

            def act() -> Made:
                return provider.update(  # type: ignore[no-any-return]
                    new.urn, old.id, old.inputs, old.outputs, new.inputs, timeout, new.ignore_changes, preview=d.dry_run
                )

            told = lambda: about(old, new, new_inputs=new.inputs, **before)  # noqa: E731
            try:
                made = d.hooks.with_retries("update", new, told, act)
                new.outputs, new.refresh_before_update = made.outputs, made.refresh_before_update
            except PartialFailure as e:
                # The provider holds what the failed change left; the inputs that were asked for did not come about.
                failure = e
                new.outputs, new.init_errors, new.inputs = e.outputs, e.reasons, old.inputs
            if not d.dry_run:
                new.modified = now()
        self.mark_secrets(new)
        if failure is not None:
            raise failure
        if new.custom:
            bags = {**before, "new_inputs": new.inputs, "new_outputs": new.outputs}
            self._after("AfterUpdate", new, lambda: about(old, new, **bags))

    def _delete(self, step: Step) -> None:
        d, old = self.d, _old(step)
        told = lambda: about(old, None, old_inputs=old.inputs, old_outputs=old.outputs)  # noqa: E731
        self._before("BeforeDelete", old, told)
        if old.protect and step.kind != "delete-replaced" and not d.request.ignore_protect:
            raise Protected(old.urn)
        spared = old.external or old.retain_on_delete or (bool(old.deleted_with) and self._deleted(old.deleted_with))
        if old.custom and not d.dry_run and not spared:
            provider, timeout = self._provider(old), old.custom_timeouts.get("delete", 0)

            def act() -> None:
                provider.delete(old.urn, old.id, old.inputs, old.outputs, timeout)

            d.hooks.with_retries("delete", old, told, act)
        if step.marks_pending_replacement:
            old.pending_replacement = True
        self._after("AfterDelete", old, told)

    def _read(self, step: Step) -> None:
        d, new, old = self.d, _new(step), step.old
        failure: PartialFailure | None = None
        if new.id == UNKNOWN_STRING:
            new.outputs = {}
        else:
            try:
                made = self._provider(new).read(new.urn, new.id, new.inputs, new.inputs)
                if not made.id:
                    raise ProviderError(f"resource '{new.id}' does not exist", urn=new.urn)
                new.outputs, new.id = made.outputs, made.id
            except PartialFailure as e:
                failure, new.outputs, new.id, new.init_errors = e, e.outputs, e.id or new.id, e.reasons
        if old is not None:
            if step.marks_delete:
                old.delete = True
            new.created, new.modified = old.created, old.modified
            if not d.dry_run and not (equal(old.inputs, new.inputs) and equal(old.outputs, new.outputs)):
                new.modified = now()
        self.mark_secrets(new)
        if failure is not None:
            raise failure

    def _before(self, kind: str, state: ResourceState, told: Callable[[], HookCall]) -> None:
        self.d.hooks.run(kind, state, told)

    def _after(self, kind: str, state: ResourceState, told: Callable[[], HookCall]) -> None:
        """A refusal afterwards fails the run, not the step: what it did is done and has to be in the state."""
        try:
            self.d.hooks.run(kind, state, told)
        except HookError as e:
            self.d.events.error(e, state.urn)
            self.d.hook_failed = True

    def after_component(self, step: Step) -> None:
        """The after-hooks of a component, which run when its outputs are there."""
        old, new = step.old, _new(step)
        if step.kind == "create":
            told = lambda: about(None, new, new_inputs=new.inputs, new_outputs=new.outputs)  # noqa: E731
            self._after("AfterCreate", new, told)
        elif step.kind == "update" and old is not None:
            bags = {
                "old_inputs": old.inputs,
                "old_outputs": old.outputs,
                "new_inputs": new.inputs,
                "new_outputs": new.outputs,
            }
            self._after("AfterUpdate", new, lambda: about(old, new, **bags))

    def mark_secrets(self, new: ResourceState) -> None:
        """Outputs that were asked to be secret, or whose input is, are."""
        for key in new.additional_secret_outputs:
            if key == "id":
                self.d.events.diagnostic("warning", "The 'id' property cannot be made secret.", new.urn)
        wanted = {k for k, v in new.inputs.items() if isinstance(v, Secret)} | set(new.additional_secret_outputs)
        hidden = {k: Secret(v) for k, v in new.outputs.items() if k in wanted and not isinstance(v, Secret)}
        if hidden:
            new.outputs = {**new.outputs, **hidden}


def _new(step: Step) -> ResourceState:
    if step.new is None:
        raise AssertionError(f"step {step.kind} of {step.urn} lacks its new state")
    return step.new


def _old(step: Step) -> ResourceState:
    if step.old is None:
        raise AssertionError(f"step {step.kind} of {step.urn} lacks its old state")
    return step.old
