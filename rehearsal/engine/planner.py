"""From a registration to the steps that bring it about. One thread does all planning.

The order of decisions is the real engine's (pulumi/pulumi, pkg/resource/deploy/step_generator.go).
"""

from __future__ import annotations

import os
from typing import Any

from rehearsal import urns
from rehearsal.engine import differ
from rehearsal.engine.aliases import Aliases
from rehearsal.engine.deployment import Bail, Deployment
from rehearsal.engine.replacing import Replacing
from rehearsal.engine.steps import Registration, Step
from rehearsal.errors import ProgramError, ProviderError, RehearsalGap
from rehearsal.goal import Diff, Failure, Goal, ReadGoal
from rehearsal.state import ResourceState
from rehearsal.values import UNKNOWN, contains_unknowns, masked
from rehearsal.values.compare import equal
from rehearsal.values.signatures import UNKNOWN_STRING
from rehearsal.wire.answers import DiffUnavailable


class Planner:
    """Plans one run. The sets hold URNs: what has been decided about each."""

    def __init__(self, deployment: Deployment) -> None:
        self.d = deployment
        self.aliases = Aliases(deployment.request.stack, deployment.request.project.name)
        self.urns: set[str] = set()
        self.creates: set[str] = set()
        self.sames: set[str] = set()
        self.updates: set[str] = set()
        self.replaces: set[str] = set()
        self.reads: set[str] = set()
        self.deletes: set[str] = set()
        self.skipped: set[str] = set()
        """Creations that don't happen in this run."""
        self.to_delete: list[ResourceState] = []
        """In a destroy with the program: what it registered, to be deleted at the end."""
        self.replacing = Replacing(self)

    def operated_on(self, urn: str) -> bool:
        """Whether a step was planned for a resource, under whichever name; deletions don't count."""
        name = self.aliases.new_of.get(urn, urn)
        return any(name in decided for decided in (self.sames, self.updates, self.replaces, self.reads))

    def plan(self, registration: Registration) -> list[Step]:
        """The steps of a registration. Raises Bail when the run can't go on, and errors that end it."""
        goal = registration.goal
        if isinstance(goal, ReadGoal):
            return self._plan_read(registration, goal)
        urn = self._urn(registration)
        old, alias, wrong = self.aliases.find(urn, goal, self.d.olds, self.urns)
        for error in wrong:
            self.d.events.error(error, urn)
        new = _new_state(urn, goal, old, alias)
        self.d.goals[urn] = goal
        if self.d.destroying:
            steps = self._plan_in_destroy(registration, goal, old, new)
            if steps is not None:
                return steps
        return self._plan_resource(registration, goal, old, new, invalid=bool(wrong))

    def _urn(self, registration: Registration) -> str:
        goal = registration.goal
        request = self.d.request
        urn = urns.make(request.stack, request.project.name, goal.parent or None, goal.type, goal.name)
        registration.urn = urn
        if goal.parent and goal.parent not in self.urns:
            raise ProgramError(f"could not find parent resource {goal.parent}", urn=urn)
        if urn in self.urns:
            raise ProgramError(f"Duplicate resource URN '{urn}'; try giving it a unique name", urn=urn)
        self.urns.add(urn)
        return urn

    def _plan_in_destroy(
        self, registration: Registration, goal: Goal, old: ResourceState | None, new: ResourceState
    ) -> list[Step] | None:
        """In a destroy with the program nothing is created or changed; providers and components go their usual way."""
        needed = {*new.all_dependencies(), *([urns.provider_of(new.provider)[0]] if new.provider else [])}
        managed = goal.custom and not urns.is_provider_type(goal.type)
        if not needed.isdisjoint(self.skipped) or (managed and old is None):
            self.skipped.add(new.urn)
            if old is not None:
                new.outputs = old.outputs
            return [Step("same", new.urn, None, new, registration, skipped=True)]
        self.to_delete.append(new)
        if managed and old is not None:
            self.sames.add(new.urn)
            new.inputs = old.inputs
            return [Step("same", new.urn, old, new, registration)]
        return None

    def _plan_resource(
        self, registration: Registration, goal: Goal, old: ResourceState | None, new: ResourceState, *, invalid: bool
    ) -> list[Step]:
        d, urn = self.d, new.urn
        provider = self.provider_for(urn, new.provider, goal.type) if goal.custom else None
        recreating = urn in self.deletes
        if (
            goal.import_id
            and goal.custom
            and (old is None or old.external or (old.import_id or old.id) != goal.import_id)
        ):
            raise RehearsalGap("importing resources by the import option", urn=urn)
        inputs = new.inputs
        if old is not None:
            inputs = differ.ignoring_changes(d.events, urn, inputs, old.inputs, goal.ignore_changes)
        seed = os.urandom(32)
        if provider is not None:
            fresh = recreating or old is None or old.external or old.taint
            olds, news = (None, goal.properties) if fresh or old is None else (old.inputs, inputs)
            new.inputs, failures = provider.check(urn, olds, news, seed, unknowns=d.dry_run)
            invalid = self.check_failed(new, failures) or invalid
        else:
            new.inputs = inputs
        invalid = not d.policies.judge(new, goal.delete_before_replace) or invalid
        if invalid:
            raise Bail(f"resource {urn} is invalid")
        if recreating and old is not None:
            self.deletes.discard(urn)
            self.replaces.add(urn)
            keys = self.replacing.keys.get(urn, [])
            return [
                Step("replace", urn, old, new),
                Step("create-replacement", urn, old, new, registration, keys=keys),
            ]
        if old is None:
            self.creates.add(urn)
            return [Step("create", urn, None, new, registration)]
        if old.external:
            self.creates.add(urn)
            return [
                Step("create-replacement", urn, old, new, registration, marks_delete=True),
                Step("replace", urn, old, new),
            ]
        return self._plan_change(registration, goal, old, new, provider, seed)

    def _plan_change(  # noqa: PLR0913, PLR0917
        self, registration: Registration, goal: Goal, old: ResourceState, new: ResourceState, provider: Any, seed: bytes
    ) -> list[Step]:
        d, urn = self.d, new.urn
        if not d.dry_run and contains_unknowns(new.replacement_trigger):
            raise ProgramError(f"the replacement trigger of {urn} isn't known", urn=urn)
        fired = differ.trigger_fired(old.replacement_trigger, new.replacement_trigger)
        diff = Diff("some") if fired else self._diff(goal, old, new, provider)
        diff = differ.with_replace_on_changes(diff, goal.replace_on_changes, init_errors=bool(old.init_errors))
        if diff.changes == "some" or old.pending_replacement:
            if diff.replace or fired or old.pending_replacement:
                return self.replacing.plan(registration, goal, old, new, diff, provider, seed)
            self.updates.add(urn)
            return [Step("update", urn, old, new, registration, diffs=diff.diffs, detailed=diff.detailed)]
        if old.init_errors:
            self.updates.add(urn)
            return [Step("update", urn, old, new, registration, diffs=diff.diffs, detailed=diff.detailed)]
        self.sames.add(urn)
        return [Step("same", urn, old, new, registration)]

    def _diff(self, goal: Goal, old: ResourceState, new: ResourceState, provider: Any) -> Diff:
        if old.taint:
            return Diff("some", ["id"])
        if not self.replaces.isdisjoint(new.replace_with):
            return Diff("some", ["replaceWith"])
        if new.deleted_with in self.replaces:
            return Diff("some", ["deletedWith"])
        if differ.provider_changed(self.d, old, new, self.aliases.new_of):
            return Diff("some", ["provider"])
        if provider is None:
            return Diff("none" if equal(old.inputs, new.inputs) else "some")
        try:
            return differ.compare(
                self.d, _under(old, new.urn), new.inputs, provider, goal.ignore_changes, unknowns=self.d.dry_run
            )
        except DiffUnavailable as e:
            self.d.events.diagnostic("warning", e.message, new.urn)
            return Diff("some")

    def provider_for(self, urn: str, reference: str, type_: str) -> Any:
        """What checks, compares and makes a custom resource."""
        if urns.is_provider_type(type_):
            return self.d.providers
        found = self.d.providers.get(reference)
        if found is None:
            raise ProviderError(f"unknown provider '{reference}' for resource '{urn}'", urn=urn)
        return found

    def check_failed(self, new: ResourceState, failures: list[Failure]) -> bool:
        """Show what a provider finds wrong with inputs; whether there was anything."""
        for failure in failures:
            what = f"{new.type} resource '{urns.name_of(new.urn)}'"
            if failure.property:
                value = masked(new.inputs.get(failure.property))
                text = f"{what}: property {failure.property} value {{{value}}} has a problem: {failure.reason}"
            else:
                text = f"{what} has a problem: {failure.reason}"
            self.d.events.diagnostic("error", text, new.urn)
        return bool(failures)

    def _plan_read(self, registration: Registration, goal: ReadGoal) -> list[Step]:
        urn = self._urn(registration)
        old = self.d.olds.get(urn)
        new = ResourceState(
            urn, goal.type, custom=True, id=UNKNOWN_STRING if goal.id is UNKNOWN else goal.id, inputs=goal.properties,
            parent=goal.parent, provider=goal.provider, dependencies=goal.dependencies, external=True,
            additional_secret_outputs=goal.additional_secret_outputs, source_position=goal.source_position,
        )  # fmt: skip
        self.provider_for(urn, goal.provider, goal.type)
        if old is not None and not old.external and old.id != new.id:
            self.replaces.add(urn)
            return [
                Step("read-replacement", urn, old, new, registration, marks_delete=True),
                Step("replace", urn, old, new, marks_delete=True),
            ]
        self.reads.add(urn)
        return [Step("read", urn, old, new, registration)]


