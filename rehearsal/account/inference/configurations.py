"""CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig.

Source: the operations' pages in the API reference. A configuration can't be changed; to delete one that an endpoint
uses succeeds, although AWS says one must not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import invalid
from rehearsal.account.inference.records import Configuration
from rehearsal.account.inference.service import page, tag_map

if TYPE_CHECKING:
    from rehearsal.account.inference.service import Inference, Request

# CreateEndpointConfig, KmsKeyId: "Certain Nitro-based instances include local storage ... You can't request a KmsKeyId
# when using an instance type with local storage." The families with NVMe instance store that hosting offers.
_LOCAL_STORAGE = re.compile(
    r"^ml\.(m5d|m6gd|m6id|m7gd|c5d|c6gd|c6id|r5d|r6gd|r6id|g4dn|g5|g6|g6e|p3dn|p4d|p4de|p5|p5e|trn1)\."
)


def create(inference: Inference, request: Request) -> dict[str, Any]:
    """Makes a configuration; refuses one whose models or key don't exist.

    Source: CreateEndpointConfig (API reference).
    """
    parameters = request.parameters
    name = parameters["EndpointConfigName"]
    if name in inference.configurations(request.region):
        raise inference.taken(request.region, "endpoint-config", name)
    configuration = Configuration(
        name=name,
        arn=inference.arn(request.region, "endpoint-config", name),
        region=request.region,
        created=request.at,
        tags=tag_map(parameters.get("Tags")),
        definition={key: value for key, value in parameters.items() if key != "Tags"},
        serial=inference.next_serial(),
    )
    _check_variants(inference, configuration)
    _check_key(inference, configuration)
    inference.configurations(request.region)[name] = configuration
    return {"EndpointConfigArn": configuration.arn}


def _check_variants(inference: Inference, configuration: Configuration) -> None:
    names = [variant["VariantName"] for _, variant in configuration.variants()]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise invalid(f"Variant names must be unique within an endpoint configuration; {twice} is used more than once.")
    for _, variant in configuration.variants():
        model = variant.get("ModelName")
        if model is not None:
            if model not in inference.models(configuration.region):
                raise inference.missing(configuration.region, "model", model)
            _check_instances(variant)
        elif not configuration.definition.get("ExecutionRoleArn"):
            raise invalid(f"ModelName is required for production variant {variant['VariantName']}.")
    if configuration.definition.get("ShadowProductionVariants") and len(configuration.variants()) != 2:  # noqa: PLR2004
        raise invalid("With ShadowProductionVariants there must be exactly one production and one shadow variant.")


def _check_instances(variant: dict[str, Any]) -> None:
    own = variant.get("InstanceType"), variant.get("InitialInstanceCount")
    if variant.get("ServerlessConfig"):
        if any(own):
            raise invalid(
                f"Production variant {variant['VariantName']} has a ServerlessConfig; InstanceType and "
                "InitialInstanceCount can't be specified with it."
            )
    elif not variant.get("InstancePools") and not all(own):
        raise invalid(
            f"Production variant {variant['VariantName']} needs InstanceType and InitialInstanceCount, or a "
            "ServerlessConfig."
        )


def _check_key(inference: Inference, configuration: Configuration) -> None:
    key = configuration.definition.get("KmsKeyId")
    if not key:
        return
    for _, variant in configuration.variants():
        if _LOCAL_STORAGE.match(variant.get("InstanceType", "")):
            raise invalid(
                f"KmsKeyId can't be specified: instance type {variant['InstanceType']} of production variant "
                f"{variant['VariantName']} has local storage, which is encrypted by the instance's own hardware."
            )
    if inference.holdings.key(key, configuration.region) is None:
        raise invalid(f"Invalid KMS key: {key} does not exist.")


def describe(inference: Inference, request: Request) -> dict[str, Any]:
    """The configuration as it was made, with the weight 1 that AWS adds.

    Source: DescribeEndpointConfig (API reference).
    """
    name = request.parameters["EndpointConfigName"]
    configuration = inference.configurations(request.region).get(name)
    if configuration is None:
        raise inference.missing(request.region, "endpoint-config", name)
    output = dict(configuration.definition)
    for key in ("ProductionVariants", "ShadowProductionVariants"):
        if output.get(key):
            output[key] = [{"InitialVariantWeight": 1.0, **variant} for variant in output[key]]
    return {**output, "EndpointConfigArn": configuration.arn, "CreationTime": configuration.created}


def list_all(inference: Inference, request: Request) -> dict[str, Any]:
    """Configurations, newest first. Source: ListEndpointConfigs (API reference)."""
    return page(
        list(inference.configurations(request.region).values()),
        request,
        "EndpointConfigs",
        lambda each: {"EndpointConfigName": each.name, "EndpointConfigArn": each.arn, "CreationTime": each.created},
    )


def delete(inference: Inference, request: Request) -> dict[str, Any]:
    """Deletes a configuration, in use or not.

    Source: DeleteEndpointConfig: "You must not delete an EndpointConfig in use by an endpoint that is live ..."; the
    call succeeds nevertheless (hashicorp/terraform-provider-aws#40048 shows what follows).
    """
    name = request.parameters["EndpointConfigName"]
    if inference.configurations(request.region).pop(name, None) is None:
        raise inference.missing(request.region, "endpoint-config", name)
    return {}
