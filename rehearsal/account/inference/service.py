"""SageMaker's door: which operations on models, endpoints and model packages there are, and the state they share.

Everything else of SageMaker's API is moto's, as far as moto has it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.account import shapes
from rehearsal.account.errors import Refusal, invalid
from rehearsal.account.holdings import Holdings, partition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rehearsal.account.calls import Call
    from rehearsal.account.faults import Fault
    from rehearsal.account.inference.records import Configuration, Endpoint, Model, Package, PackageGroup, Tagged
    from rehearsal.account.recommendations.records import Job
    from rehearsal.account.resource_policies import Principal

KINDS = {
    "model": "model",
    "endpoint-config": "endpoint configuration",
    "endpoint": "endpoint",
    "model-package-group": "model package group",
    "model-package": "model package",
    "inference-recommendations-job": "inference recommendations job",
}


@dataclass
class Region:
    """SageMaker's state in one region, by name (packages by ARN)."""

    models: dict[str, Model] = field(default_factory=dict)
    configurations: dict[str, Configuration] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    groups: dict[str, PackageGroup] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)


@dataclass
class Request:
    """One call to an operation: its parameters, where and when, the fault it met, and who makes it (if known)."""

    region: str
    parameters: dict[str, Any]
    at: float
    fault: Fault | None
    caller: Principal | None = None


class Inference:
    """Models, endpoint configurations, endpoints and model packages of one account.

    Args:
        account: account id.

    """

    def __init__(self, account: str) -> None:
        self.account = account
        self.holdings = Holdings(account)
        self.regions: dict[str, Region] = {}
        self.serial = 0

    def region(self, name: str) -> Region:
        """State of a region, made when first asked for."""
        return self.regions.setdefault(name, Region())

    def models(self, region: str) -> dict[str, Model]:
        """Models of a region by name."""
        return self.region(region).models

    def configurations(self, region: str) -> dict[str, Configuration]:
        """Endpoint configurations of a region by name."""
        return self.region(region).configurations

    def endpoints(self, region: str) -> dict[str, Endpoint]:
        """Endpoints of a region by name."""
        return self.region(region).endpoints

    def all_endpoints(self) -> Iterator[Endpoint]:
        """Every endpoint of the account."""
        for region in self.regions.values():
            yield from list(region.endpoints.values())

    def arn(self, region: str, kind: str, name: str) -> str:
        """ARN of something of a kind in KINDS; SageMaker writes names in lower case there."""
        return f"arn:{partition(region)}:sagemaker:{region}:{self.account}:{kind}/{name.lower()}"

    def next_serial(self) -> int:
        """A number never given before."""
        self.serial += 1
        return self.serial

    def handles(self, call: Call) -> bool:
        """Whether an operation is answered here rather than by moto."""
        if call.service != "sagemaker" or call.action not in _operations():
            return False
        if call.action in ("AddTags", "ListTags", "DeleteTags"):
            kind = str(call.parameters.get("ResourceArn", "")).partition("/")[0].rpartition(":")[2]
            return kind in KINDS
        return True

    def answer(self, call: Call, at: float, fault: Fault | None) -> dict[str, Any]:
        """Does a call and returns its output; raises Refusal in AWS's words."""
        return self.ask(call.action, Request(call.region, call.parameters, at, fault, call.caller))

    def ask(self, action: str, request: Request) -> dict[str, Any]:
        """Does an operation by its name; for `answer`, and for services that call SageMaker themselves."""
        shapes.check("sagemaker", action, request.parameters)
        return _operations()[action](self, request)

    def missing(self, region: str, kind: str, name: str) -> Refusal:
        """What SageMaker says of a name that it doesn't know (`Could not find ...`, ValidationException)."""
        return invalid(f'Could not find {KINDS[kind]} "{self.arn(region, kind, name)}".')

    def taken(self, region: str, kind: str, name: str) -> Refusal:
        """What SageMaker says of a name that exists (`Cannot create already existing ...`, ValidationException)."""
        return invalid(f'Cannot create already existing {KINDS[kind]} "{self.arn(region, kind, name)}".')


