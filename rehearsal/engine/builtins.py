"""The package `pulumi`, which the engine provides itself: references to stacks, stashes, resources by reference.

Source: pulumi/pulumi, pkg/resource/deploy/builtins.go.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from rehearsal import urns
from rehearsal.errors import ProgramError, ProviderError, RehearsalGap
from rehearsal.goal import Diff, Failure, Made
from rehearsal.values import contains_secrets
from rehearsal.values.compare import equal

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.state import ResourceState
    from rehearsal.values import Properties

REFERENCE, STASH = "pulumi:pulumi:StackReference", "pulumi:index:Stash"
_PROPERTY = {REFERENCE: "name", STASH: "input"}
"""The one property of each type."""


class Builtins:
    """A provider without a plug-in.

    `find(urn)` looks among the resources of this run, `outputs(name)` reads those of a stack (None: there is no such
    stack), `warn(urn, text)` says something.
    """

    def __init__(
        self, find: Callable[[str], ResourceState | None], outputs: Callable[[str], Properties | None],
        warn: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        self._find = find
        self._outputs = outputs
        self._warn = warn
        self.preview = True

    def check_config(self, urn: str, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:  # noqa: ARG002
        """Anything goes."""
        return news, []

    def diff_config(self, urn: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Diff:  # noqa: ARG002
        """There is nothing to configure."""
        return Diff("none")

    def configure(self, urn: str, id_: str, inputs: Properties) -> None:
        """There is nothing to configure."""

    def check(
        self, urn: str, olds: Properties | None, news: Properties, seed: bytes, *, unknowns: bool  # noqa: ARG002
    ) -> tuple[Properties, list[Failure]]:  # fmt: skip
        """One property, and no other."""
        wanted = self._property(urn)
        if wanted == "name":
            self._warn(urn, f'The "{REFERENCE}" resource type is deprecated. Update your SDK.')
        for key in news:
            if key != wanted:
                return {}, [Failure(key, f'unknown property "{key}"')]
        if wanted not in news:
            return {}, [Failure(wanted, f'missing required property "{wanted}"')]
        return news, []

    def diff(  # noqa: PLR0913, PLR0917
        self, urn: str, id_: str, old_inputs: Properties, old_outputs: Properties, news: Properties,  # noqa: ARG002
        ignore_changes: list[str], *, unknowns: bool,  # noqa: ARG002
    ) -> Diff:  # fmt: skip
        """A reference to another stack is another reference; a stash takes a new input."""
        key = self._property(urn)
        if equal(old_inputs.get(key), news.get(key)):
            return Diff("none")
        return Diff("some", replaces=[key]) if key == "name" else Diff("some", diffs=[key])

    def create(self, urn: str, inputs: Properties, timeout: float, *, preview: bool) -> Made:  # noqa: ARG002
        """Read the other stack's outputs, or keep the stash's input."""
        id_ = "" if preview else str(uuid.uuid4())
        if self._property(urn) == "name":
            return Made(id_, self._reference(inputs))
        return Made(id_, {"input": inputs["input"], "output": inputs["input"]})

    def update(  # noqa: PLR0913, PLR0917
        self, urn: str, id_: str, old_inputs: Properties, old_outputs: Properties, news: Properties, timeout: float,  # noqa: ARG002
        ignore_changes: list[str], *, preview: bool,  # noqa: ARG002
    ) -> Made:  # fmt: skip
        """A stash keeps the output it was created with."""
        return Made(id_, {"input": news["input"], "output": old_outputs.get("output")})

    def delete(self, urn: str, id_: str, inputs: Properties, outputs: Properties, timeout: float) -> None:
        """There is nothing to delete."""

    def read(self, urn: str, id_: str, inputs: Properties, outputs: Properties) -> Made:
        """Read the other stack's outputs; a stash is as it is."""
        wanted = self._property(urn)
        if not inputs:
            what = "stack reference" if wanted == "name" else "stash"
            raise ProviderError(f"{what} can not be imported", urn=urn)
        return Made(id_, self._reference(inputs) if wanted == "name" else outputs, inputs)

    def _property(self, urn: str) -> str:
        type_ = urns.type_of(urn)
        if type_ not in _PROPERTY:
            raise ProviderError(f"unrecognized resource type '{type_}'", urn=urn)
        return _PROPERTY[type_]

    def _reference(self, inputs: Properties) -> Properties:
        name = inputs["name"]
        outputs = self._outputs(str(name))
        if outputs is None:
            raise ProviderError(f'unknown stack "{name}"')
        hidden = sorted(key for key, value in outputs.items() if contains_secrets(value))
        return {"name": name, "outputs": outputs, "secretOutputNames": hidden}

    def invoke(self, token: str, args: Properties, *, preview: bool) -> tuple[Properties, list[Failure]]:  # noqa: ARG002
        """What the functions getResource and readStackOutputs answer; others are gaps."""
        if token == "pulumi:pulumi:readStackOutputs":  # noqa: S105  # a token of Pulumi's, nothing secret
            return self._reference(args), []
        if token != "pulumi:pulumi:getResource":  # noqa: S105  # as above
            raise RehearsalGap("the function " + token)
        found = self._find(str(args["urn"]))
        if found is None:
            raise ProgramError(f"unknown resource {args['urn']}")
        return {"urn": found.urn, "id": found.id, "provider": found.provider, "state": found.outputs}, []

    def construct(self, *args: Any, **more: Any) -> Any:  # noqa: ARG002
        """There are no components in this package."""
        raise ProviderError("builtin resources may not be constructed")

    call = construct

    def cancel(self) -> None:
        """There is nothing to give up."""

    def close(self) -> None:
        """There is no plug-in to end."""
