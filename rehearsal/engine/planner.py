"""From a registration to the steps that bring it about. One thread does all planning.

The order of decisions is the real engine's (pulumi/pulumi, pkg/resource/deploy/step_generator.go): a refresh where the
run asks for one, an import where the program does, then checks, policies, and the change itself.
"""

from __future__ import annotations

import os
from typing import Any

from rehearsal import urns
from rehearsal.engine import differ, importing, refreshing
from rehearsal.engine.aliases import Aliases
from rehearsal.engine.course import Course, needed_by, new_state
from rehearsal.engine.deployment import Bail, Deployment
from rehearsal.engine.replacing import Replacing
from rehearsal.engine.steps import Registration, Step
from rehearsal.engine.targets import Scope
from rehearsal.engine.untargeted import Untargeted
from rehearsal.errors import ProgramError, ProviderError
from rehearsal.goal import Diff, Failure, ReadGoal
from rehearsal.state import ResourceState
from rehearsal.values import UNKNOWN, contains_unknowns, masked
from rehearsal.values.compare import equal
from rehearsal.values.signatures import UNKNOWN_STRING
from rehearsal.wire.answers import DiffUnavailable
from rehearsal.wire.registration import Registered


class Planner:
    """Plans one run. The sets hold URNs: what has been decided about each."""

    def __init__(self, deployment: Deployment) -> None:
        self.d = deployment
        self.aliases = Aliases(deployment.request.stack, deployment.request.project.name)
        self.scope = Scope(deployment.request)
        self.urns: set[str] = set()
        self.creates: set[str] = set()
        self.sames: set[str] = set()
        self.updates: set[str] = set()
        self.replaces: set[str] = set()
        self.reads: set[str] = set()
        self.imports: set[str] = set()
        self.refreshes: set[str] = set()
        self.deletes: set[str] = set()
        self.skipped: set[str] = set()
        """Creations that don't happen in this run."""
        self.to_delete: list[ResourceState] = []
        """In a destroy with the program: what it registered, to be deleted at the end."""
        self.refreshed: dict[int, ResourceState] = {}
        """Old states, by identity, and what a refresh in the middle of the run made of them."""
        self.replacing = Replacing(self)
        self.untargeted = Untargeted(self)

    def operated_on(self, urn: str) -> bool:
        """Whether a step was planned for a resource, under whichever name; deletions don't count."""
        name = self.aliases.new_of.get(urn, urn)
        decided = (self.sames, self.updates, self.replaces, self.reads, self.refreshes)
        return any(name in found for found in decided)

    def plan(self, registration: Registration) -> list[Step]:
        """The steps of a registration. Raises Bail when the run can't go on, and errors that end it."""
        goal = registration.goal
        if isinstance(goal, ReadGoal):
            return self._plan_read(registration, goal)
        urn = self._urn(registration)
        old, alias, wrong = self.aliases.find(urn, goal, self.d.olds, self.urns)
        for error in wrong:
            self.d.events.error(error, urn)
        new = new_state(urn, goal, old, alias)
        self.d.goals[urn] = goal
        course = Course(registration, goal, old, new, invalid=bool(wrong))
        if old is not None and self.d.refreshing and self.scope.includes(old):
            self.refreshes.add(urn)
            return [refreshing.first(self, course, lambda: self._validated(self._after_refresh(course)))]
        return self._validated(self._after_refresh(course))

    def _validated(self, steps: list[Step]) -> list[Step]:
        return steps if any(step.then for step in steps) else self.untargeted.validated(steps)

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

    def _after_refresh(self, course: Course) -> list[Step]:
        goal, new = course.goal, course.new
        managed = goal.custom and not urns.is_provider_type(goal.type)
        lacking = not needed_by(new).isdisjoint(self.skipped)
        if self.d.only_refreshing and (managed or lacking):
            if course.old is None:
                self.sames.add(new.urn)
                return self._skipped(course)
            course.registration.complete(Registered(course.old))
            return []
        if self.d.destroying:
            steps = self._plan_in_destroy(course, managed=managed, lacking=lacking)
            if steps is not None:
                return steps
        course.provider = self.provider_for(new.urn, new.provider, goal.type) if goal.custom else None
        course.recreating = new.urn in self.deletes
        course.seed = os.urandom(32)
        if importing.is_import(course):
            self.imports.add(new.urn)
            return importing.steps(course, lambda: self._validated(self._after_import(course)))
        return self._after_import(course)

    def _skipped(self, course: Course) -> list[Step]:
        self.skipped.add(course.urn)
        return [Step("same", course.urn, None, course.new, course.registration, skipped=True)]

    def _plan_in_destroy(self, course: Course, *, managed: bool, lacking: bool) -> list[Step] | None:
        """In a destroy with the program nothing is created or changed; providers and components go their usual way."""
        old, new = course.old, course.new
        if lacking or (managed and old is None):
            if old is not None:
                new.outputs = old.outputs
            return self._skipped(course)
        self.to_delete.append(new)
        if managed and old is not None:
            self.sames.add(new.urn)
            new.inputs = old.inputs
            return [Step("same", new.urn, old, new, course.registration)]
        return None

    def _after_import(self, course: Course) -> list[Step]:
        goal, old, new, urn = course.goal, course.old, course.new, course.urn
        always = urns.is_provider_type(new.type) or new.type == urns.STACK_TYPE
        included = always or self.scope.includes(new)
        self._check(course, included=included)
        if included:
            self.untargeted.queue_needs(new)
        if not self.d.policies.judge(new, goal.delete_before_replace):
            course.invalid = True
        if course.invalid:
            raise Bail(f"resource {urn} is invalid")
        if course.recreating and old is not None:
            self.deletes.discard(urn)
            self.replaces.add(urn)
            keys = self.replacing.keys.get(urn, [])
            return [
                Step("replace", urn, old, new),
                Step("create-replacement", urn, old, new, course.registration, keys=keys),
            ]
        if old is not None and old.external:
            self.creates.add(urn)
            return [
                Step("create-replacement", urn, old, new, course.registration, marks_delete=True),
                Step("replace", urn, old, new),
            ]
        self.scope.decided(new, included=included)
        if not included:
            if old is not None:
                return self.untargeted.same(course.registration, urn, old)
            self.sames.add(urn)
            return self._skipped(course)
        if old is None:
            self.creates.add(urn)
            return [Step("create", urn, None, new, course.registration)]
        return self._plan_change(course, old)

    def _check(self, course: Course, *, included: bool) -> None:
        """Have the inputs checked by the provider, but for what the run isn't about: that keeps its old ones."""
        goal, old, new = course.goal, course.old, course.new
        inputs = new.inputs
        if old is not None:
            inputs = differ.ignoring_changes(self.d.events, new.urn, inputs, old.inputs, goal.ignore_changes)
        if course.provider is None:
            new.inputs = inputs
            return
        if not included:
            new.inputs = dict(old.inputs) if old is not None else {}
            return
        fresh = old is None or course.recreating or old.external or self.scope.is_replaced(new.urn, old)
        olds, news = (None, goal.properties) if fresh or old is None else (old.inputs, inputs)
        new.inputs, failures = course.provider.check(new.urn, olds, news, course.seed, unknowns=self.d.dry_run)
        course.invalid = self.check_failed(new, failures) or course.invalid

    def _plan_change(self, course: Course, old: ResourceState) -> list[Step]:
        d, urn, goal, new = self.d, course.urn, course.goal, course.new
        if not d.dry_run and contains_unknowns(new.replacement_trigger):
            raise ProgramError(f"replacement trigger contains unknowns for {urn}", urn=urn)
        fired = differ.trigger_fired(old.replacement_trigger, new.replacement_trigger)
        diff = Diff("some") if fired else self._diff(course, old)
        if diff.changes not in ("some", "none"):
            raise ProviderError(f"unrecognized diff state for {urn}: {diff.changes}", urn=urn)
        diff = differ.with_replace_on_changes(diff, goal.replace_on_changes, init_errors=bool(old.init_errors))
        if diff.changes == "some" or old.pending_replacement:
            if diff.replace or fired or old.pending_replacement:
                return self.replacing.plan(course, old, diff)
            self.updates.add(urn)
            return [Step("update", urn, old, new, course.registration, diffs=diff.diffs, detailed=diff.detailed)]
        if old.init_errors:
            self.updates.add(urn)
            return [Step("update", urn, old, new, course.registration, diffs=diff.diffs, detailed=diff.detailed)]
        if urn in self.imports:
            course.registration.complete(Registered(old))
            return []
        self.sames.add(urn)
        return [Step("same", urn, old, new, course.registration)]

    def _diff(self, course: Course, old: ResourceState) -> Diff:
        new = course.new
        if self.scope.is_replaced(new.urn, old):
            return Diff("some", ["id"])
        if not self.replaces.isdisjoint(new.replace_with):
            return Diff("some", ["replaceWith"])
        if new.deleted_with in self.replaces:
            return Diff("some", ["deletedWith"])
        if differ.provider_changed(self.d, old, new, self.aliases.new_of):
            return Diff("some", ["provider"])
        if course.provider is None:
            return Diff("none" if equal(old.inputs, new.inputs) else "some")
        try:
            return differ.compare(
                self.d, _under(old, new.urn), new.inputs, course.provider, course.goal.ignore_changes,
                unknowns=self.d.dry_run,
            )  # fmt: skip
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
        if self.d.destroying:
            self.to_delete.append(new)
        self.reads.add(urn)
        return [Step("read", urn, old, new, registration)]


def _under(old: ResourceState, urn: str) -> ResourceState:
    """The old state under the new name, for providers that are told the name."""
    return old if old.urn == urn else old.copy(urn=urn)