def _operations() -> dict[str, Callable[[Inference, Request], dict[str, Any]]]:
    from rehearsal.account.inference import configurations, endpoints, models, package_groups, packages, tags
    from rehearsal.account.recommendations import jobs

    return {
        "CreateModel": models.create,
        "DescribeModel": models.describe,
        "ListModels": models.list_all,
        "DeleteModel": models.delete,
        "CreateEndpointConfig": configurations.create,
        "DescribeEndpointConfig": configurations.describe,
        "ListEndpointConfigs": configurations.list_all,
        "DeleteEndpointConfig": configurations.delete,
        "CreateEndpoint": endpoints.create,
        "UpdateEndpoint": endpoints.update,
        "UpdateEndpointWeightsAndCapacities": endpoints.update_weights_and_capacities,
        "DescribeEndpoint": endpoints.describe,
        "ListEndpoints": endpoints.list_all,
        "DeleteEndpoint": endpoints.delete,
        "CreateModelPackageGroup": package_groups.create,
        "DescribeModelPackageGroup": package_groups.describe,
        "ListModelPackageGroups": package_groups.list_all,
        "DeleteModelPackageGroup": package_groups.delete,
        "PutModelPackageGroupPolicy": package_groups.put_policy,
        "GetModelPackageGroupPolicy": package_groups.get_policy,
        "DeleteModelPackageGroupPolicy": package_groups.delete_policy,
        "CreateModelPackage": packages.create,
        "UpdateModelPackage": packages.update,
        "DescribeModelPackage": packages.describe,
        "BatchDescribeModelPackage": packages.batch_describe,
        "ListModelPackages": packages.list_all,
        "DeleteModelPackage": packages.delete,
        "CreateInferenceRecommendationsJob": jobs.create,
        "DescribeInferenceRecommendationsJob": jobs.describe,
        "ListInferenceRecommendationsJobs": jobs.list_all,
        "ListInferenceRecommendationsJobSteps": jobs.list_steps,
        "StopInferenceRecommendationsJob": jobs.stop,
        "AddTags": tags.add,
        "ListTags": tags.list_all,
        "DeleteTags": tags.delete,
    }


def tag_map(tags: list[dict[str, str]] | None) -> dict[str, str]:
    """Tags as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def page(
    items: list[Any], request: Request, key: str, summary: Callable[[Any], dict[str, Any]], *, size: int = 10
) -> dict[str, Any]:
    """One page of a List operation: filtered, sorted and cut as its parameters say.

    Sources: ListEndpoints, ListEndpointConfigs, ListModels (API reference): SortBy CreationTime and SortOrder
    Descending are the defaults; MaxResults is 10 unless given.
    """
    wanted = request.parameters
    kept = [item for item in items if _kept(item, wanted)]
    by = wanted.get("SortBy", "CreationTime")
    kept.sort(key=lambda item: _place(item, by), reverse=wanted.get("SortOrder") != "Ascending")
    start = _offset(wanted.get("NextToken"))
    size = wanted.get("MaxResults", size)
    output: dict[str, Any] = {key: [summary(item) for item in kept[start : start + size]]}
    if start + size < len(kept):
        output["NextToken"] = base64.b64encode(f"rehearsal:{start + size}".encode()).decode()
    return output


def _place(item: Any, by: str) -> tuple[Any, ...]:
    first = {"Name": item.name, "Status": getattr(item, "status", "")}.get(by, item.created)
    return first, getattr(item, "version", None) or 0, item.name


def _kept(item: Tagged, wanted: dict[str, Any]) -> bool:
    modified = getattr(item, "modified", None) or item.created
    return (
        wanted.get("NameContains", "").lower() in item.name.lower()
        and wanted.get("StatusEquals", getattr(item, "status", None)) == getattr(item, "status", None)
        and item.created < wanted.get("CreationTimeBefore", float("inf"))
        and item.created > wanted.get("CreationTimeAfter", float("-inf"))
        and modified < wanted.get("LastModifiedTimeBefore", float("inf"))
        and modified > wanted.get("LastModifiedTimeAfter", float("-inf"))
    )


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        text = base64.b64decode(token, validate=True).decode()
        return int(text.removeprefix("rehearsal:"))
    except (binascii.Error, ValueError) as error:
        raise invalid("The pagination token is invalid.") from error
