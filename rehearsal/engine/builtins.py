"""The package `pulumi`, which the engine provides itself: reading resources by reference; the rest is a gap.

Source: pulumi/pulumi, pkg/resource/deploy/builtins.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.errors import ProgramError, RehearsalGap
from rehearsal.goal import Diff, Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.state import ResourceState
    from rehearsal.values import Properties


class Builtins:
    """A provider without a plug-in. `find(urn)` looks among the resources of this run."""

    def __init__(self, find: Callable[[str], ResourceState | None]) -> None:
        self._find = find
        self.preview = True

    def check_config(self, urn: str, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:  # noqa: ARG002
        """Anything goes."""
        return news, []

    def diff_config(self, urn: str, old_inputs: Properties, old_outputs: Properties, news: Properties) -> Diff:  # noqa: ARG002
        """There is nothing to configure."""
        return Diff("none")

    def configure(self, urn: str, id_: str, inputs: Properties) -> None:
        """There is nothing to configure."""

    def invoke(self, token: str, args: Properties, *, preview: bool) -> tuple[Properties, list[Failure]]:  # noqa: ARG002
        """getResource; others are gaps."""
        if token != "pulumi:pulumi:getResource":  # noqa: S105  # a token of Pulumi's, nothing secret
            raise RehearsalGap("the function " + token)
        found = self._find(str(args["urn"]))
        if found is None:
            raise ProgramError(f"unknown resource {args['urn']}")
        return {"urn": found.urn, "id": found.id, "state": found.outputs}, []

    def _gap(self, urn: str, *args: Any, **more: Any) -> Any:  # noqa: ARG002
        raise RehearsalGap("resources of the package pulumi (stack references, stashes)", urn=urn)

    check = diff = create = update = delete = read = construct = call = _gap

    def cancel(self) -> None:
        """There is nothing to give up."""

    def close(self) -> None:
        """There is no plug-in to end."""
