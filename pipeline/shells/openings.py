"""What of an endpoint a session could be opened to: its variants with SSM access, their containers, and why not others.

Asked: SageMaker DescribeEndpoint, DescribeEndpointConfig, DescribeModel, DescribeModelPackage, ListTags. Source of what
can't be connected to: "Access containers through SSM" (SageMaker Developer Guide, ssm-access), its closing note.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from knowledge.arns import parse
from knowledge.built_in_images import algorithm_of
from knowledge.session_manager import NAME
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from guards.live import Account

SERVING = ("InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed")
UNTIL_TAG, DOCUMENT_TAG = "holdfast:ssm-access-until", "holdfast:ssm-session-document"
SWITCH_ON = (
    "Switch it on in a development stack: `holdfast up --set ssmAccess=true --set ssmAccessUntil=<date and time with "
    "time zone>`"
)


@dataclass(frozen=True)
class Container:
    """A container of a model: its name, and why no session can be opened in it (empty when one can)."""

    name: str
    closed: str = ""


@dataclass
class Opening:
    """One variant whose containers can be accessed."""

    variant: str
    instances: int
    """How many run (CurrentInstanceCount)."""
    containers: list[Container] = field(default_factory=list)

    @property
    def several(self) -> bool:
        """Whether the containers' names are part of the target ids."""
        return len(self.containers) > 1


@dataclass
class Openings:
    """An endpoint that has SSM access."""

    endpoint: str
    arn: str
    variants: list[Opening]
    until: str
    """The end date, as the tag has it; empty when there is none."""
    document: str
    """The session document; empty: the account's default one."""


def of(account: Account, endpoint: str, variant: str = "") -> Openings:
    """
    What can be opened of an endpoint (`variant`: of this one only).

    Raises:
        PipelineError: there is no such endpoint or variant, nothing of it runs, or its access is off.
        guards.errors.AccountUnknown: the account could not be asked.

    """
    if not NAME.fullmatch(endpoint):
        raise PipelineError(
            f"{endpoint!r} is no endpoint's name, and no target id could carry it: 1 to 63 letters, digits and hyphens."
        )
    found = account.ask("sagemaker", "describe_endpoint", EndpointName=endpoint)
    if found is None:
        raise PipelineError(f"account {account.identity()[0]} has no endpoint {endpoint} in {account.region}.")
    status = found["EndpointStatus"]
    if status not in SERVING:
        why = f" ({found['FailureReason']})" if found.get("FailureReason") else ""
        raise PipelineError(f"endpoint {endpoint} has no running instance: it is {status}{why}.")
    described = account.ask("sagemaker", "describe_endpoint_config", EndpointConfigName=found["EndpointConfigName"])
    if described is None:
        raise PipelineError(
            f"configuration {found['EndpointConfigName']}, on which endpoint {endpoint} runs, is gone, so nobody "
            "can tell whether its containers can be accessed. Deploy it again with `holdfast up`."
        )
    definitions = [*described.get("ProductionVariants", []), *described.get("ShadowProductionVariants", [])]
    chosen = _chosen(endpoint, definitions, variant)
    counts = {
        each["VariantName"]: each.get("CurrentInstanceCount") or 0
        for each in [*found.get("ProductionVariants", []), *found.get("ShadowProductionVariants", [])]
    }
    tags = _tags(account, found["EndpointArn"])
    openings = Openings(endpoint, found["EndpointArn"], [], tags.get(UNTIL_TAG, ""), tags.get(DOCUMENT_TAG, ""))
    for definition in chosen:
        name = definition["VariantName"]
        opening = Opening(name, counts.get(name, 0), _containers(account, definition))
        openings.variants.append(opening)
    if not any(each.instances for each in openings.variants):
        names = ", ".join(each.variant for each in openings.variants)
        raise PipelineError(f"endpoint {endpoint} has no running instance: variant {names} is scaled to 0.")
    return openings


def _chosen(endpoint: str, definitions: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    names = [each["VariantName"] for each in definitions]
    if wanted and not NAME.fullmatch(wanted):
        raise PipelineError(
            f"{wanted!r} is no variant's name, and no target id could carry it: 1 to 63 letters, digits and hyphens. "
            f"Endpoint {endpoint} has {', '.join(names)}."
        )
    if wanted and wanted not in names:
        raise PipelineError(f"endpoint {endpoint} has no variant {wanted}; it has {', '.join(names)}.")
    considered = [each for each in definitions if wanted in ("", each["VariantName"])]
    chosen = [each for each in considered if each.get("EnableSSMAccess")]
    if not chosen:
        of_variant = f" of its variant {wanted}" if wanted else ""
        raise PipelineError(f"endpoint {endpoint} has SSM access{of_variant} off (EnableSSMAccess). {SWITCH_ON}.")
    if serverless := [each["VariantName"] for each in chosen if each.get("ServerlessConfig")]:
        raise PipelineError(f"variant {', '.join(serverless)} is serverless: it has no instance to connect to.")
    return chosen


def _tags(account: Account, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in account.pages("sagemaker", "list_tags", "Tags", ResourceArn=arn)}


def _containers(account: Account, definition: dict[str, Any]) -> list[Container]:
    """The containers of a variant's model; none are known of a variant without one (inference components)."""
    name = definition.get("ModelName")
    if not name:
        return []
    model = account.ask("sagemaker", "describe_model", ModelName=name)
    if model is None:
        raise PipelineError(
            f"model {name} of variant {definition['VariantName']} is gone, so its containers' names can't be known. "
            "Take the target id from `holdfast session-logs`, or deploy the endpoint again."
        )
    primary = model.get("PrimaryContainer")
    described = [primary] if primary else model.get("Containers", [])
    isolated = bool(model.get("EnableNetworkIsolation"))
    made = [
        Container(each.get("ContainerHostname") or f"container_{number}", _closed(account, each, isolated=isolated))
        for number, each in enumerate(described)
    ]
    twice = [name for name, count in Counter(each.name for each in made).items() if count > 1]
    if twice:
        raise PipelineError(
            f"model {name} has several containers called {', '.join(twice)}: a target id could mean any of them. Give "
            "each a ContainerHostname of its own in a new model."
        )
    return made


def _closed(account: Account, container: dict[str, Any], *, isolated: bool) -> str:
    if isolated:
        return "it is isolated from the network (EnableNetworkIsolation), and so is the SSM agent"
    own = account.identity()[0]
    if algorithm := algorithm_of(container.get("Image") or "", own):
        return f"its image is SageMaker's built-in algorithm {algorithm}"
    package = container.get("ModelPackageName")
    if package and _from_marketplace(account, package, own):
        return "its model is from AWS Marketplace"
    return ""


def _from_marketplace(account: Account, package: str, own: str) -> bool:
    """By the product id (DescribeModelPackage); a package of another account that can't be read is taken for one."""
    from guards.errors import AccountUnknown

    arn = parse(package)
    try:
        described = account.ask("sagemaker", "describe_model_package", ModelPackageName=package)
    except AccountUnknown:
        if arn is None or arn.account == own:
            raise
        described = None
    if described is None:
        return arn is not None and arn.account != own
    return any(each.get("ProductId") for each in described.get("InferenceSpecification", {}).get("Containers", []))
