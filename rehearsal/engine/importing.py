"""The import option: what exists already is read into the state, and the registration goes on from there.

Source: pulumi/pulumi, pkg/resource/deploy/step_generator.go (continueStepsFromRefresh) and step.go (ImportStep).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal import urns
from rehearsal.engine import differ
from rehearsal.engine.course import new_state
from rehearsal.engine.steps import Step
from rehearsal.errors import PartialFailure, ProviderError
from rehearsal.state.snapshot import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.engine.course import Course
    from rehearsal.engine.deployment import Deployment


def is_import(course: Course) -> bool:
    """Whether a resource is to be imported: it isn't in the state under that id."""
    old, wanted = course.old, course.goal.import_id
    if not wanted or not course.goal.custom:
        return False
    return old is None or old.external or (old.import_id or old.id) != wanted


def steps(course: Course, then: Callable[[], list[Step]]) -> list[Step]:
    """The steps of an import; when it is done the resource goes its usual way, from what was imported."""
    imported, replaced = course.new, course.old

    def go_on() -> list[Step]:
        course.old = imported
        course.new = new_state(imported.urn, course.goal, imported, "")
        course.new.aliases, course.new.replacement_trigger = imported.aliases, None
        return then()

    if replaced is None or course.recreating:
        return [Step("import", imported.urn, None, imported, course.registration, then=go_on)]
    return [
        Step(
            "import-replacement", imported.urn, replaced, imported, course.registration, marks_delete=True, then=go_on
        ),
        Step("replace", imported.urn, replaced, imported, marks_delete=True),
    ]


def act(d: Deployment, step: Step, provider: Any) -> None:
    """Read what is to be imported. Raises ProviderError when it isn't there."""
    new = step.state
    try:
        made = provider.read(new.urn, new.import_id, {}, {})
        if not made.id:
            raise ProviderError(f"resource '{new.import_id}' does not exist", urn=new.urn)
        if made.inputs is None:
            package = urns.package_of(new.type)
            raise ProviderError(
                "provider does not support importing resources; please try updating the "
                f"'{package}' plugin", urn=new.urn,
            )  # fmt: skip
        new.id, new.inputs, new.outputs = made.id, made.inputs, made.outputs
        new.refresh_before_update = made.refresh_before_update
    except PartialFailure as e:
        new.id, new.outputs, new.init_errors = e.id or new.import_id, e.outputs, e.reasons
        new.inputs = e.inputs or {}
    new.created = new.modified = now()
    new.inputs = differ.ignoring_changes(d.events, new.urn, new.inputs, new.inputs, new.ignore_changes)
    if step.marks_delete and step.old is not None:
        step.old.delete = True
