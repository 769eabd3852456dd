"""Replacing a resource: creating the new one before the old one goes, or deleting first what must go first.

Source: pulumi/pulumi, pkg/resource/deploy/step_generator.go (continueStepsFromDiff, calculateDependentReplacements).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal import urns
from rehearsal.engine import differ
from rehearsal.engine.deployment import Bail
from rehearsal.engine.steps import Step
from rehearsal.errors import ProgramError
from rehearsal.values import UNKNOWN, Properties, masked

if TYPE_CHECKING:
    from rehearsal.engine.course import Course
    from rehearsal.engine.planner import Planner
    from rehearsal.goal import Diff
    from rehearsal.state import ResourceState


@dataclass
class Replacing:
    """The replacements of one run. `keys`: why dependents are replaced; `deleted`: identities of old states deleted."""

    planner: Planner
    keys: dict[str, list[str]] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)

    def plan(self, course: Course, old: ResourceState, diff: Diff) -> list[Step]:
        """The steps of a replacement."""
        planner, d, goal, new, urn = self.planner, self.planner.d, course.goal, course.new, course.urn
        self._refuse_if_protected(old, new)
        if goal.import_id:
            self._imported(old, new, diff)
        planner.replaces.add(urn)
        if course.provider is not None and not planner.scope.is_replaced(urn, old):
            # Generated values, such as names, were carried over from the old resource; the new one needs its own.
            new.inputs, failures = course.provider.check(urn, None, goal.properties, course.seed, unknowns=d.dry_run)
            if planner.check_failed(new, failures):
                raise Bail(f"resource {urn} has check errors")
        first = diff.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        why: dict[str, Any] = {"keys": diff.replaces, "diffs": diff.diffs, "detailed": diff.detailed}
        if not first:
            return [
                Step("create-replacement", urn, old, new, course.registration, marks_delete=True, **why),
                Step("replace", urn, old, new, marks_delete=True, **why),
            ]
        steps = self._delete_first(old, new)
        return [
            *steps,
            Step("replace", urn, old, new, **why),
            Step("create-replacement", urn, old, new, course.registration, **why),
        ]

    def _delete_first(self, old: ResourceState, new: ResourceState) -> list[Step]:
        planner, d = self.planner, self.planner.d
        condemned = self._dependents(old) if old in d.graph else []
        # What is tied to it goes first, though something else may depend on that: so does the real engine.
        condemned += [(state, []) for state in self._tied_to(new.urn)]
        steps: list[Step] = []
        for state, keys in reversed(condemned):
            if id(state) in self.deleted:
                continue
            self.keys[state.urn] = keys
            if state.delete:
                steps.append(Step("delete-replaced", state.urn, state))
            else:
                if state.protect and not d.request.ignore_protect:
                    raise ProgramError(
                        f'unable to replace resource "{state.urn}" as part of replacing "{new.urn}" as it is currently '
                        "marked for protection. To unprotect the resource, remove the `protect` flag from the resource "
                        "in your Pulumi program and run `pulumi up`, or use the command:\n"
                        f"`pulumi state unprotect '{state.urn}'`",
                        urn=new.urn,
                    )
                steps.append(Step("delete-replaced", state.urn, state, marks_pending_replacement=True))
            planner.deletes.add(state.urn)
            self.deleted.add(id(state))
        d.ensure_provider(old.provider)
        if not old.pending_replacement:
            planner.deletes.add(old.urn)
            steps.append(Step("delete-replaced", old.urn, old, marks_pending_replacement=True))
        return steps

    def _refuse_if_protected(self, old: ResourceState, new: ResourceState) -> None:
        d = self.planner.d
        if not (new.protect and old.protect) or d.request.ignore_protect:
            return
        text = (
            f'unable to replace resource "{new.urn}"\nas it is currently marked for protection. '
            "To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program "
            "and run `pulumi up`"
        )
        d.events.diagnostic("error", text, new.urn)
        d.saw_error = True
        if not d.dry_run:
            raise Bail(text)

    def _imported(self, old: ResourceState, new: ResourceState, diff: Diff) -> None:
        changes = "\n".join(f"{k}: {_shown(old.inputs.get(k))} => {_shown(new.inputs.get(k))}" for k in diff.replaces)
        text = (
            "previously-imported resources that still specify an ID may not be replaced; "
            f"please remove the `import` declaration from your program;\n{changes}"
        )
        if not self.planner.d.dry_run:
            raise ProgramError(text, urn=new.urn)
        self.planner.d.events.diagnostic("warning", text, new.urn)

    def condemned_with(self, root: ResourceState) -> list[ResourceState]:
        """What has to go when a resource goes for good."""
        return [*(state for state, _ in self._dependents(root)), *self._tied_to(root.urn)]

    def _dependents(self, root: ResourceState) -> list[tuple[ResourceState, list[str]]]:
        """What depends on a resource so that it must be replaced with it, in order, with the properties at fault.

        What has been registered already can't depend on it any more: it would have had to wait for it.
        """
        planner = self.planner
        registered = (
            planner.reads | planner.creates | planner.sames | planner.updates | planner.deletes | planner.replaces
        )
        affected = {root.urn}
        found: list[tuple[ResourceState, list[str]]] = []
        for candidate in planner.d.graph.depending_on(root, registered):
            keys = self._must_go(candidate, affected)
            if keys is not None:
                found.append((candidate, keys))
                affected.add(candidate.urn)
        return found

    def _must_go(self, state: ResourceState, affected: set[str]) -> list[str] | None:
        """The keys for which a dependent must be replaced (none: for other reasons); None when it can stay."""
        d = self.planner.d
        if not state.custom or state.external:
            return None
        if state.provider and urns.provider_of(state.provider)[0] in affected:
            d.ensure_provider(state.provider)
            return []
        if state.deleted_with in affected:
            return []
        doubtful = {k for k, needed in state.property_dependencies.items() if not affected.isdisjoint(needed)}
        if doubtful.isdisjoint(state.inputs):
            return None
        inputs: Properties = {k: UNKNOWN if k in doubtful else v for k, v in state.inputs.items()}
        if urns.is_provider_type(state.type):
            d.providers.ensure(state)
            provider: Any = d.providers
        else:
            d.ensure_provider(state.provider)
            provider = d.providers.need(state.provider, state.urn)
        diff = differ.compare(d, state, inputs, provider, state.ignore_changes, unknowns=True)
        diff = differ.with_replace_on_changes(diff, state.replace_on_changes, init_errors=False)
        return diff.replaces if diff.replace else None

    def _tied_to(self, urn: str) -> list[ResourceState]:
        """What is to be replaced or deleted with a resource by its own options."""
        d = self.planner.d
        found: dict[str, ResourceState] = {}
        for states in (d.news, d.olds):
            for state in list(states.values()):  # workers add to it meanwhile
                if urn in state.replace_with or state.deleted_with == urn:
                    found.setdefault(state.urn, state)
        return list(found.values())


def _shown(value: Any) -> str:
    """A value as Pulumi's messages show it."""
    return f"{{{'<nil>' if value is None else masked(value)}}}"
