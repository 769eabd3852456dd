"""Provider resources: resources whose provider is the engine itself, and whose creation is a configured plug-in.

Source: pulumi/pulumi, pkg/resource/deploy/providers/registry.go.
"""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING

from rehearsal import urns
from rehearsal.errors import ProviderError, StateError
from rehearsal.goal import Diff, Failure, Made
from rehearsal.values.compare import differences
from rehearsal.values.signatures import UNKNOWN_STRING

if TYPE_CHECKING:
    from rehearsal.engine.builtins import Builtins
    from rehearsal.engine.plugins import Plugins
    from rehearsal.state import ResourceState
    from rehearsal.values import Properties
    from rehearsal.wire.provider import ProviderClient

INTERNAL = "__internal"


def filtered(inputs: Properties) -> Properties:
    """The configuration a provider sees: without what is the engine's."""
    return {k: v for k, v in inputs.items() if k != INTERNAL}


class Providers:
    """The providers of one run, by reference."""

    def __init__(self, plugins: Plugins, builtins: Builtins) -> None:
        self._plugins = plugins
        self._builtins = builtins
        self._live: dict[str, ProviderClient | Builtins] = {}
        self._checked: dict[str, ProviderClient | Builtins] = {}
        self._lock = threading.RLock()

    def _load(self, urn: str) -> ProviderClient | Builtins:
        package = urns.package_of(urns.type_of(urn))
        return self._builtins if package == "pulumi" else self._plugins.take(package)

    def get(self, reference: str) -> ProviderClient | Builtins | None:
        """The provider of a reference, if it is there."""
        return self._live.get(reference)

    def need(self, reference: str, urn: str) -> ProviderClient | Builtins:
        """The provider of a reference. Raises ProviderError when it isn't known."""
        found = self._live.get(reference)
        if found is None:
            raise ProviderError(f"unknown provider '{reference}' for resource '{urn}'", urn=urn)
        return found

    def check(
        self, urn: str, olds: Properties | None, news: Properties, seed: bytes, *, unknowns: bool  # noqa: ARG002
    ) -> tuple[Properties, list[Failure]]:  # fmt: skip
        """Load the plug-in and let it check its configuration."""
        client = self._load(urn)
        with self._lock:
            self._checked[urn] = client
        inputs, failures = client.check_config(urn, filtered(olds or {}), filtered(news))
        version = news.get("version")
        if version is not None and inputs.setdefault("version", version) != version:
            raise ProviderError(
                f"the plug-in of {urn} changed its own version from {version} to {inputs['version']}", urn=urn
            )
        if INTERNAL in news:
            inputs = {**inputs, INTERNAL: news[INTERNAL]}
        return inputs, failures

    def diff(  # noqa: PLR0913, PLR0917
        self, urn: str, id_: str, old_inputs: Properties, old_outputs: Properties, news: Properties,
        ignore_changes: list[str], *, unknowns: bool,  # noqa: ARG002
    ) -> Diff:  # fmt: skip
        """Compare configurations."""
        client = self._checked.get(urn) or self.need(urns.provider_reference(urn, id_), urn)
        diff = client.diff_config(urn, filtered(old_inputs), old_outputs, filtered(news))
        if diff.changes == "unknown":
            changed = bool(differences(old_outputs, filtered(news)))
            return Diff(
                "some" if changed else "none", diff.replaces, diff.diffs, diff.detailed, diff.delete_before_replace
            )
        return diff

    def create(self, urn: str, inputs: Properties, timeout: float, *, preview: bool) -> Made:  # noqa: ARG002
        """Configure the checked plug-in as a new provider."""
        id_ = UNKNOWN_STRING if preview else str(uuid.uuid4())
        self._configure(urn, id_, self._checked.pop(urn), inputs)
        return Made(id_, filtered(inputs))

    def update(  # noqa: PLR0913, PLR0917
        self, urn: str, id_: str, old_inputs: Properties, old_outputs: Properties, news: Properties, timeout: float,  # noqa: ARG002
        ignore_changes: list[str], *, preview: bool,  # noqa: ARG002
    ) -> Made:  # fmt: skip
        """Configure the checked plug-in under the old id."""
        self._configure(urn, id_, self._checked.pop(urn), news)
        return Made(id_, filtered(news))

    def same(self, state: ResourceState, inputs: Properties) -> None:
        """Configure a provider that stays as it is, with its old inputs."""
        client = self._checked.pop(state.urn, None)
        if urns.provider_reference(state.urn, state.id) in self._live:
            return  # a refresh or a deletion needed it before; the second plug-in ends with the run
        self._configure(state.urn, state.id, client or self._load(state.urn), inputs)

    def ensure(self, state: ResourceState) -> None:
        """Have the provider of an old resource ready, configured as it was."""
        with self._lock:
            reference = urns.provider_reference(state.urn, state.id)
            if reference not in self._live:
                self._configure(state.urn, state.id, self._load(state.urn), state.inputs)

    def _configure(self, urn: str, id_: str, client: ProviderClient | Builtins, inputs: Properties) -> None:
        client.configure(urn, id_, filtered(inputs))
        with self._lock:
            self._live[urns.provider_reference(urn, id_)] = client

    def delete(self, urn: str, id_: str, inputs: Properties, outputs: Properties, timeout: float) -> None:  # noqa: ARG002
        """End a provider."""
        with self._lock:
            client = self._live.pop(urns.provider_reference(urn, id_), None)
        if client is not None:
            client.close()

    def read(self, urn: str, id_: str, inputs: Properties, outputs: Properties) -> Made:  # noqa: ARG002
        """Providers can't be read."""
        raise StateError(f"the provider {urn} can't be read or imported", urn=urn)
