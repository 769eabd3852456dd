"""What a registration of a guarded type gets on its way to the engine: hooks, order of replacement, the guards' mark.

Two ways lead here with the same content: the program's own registrations (`guards.monitor`), and the transform that the
engine calls for those that the program doesn't make itself. What is put on twice is there once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guards import kinds
from guards.plan import Plan, Registration
from guards.values import Unknown, plain

if TYPE_CHECKING:
    from pulumi.runtime.proto import resource_pb2

HOOK_BEFORE_CREATE = "holdfast-before-create"
HOOK_AFTER_CREATE = "holdfast-after-create"
HOOK_BEFORE_UPDATE = "holdfast-before-update"
HOOK_AFTER_UPDATE = "holdfast-after-update"
HOOK_BEFORE_DELETE = "holdfast-before-delete"
HOOK_AFTER_DELETE = "holdfast-after-delete"
HOOK_AFTER_FAILURE = "holdfast-after-failure"
MARK = "holdfast:guarded"
_SIGNATURE = "4dabf18193072939515e22adb298388d"


class Registering:
    """Notes the registrations of one run and puts on them what makes the engine ask the guards.

    Arguments:
        plan: takes the registrations.
        project, stack: for the URNs of what is being registered.
        dry_run: a preview, in which more creations are asked about.

    """

    def __init__(self, plan: Plan, *, project: str, stack: str, dry_run: bool) -> None:
        self._plan = plan
        self._dry_run = dry_run
        self._project = project
        self._stack = stack

    def request(
        self, request: resource_pb2.RegisterResourceRequest, *, asks_before_creation: bool
    ) -> dict[str, Any] | None:
        """Change the program's own request before it is sent; everything that is not the guards' stays untouched.

        Returns the inputs when the guards want to hear of a creation and, `asks_before_creation` being false, the
        engine won't ask them.
        """
        inputs = self._noted(request, request.object, request.dependencies)
        if inputs is None:
            return None
        wanted = self._is_announced(request.type, inputs)
        _add_hooks(request.hooks, request.type, announced=wanted and asks_before_creation)
        given = request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None
        order = _order_of_replacement(request.type, given)
        if order is not None:
            request.deleteBeforeReplace = order
            request.deleteBeforeReplaceDefined = True
        if kinds.GUARDED[request.type].tagged:
            _mark(request.object, inputs)
        return inputs if wanted and not asks_before_creation else None

    def transform(self, request: resource_pb2.TransformRequest) -> resource_pb2.TransformResponse:
        """The same as an answer to the engine."""
        from pulumi.runtime.proto import resource_pb2

        response = resource_pb2.TransformResponse()
        inputs = self._noted(request, request.properties, request.options.depends_on)
        if inputs is None:
            return response
        options = response.options
        options.CopyFrom(request.options)
        _add_hooks(options.hooks, request.type, announced=self._is_announced(request.type, inputs))
        given = options.delete_before_replace if options.HasField("delete_before_replace") else None
        order = _order_of_replacement(request.type, given)
        if order is not None:
            options.delete_before_replace = order
        if kinds.GUARDED[request.type].tagged and not isinstance(inputs.get("tags"), Unknown):
            response.properties.CopyFrom(request.properties)
            _mark(response.properties, inputs)
        return response

    def _noted(self, request: Any, properties: Any, dependencies: Any) -> dict[str, Any] | None:
        """The inputs of a guarded resource, which the plan knows from now on; None for any other."""
        if request.type not in kinds.GUARDED:
            return None
        inputs = plain(properties)
        urn = kinds.urn_of(self._stack, self._project, request.parent, request.type, request.name)
        self._plan.register(Registration(urn, request.type, inputs, frozenset(dependencies)))
        return inputs

    def _is_announced(self, token: str, inputs: dict[str, Any]) -> bool:
        """Whether the guards want to hear of a creation."""
        # An endpoint whose name the program gives is known by it, and whether that is free CreateEndpoint says at `up`.
        named = token == kinds.ENDPOINT and not self._dry_run and isinstance(inputs.get("name"), str) and inputs["name"]
        elsewhere = token == kinds.CLOUD_CONTROL and inputs.get("typeName") != kinds.MODEL_PACKAGE  # not our business
        gateway = token == kinds.VPC_ENDPOINT and inputs.get("vpcEndpointType") != "Interface"  # it has no private DNS
        return kinds.GUARDED[token].announced and not named and not elsewhere and not gateway


def _add_hooks(hooks: Any, token: str, *, announced: bool) -> None:
    """The guards come before the user's own hooks of the same moment, once."""

    def first(names: Any, name: str) -> None:
        others = [one for one in names if one != name]
        del names[:]
        names.extend([name, *others])

    if announced:
        first(hooks.before_create, HOOK_BEFORE_CREATE)
    first(hooks.before_update, HOOK_BEFORE_UPDATE)
    first(hooks.before_delete, HOOK_BEFORE_DELETE)
    if token == kinds.ENDPOINT:
        first(hooks.after_create, HOOK_AFTER_CREATE)
        first(hooks.after_update, HOOK_AFTER_UPDATE)
        first(hooks.after_delete, HOOK_AFTER_DELETE)
        first(hooks.on_error, HOOK_AFTER_FAILURE)


def _order_of_replacement(token: str, given: bool | None) -> bool | None:
    """`delete_before_replace` as it must be; None leaves it open."""
    if token == kinds.ENDPOINT:
        # A replacement then begins with the old endpoint's deletion, which is refused before anything is touched.
        return True
    return False if given is None and kinds.GUARDED[token].side_by_side else given


def _mark(properties: Any, inputs: dict[str, Any]) -> None:
    """Tag the resource, so that a policy pack (which can't see hooks) knows that it is guarded."""
    if isinstance(inputs.get("tags"), Unknown):
        return
    tags = properties.fields["tags"]
    if tags.WhichOneof("kind") != "struct_value":
        tags.struct_value.Clear()
    target = tags.struct_value
    marker = target.fields.get("value") if _SIGNATURE in target.fields else None
    if marker is not None and marker.WhichOneof("kind") == "struct_value":  # tags that are secret or an output value
        target = marker.struct_value
    target.fields[MARK].string_value = "true"