def _under(old: ResourceState, urn: str) -> ResourceState:
    """The old state under the new name, for providers that are told the name."""
    return old if old.urn == urn else old.copy(urn=urn)


def _new_state(urn: str, goal: Goal, old: ResourceState | None, alias: str) -> ResourceState:
    return ResourceState(
        urn=urn, type=goal.type, custom=goal.custom, inputs=goal.properties, parent=goal.parent, provider=goal.provider,
        dependencies=goal.dependencies, property_dependencies=goal.property_dependencies,
        protect=bool(goal.protect), retain_on_delete=bool(goal.retain_on_delete), deleted_with=goal.deleted_with,
        replace_with=goal.replace_with, aliases=[alias] if alias else [],
        additional_secret_outputs=goal.additional_secret_outputs, custom_timeouts=goal.custom_timeouts,
        ignore_changes=goal.ignore_changes, replace_on_changes=goal.replace_on_changes, hide_diff=goal.hide_diff,
        replacement_trigger=goal.replacement_trigger, import_id=goal.import_id, resource_hooks=goal.resource_hooks,
        created=old.created if old else "", modified=old.modified if old else "",
        refresh_before_update=old.refresh_before_update if old else False,
        source_position=goal.source_position, stack_trace=goal.stack_trace,
    )  # fmt: skip
