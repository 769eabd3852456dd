"""CreateEndpoint, UpdateEndpoint, UpdateEndpointWeightsAndCapacities, DescribeEndpoint, ListEndpoints, DeleteEndpoint.

Sources: the operations' pages in the API reference; the refusals are in the words that users report of SageMaker
("Cannot create already existing endpoint", "Could not find endpoint configuration", "Cannot update in-progress
endpoint").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import invalid
from rehearsal.account.inference import deployments, scaling
from rehearsal.account.inference.records import IN_SERVICE, Deployment, Endpoint, Fleet, Variant
from rehearsal.account.inference.service import page, tag_map

if TYPE_CHECKING:
    from rehearsal.account.inference.records import Configuration
    from rehearsal.account.inference.service import Inference, Request


def create(inference: Inference, request: Request) -> dict[str, Any]:
    """Begins an endpoint: Creating, then InService or Failed.

    Names are unique in a region without regard to case (CreateEndpoint, EndpointName).

    Source: CreateEndpoint (API reference).
    """
    parameters = request.parameters
    name = parameters["EndpointName"]
    endpoints = inference.endpoints(request.region)
    if name.lower() in (existing.lower() for existing in endpoints):
        raise inference.taken(request.region, "endpoint", name)
    configuration = _configuration(inference, request)
    _check_allow_list(inference, request, configuration)
    deployments.check_config(parameters.get("DeploymentConfig"))
    fleet = deployments.start_fleet(inference, configuration, request.at, {})
    fault = request.fault.name if request.fault else None
    seconds = deployments.SLOW_SECONDS if fault == "slow-create" else deployments.CREATE_SECONDS
    endpoints[name] = Endpoint(
        name=name,
        arn=inference.arn(request.region, "endpoint", name),
        region=request.region,
        created=request.at,
        tags=tag_map(parameters.get("Tags")),
        configuration=configuration.name,
        modified=request.at,
        last_deployment_config=parameters.get("DeploymentConfig"),
        deployment=Deployment(
            kind="create",
            fleet=fleet,
            started=request.at,
            due=request.at + seconds,
            config=parameters.get("DeploymentConfig"),
            fault=fault,
            failure=deployments.broken_now(inference, fleet),
        ),
    )
    return {"EndpointArn": endpoints[name].arn}


def update(inference: Inference, request: Request) -> dict[str, Any]:
    """Begins a roll to a configuration: Updating, then InService, or RollingBack and InService on the old one.

    Without RetainAllVariantProperties the configuration's own scale and weights apply; with it the present ones of
    variants of the same name stay, but for those that ExcludeRetainedVariantProperties names. Without
    RetainDeploymentConfig the last DeploymentConfig isn't used again.

    Source: UpdateEndpoint (API reference).
    """
    parameters = request.parameters
    endpoint = _endpoint(inference, request)
    _must_be_steady(endpoint)
    configuration = _configuration(inference, request)
    _check_allow_list(inference, request, configuration)
    scaling.check_update(inference, endpoint, configuration)
    config = parameters.get("DeploymentConfig")
    deployments.check_config(config)
    if parameters.get("RetainDeploymentConfig"):
        if config:
            raise invalid("DeploymentConfig can't be specified when RetainDeploymentConfig is true.")
        config = endpoint.last_deployment_config
    fleet = deployments.start_fleet(inference, configuration, request.at, _retained(endpoint, parameters))
    endpoint.deployment = Deployment(
        kind="update",
        fleet=fleet,
        started=request.at,
        due=request.at + deployments.seconds_for(config, fleet),
        config=config,
        fault=request.fault.name if request.fault else None,
        failure=deployments.broken_now(inference, fleet),
    )
    endpoint.last_deployment_config = config
    endpoint.status, endpoint.failure_reason, endpoint.modified = "Updating", None, request.at
    return {"EndpointArn": endpoint.arn}


def _retained(endpoint: Endpoint, parameters: dict[str, Any]) -> dict[str, Variant]:
    if not parameters.get("RetainAllVariantProperties") or endpoint.fleet is None:
        return {}
    excluded = {entry["VariantPropertyType"] for entry in parameters.get("ExcludeRetainedVariantProperties") or []}
    kept = {}
    for variant in endpoint.fleet.variants:
        definition = variant.definition
        count = None if "DesiredInstanceCount" in excluded else variant.desired_count
        weight = variant.desired_weight
        if "DesiredWeight" in excluded:
            weight = float(definition.get("InitialVariantWeight", 1.0))
        kept[variant.name] = Variant(definition, variant.shadow, None, [], count, weight, count, weight)
    return kept


def update_weights_and_capacities(inference: Inference, request: Request) -> dict[str, Any]:
    """Begins a change of scale or weight: Updating, then InService.

    Source: UpdateEndpointWeightsAndCapacities: "it sets the endpoint status to Updating. After updating the endpoint,
    it sets the status to InService."
    """
    endpoint = _endpoint(inference, request)
    _must_be_steady(endpoint)
    variants = {variant.name: variant for variant in (endpoint.fleet.variants if endpoint.fleet else [])}
    wanted = request.parameters["DesiredWeightsAndCapacities"]
    for entry in wanted:
        if entry["VariantName"] not in variants:
            raise invalid(
                f'The variant name(s) "{entry["VariantName"]}" is/are not present within endpoint configuration '
                f'"{endpoint.configuration}".'
            )
    for entry in wanted:
        variant = variants[entry["VariantName"]]
        variant.desired_count = entry.get("DesiredInstanceCount", variant.desired_count)
        variant.desired_weight = float(entry.get("DesiredWeight", variant.desired_weight))
    endpoint.deployment = Deployment("capacity", None, request.at, request.at + deployments.CAPACITY_SECONDS)
    endpoint.status, endpoint.modified = "Updating", request.at
    return {"EndpointArn": endpoint.arn}


def delete(inference: Inference, request: Request) -> dict[str, Any]:
    """Begins a deletion: Deleting, then gone.

    Source: DescribeEndpoint, EndpointStatus: an endpoint that is SystemUpdating can't be deleted; one that is Failed
    can.
    """
    endpoint = _endpoint(inference, request)
    if endpoint.status in ("SystemUpdating", "Deleting"):
        raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    scaling.deregister(inference, endpoint)
    endpoint.status, endpoint.modified = "Deleting", request.at
    endpoint.deployment = Deployment("delete", None, request.at, request.at + deployments.DELETE_SECONDS)
    return {}


def _endpoint(inference: Inference, request: Request) -> Endpoint:
    name = request.parameters["EndpointName"]
    endpoint = inference.endpoints(request.region).get(name)
    if endpoint is None:
        raise inference.missing(request.region, "endpoint", name)
    return endpoint


def _configuration(inference: Inference, request: Request) -> Configuration:
    name = request.parameters["EndpointConfigName"]
    configuration = inference.configurations(request.region).get(name)
    if configuration is None:
        raise inference.missing(request.region, "endpoint-config", name)
    return configuration


def _check_allow_list(inference: Inference, request: Request, configuration: Configuration) -> None:
    """
    Refuse SSM access to an account that AWS hasn't put on its list for it (fault `ssm-not-allow-listed`).

    Source: "Access containers through SSM" (ssm-access): "You cannot create an endpoint with SSM access enabled, if
    your account is not allow listed for this access". The words are the emulation's own (docs/unverified.md).
    """
    if request.fault is None or request.fault.name != "ssm-not-allow-listed":
        return
    for _, variant in configuration.variants():
        if variant.get("EnableSSMAccess"):
            raise invalid(
                f"EnableSSMAccess is true for production variant {variant['VariantName']}, but account "
                f"{inference.account} is not allowlisted for SSM access."
            )


def _must_be_steady(endpoint: Endpoint) -> None:
    """Only an endpoint that is in service can be updated; a Failed one can only be deleted (DescribeEndpoint)."""
    if endpoint.deployment is not None:
        raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    if endpoint.status not in (IN_SERVICE, "UpdateRollbackFailed"):
        raise invalid(f'Cannot update endpoint "{endpoint.arn}" in status {endpoint.status}.')


def describe(inference: Inference, request: Request) -> dict[str, Any]:
    """The endpoint: configuration, status, and its variants with the images that were deployed.

    PendingDeploymentSummary is there while the endpoint is created or updated with a new configuration; until it has
    moved, EndpointConfigName is the old one.

    Source: DescribeEndpoint (API reference).
    """
    endpoint = _endpoint(inference, request)
    output: dict[str, Any] = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.configuration,
        "EndpointStatus": endpoint.status,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
    }
    if endpoint.failure_reason:
        output["FailureReason"] = endpoint.failure_reason[:1024]
    if endpoint.last_deployment_config:
        output["LastDeploymentConfig"] = endpoint.last_deployment_config
    if endpoint.fleet is not None:
        output.update(_variants(endpoint.fleet, pending=False))
        output.update(_extras(endpoint.fleet))
    deployment = endpoint.deployment
    if deployment is not None and deployment.fleet is not None:
        output["PendingDeploymentSummary"] = {
            "EndpointConfigName": deployment.fleet.configuration.name,
            "StartTime": deployment.started,
            **_variants(deployment.fleet, pending=True),
        }
    return output


def _variants(fleet: Fleet, *, pending: bool) -> dict[str, Any]:
    output: dict[str, Any] = {}
    for key, shadow in (("ProductionVariants", False), ("ShadowProductionVariants", True)):
        summaries = [_variant(variant, pending=pending) for variant in fleet.variants if variant.shadow == shadow]
        if summaries:
            output[key] = summaries
    return output


def _variant(variant: Variant, *, pending: bool) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "VariantName": variant.name,
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.desired_weight,
    }
    images = [
        {"SpecifiedImage": image.specified, "ResolutionTime": image.at}
        | ({"ResolvedImage": image.resolved} if image.resolved else {})
        for image in variant.images
    ]
    if images:
        summary["DeployedImages"] = images
    serverless = variant.definition.get("ServerlessConfig")
    if serverless:
        summary["CurrentServerlessConfig"] = summary["DesiredServerlessConfig"] = serverless
    if variant.count is not None:
        summary["CurrentInstanceCount"] = 0 if pending else variant.count
        summary["DesiredInstanceCount"] = variant.desired_count
    if pending and variant.definition.get("InstanceType"):
        summary["InstanceType"] = variant.definition["InstanceType"]
    for key in ("ManagedInstanceScaling", "RoutingConfig"):
        if variant.definition.get(key):
            summary[key] = variant.definition[key]
    return summary


def _extras(fleet: Fleet) -> dict[str, Any]:
    definition = fleet.configuration.definition
    output = {key: definition[key] for key in ("AsyncInferenceConfig", "ExplainerConfig") if definition.get(key)}
    capture = definition.get("DataCaptureConfig")
    if capture:
        output["DataCaptureConfig"] = {
            "EnableCapture": capture.get("EnableCapture", False),
            "CaptureStatus": "Started" if capture.get("EnableCapture") else "Stopped",
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "DestinationS3Uri": capture["DestinationS3Uri"],
            "KmsKeyId": capture.get("KmsKeyId", ""),
        }
    return output


def list_all(inference: Inference, request: Request) -> dict[str, Any]:
    """Endpoints, newest first. Source: ListEndpoints (API reference)."""
    return page(
        list(inference.endpoints(request.region).values()),
        request,
        "Endpoints",
        lambda each: {
            "EndpointName": each.name,
            "EndpointArn": each.arn,
            "CreationTime": each.created,
            "LastModifiedTime": each.modified,
            "EndpointStatus": each.status,
        },
    )
