"""What a check is given: the account to ask, and the usage graph of everything that its endpoints run on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from guards import usage
from pipeline.registry.trust import TrustStore, public

if TYPE_CHECKING:
    from guards.live import Account
    from guards.usage import Node, Path, UsageGraph


@dataclass(frozen=True)
class RegistryAccess:
    """
    How private registries are looked at.

    Args:
        trust: the authorities that SageMaker trusts.
        loopback_only: a rehearsal, which asks nothing outside this machine.

    """

    trust: TrustStore = field(default_factory=public)
    loopback_only: bool = False


@dataclass(frozen=True)
class Examination:
    """
    One look at one account and Region.

    Args:
        account: asks AWS (`account.ask("ecr", "describe_images", ...)`: None when the thing doesn't exist,
            AccountUnknown when no answer can be had).
        graph: who uses what; `graph.facts[node]["described"]` is DescribeEndpointConfig or DescribeModel,
            `graph.facts[node]["live"]` DescribeEndpoint.
        registries: how registries other than Amazon ECR are looked at.

    """

    account: Account
    graph: UsageGraph
    registries: RegistryAccess = field(default_factory=RegistryAccess)

    def described(self, one: Node) -> dict[str, Any] | None:
        """What AWS says of an endpoint, configuration or model; None when it is gone."""
        facts = self.graph.facts.get(one, {})
        found: dict[str, Any] | None = facts.get("live" if one.kind == usage.ENDPOINT else "described")
        return found

    def paths(self, one: Node) -> list[Path]:
        """A path of use to each endpoint that uses `one`, the shortest."""
        if one.kind == usage.ENDPOINT:
            return [usage.Path((one,), ())]
        shortest: dict[str, Path] = {}
        for path in self.graph.users_of(one):
            shortest.setdefault(path.endpoint, path)
        return list(shortest.values())
