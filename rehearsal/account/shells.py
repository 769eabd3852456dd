"""The instances behind variants with SSM access, and what the SSM agent on each of them writes to CloudWatch Logs.

Source: "Access containers through SSM" (SageMaker Developer Guide, ssm-access): the log stream
`<variant>/<ec2 instance id>/ssm` in the log group `/aws/sagemaker/endpoints/<endpoint>`, each line preceded by
`[sagemaker ssm logs][<container>]`, the target ids of all containers at its beginning; default names of containers are
`container_0` and so on. The words after the prefix are the emulation's own (docs/unverified.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation
from rehearsal.account.holdings import partition

if TYPE_CHECKING:
    from rehearsal.account.determinism import Determinism
    from rehearsal.account.inference.records import Endpoint, Fleet, Model, Variant
    from rehearsal.account.inference.service import Inference

LOG_GROUP = "/aws/sagemaker/endpoints/"
AGENT = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
_SERVICES = ("ssm", "ssmmessages")


@dataclass
class Running:
    """The instances of one endpoint's variants with SSM access, for as long as one fleet runs."""

    fleet: Fleet
    instances: dict[str, list[str]] = field(default_factory=dict)


class Shells:
    """Who has a shell to offer: instances by endpoint, and the log streams of their agents.

    Args:
        inference: the emulated SageMaker.
        determinism: its time and randomness.

    """

    def __init__(self, inference: Inference, determinism: Determinism) -> None:
        self.inference = inference
        self.determinism = determinism
        self.running: dict[str, Running] = {}
        self.started = 0

    def settle(self, at: float) -> bool:
        """Starts and stops instances as the endpoints have become by virtual time `at`; whether anything changed."""
        changed = False
        there = {each.arn: each for each in self.inference.all_endpoints()}
        for arn in [arn for arn, running in self.running.items() if not _serves(there.get(arn), running)]:
            del self.running[arn]
            changed = True
        for _, endpoint in sorted(there.items()):
            fleet = endpoint.fleet
            if fleet is None or endpoint.status in ("Failed", "Deleting", "Creating"):
                continue
            for variant in fleet.variants:
                if variant.definition.get("EnableSSMAccess") and self._scale(endpoint, fleet, variant, at):
                    changed = True
        return changed

    def replaced(self, arn: str, variant: str) -> None:
        """The oldest instance of a variant is gone; `settle` starts another in its place, if the endpoint serves."""
        running = self.running.get(arn)
        if running is not None:
            del running.instances.get(variant, [])[:1]

    def _scale(self, endpoint: Endpoint, fleet: Fleet, variant: Variant, at: float) -> bool:
        running = self.running.setdefault(endpoint.arn, Running(fleet))
        instances = running.instances.setdefault(variant.name, [])
        wanted = variant.count or 0
        changed = len(instances) != wanted
        del instances[wanted:]
        while len(instances) < wanted:
            self.started += 1
            digest = hashlib.sha256(f"{endpoint.arn}/{variant.name}/{self.started}".encode()).hexdigest()
            instances.append(f"i-{digest[:17]}")
            self._begin_log(endpoint, variant, instances[-1], at)
        return changed

    def _begin_log(self, endpoint: Endpoint, variant: Variant, instance: str, at: float) -> None:
        if variant.model is None:
            return
        with self.determinism.seeded(f"shell-{self.started}", at):
            for container in containers(variant.model):
                target = target_id(endpoint, variant, instance, container)
                self.write(endpoint, variant, instance, container, f"SSM agent started. Target ID: {target}", at)

    def write(  # noqa: PLR0913, PLR0917 - where a line goes, and what it says
        self, endpoint: Endpoint, variant: Variant, instance: str, container: str, text: str, at: float
    ) -> None:
        """Writes one line of an agent's log, if the execution role lets it."""
        from moto.logs.models import logs_backends

        group_name, stream = LOG_GROUP + endpoint.name, f"{variant.name}/{instance}/ssm"
        arn = f"arn:{partition(endpoint.region)}:logs:{endpoint.region}:{self.inference.account}:log-group:{group_name}"
        role = self.role(variant)
        actions = ("logs:CreateLogStream", "logs:PutLogEvents")
        if role is None or not all(
            authorisation.authorise(role, each, f"{arn}:log-stream:{stream}").allowed for each in actions
        ):
            return
        backend = logs_backends[self.inference.account][endpoint.region]
        if group_name not in backend.groups:
            backend.create_log_group(group_name, {})
        group = backend.groups[group_name]
        if stream not in group.streams:
            group.create_log_stream(stream)
        message = f"[sagemaker ssm logs][{container}] {text}"
        group.put_log_events(stream, [{"timestamp": int(at * 1000), "message": message}])

    def role(self, variant: Variant) -> Any | None:
        """The execution role of a variant's model, None when it is gone."""
        arn = variant.model.definition.get("ExecutionRoleArn", "") if variant.model else ""
        return self.inference.holdings.role(arn) if arn else None

    def unreachable(self, endpoint: Endpoint, variant: Variant) -> str:
        """Why the agents of a variant can't be reached, or nothing: rights of the role, and a way out of the VPC."""
        role = self.role(variant)
        if role is None:
            return "the execution role is gone"
        for action in AGENT:
            decision = authorisation.authorise(role, f"ssmmessages:{action}", "*")
            if not decision.allowed:
                return decision.reason
        return self._no_way(endpoint.region, (variant.model.definition if variant.model else {}).get("VpcConfig") or {})

    def _no_way(self, region: str, vpc_config: dict[str, Any]) -> str:
        """
        Interface endpoints of Systems Manager in the VPC, or a default route that isn't an internet gateway's.

        Security groups aren't looked at.
        """
        from moto.ec2.models import ec2_backends

        if not vpc_config.get("Subnets"):
            return ""  # SageMaker's own network
        backend = ec2_backends[self.inference.account][region]
        for name in vpc_config["Subnets"]:
            subnet = self.inference.holdings.subnet(name, region)
            if subnet is None:
                return f"subnet {name} is gone"
            tables = [t for t in backend.route_tables.values() if t.vpc_id == subnet.vpc_id]
            own = [t for t in tables if name in t._associations.values()]  # noqa: SLF001 - moto has no other way
            if any(_leads_out(table) for table in own or [t for t in tables if t.main_association_id]):
                continue
            services = {e.service_name for e in backend.vpc_end_points.values() if e.vpc_id == subnet.vpc_id}
            lacking = [s for s in _SERVICES if f"com.amazonaws.{region}.{s}" not in services]
            if lacking:
                return f"VPC {subnet.vpc_id} has no way out and no interface endpoint for {', '.join(lacking)}"
        return ""


def _leads_out(table: Any) -> bool:
    return any(
        route.destination_cidr_block == "0.0.0.0/0"
        and (route.nat_gateway or route.transit_gateway or route.vpc_pcx or route.interface)
        for route in table._routes.values()  # noqa: SLF001
    )


def _serves(endpoint: Endpoint | None, running: Running) -> bool:
    return endpoint is not None and endpoint.fleet is running.fleet and endpoint.status not in ("Failed", "Deleting")


def containers(model: Model) -> list[str]:
    """The names of a model's containers: their own (ContainerHostname), or the default ones."""
    return [each.get("ContainerHostname") or f"container_{number}" for number, each in enumerate(model.containers)]


def target_id(endpoint: Endpoint, variant: Variant, instance: str, container: str) -> str:
    """The target id of a container; its name is part of it only where there are several."""
    target = f"sagemaker-endpoint:{endpoint.name}_{variant.name}_{instance}"
    several = variant.model is not None and len(variant.model.containers) > 1
    return f"{target}_{container}" if several else target
