"""An update that autoscaling would have AWS refuse half-way is refused before; one that it allows passes."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from guards import kinds
from guards.report import Refused

DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def variant(instance_type: str = "ml.c5.xlarge", name: str = "v", model: str = "tenant-model") -> dict[str, Any]:
    return {"variantName": name, "modelName": model, "instanceType": instance_type, "initialInstanceCount": 1}


@pytest.fixture
def scaled(aws: Any, tenant: Any) -> Any:
    """The tenant's endpoint, whose variant is a scalable target."""
    aws("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{tenant.endpoint}/variant/v",
        ScalableDimension=DIMENSION,
        MinCapacity=1,
        MaxCapacity=3,
    )
    return tenant


def move(run: Any, tenant: Any, *variants: dict[str, Any]) -> None:
    """The endpoint is updated to a new configuration of these variants."""
    run.register(kinds.CONFIGURATION, "c", {"name": "c-2", "productionVariants": list(variants)})
    run.create(kinds.CONFIGURATION, "c", {"name": "c-2", "productionVariants": list(variants)})
    old = {"name": tenant.endpoint, "endpointConfigName": tenant.configuration}
    run.update(kinds.ENDPOINT, "e", tenant.endpoint, old, {**old, "endpointConfigName": "c-2"})


def serving(aws: Any, tenant: Any) -> dict[str, Any]:
    """What the tenant's endpoint runs now, in Pulumi's spelling."""
    described = aws("sagemaker").describe_endpoint_config(EndpointConfigName=tenant.configuration)
    (one,) = described["ProductionVariants"]
    return variant(one["InstanceType"], one["VariantName"], one["ModelName"])


@pytest.mark.parametrize("when", ["preview", "up"])
def test_a_scaled_variant_keeps_its_instance_type(
    aws: Any, scaled: Any, when: str, request: pytest.FixtureRequest
) -> None:
    """Its twin differs in the type alone."""
    run, now = request.getfixturevalue(when), serving(aws, scaled)
    move(run, scaled, now)

    with pytest.raises(
        Refused, match=r"scaled-variant-keeps-its-instance-type: .*from ml\..* to ml\.g5\.xlarge"
    ) as refused:
        move(run, scaled, {**now, "instanceType": "ml.g5.xlarge"})
    assert f"--resource-id endpoint/{scaled.endpoint}/variant/{now['variantName']}" in str(refused.value)


def test_a_scaled_variant_is_not_dropped(aws: Any, scaled: Any, preview: Any) -> None:
    """Under another name it is another variant."""
    with pytest.raises(Refused, match=r"scaled-variant-keeps-its-instance-type: .* or be dropped"):
        move(preview, scaled, {**serving(aws, scaled), "variantName": "other"})


def test_a_variant_that_nobody_scales_may_change_its_instance_type(aws: Any, tenant: Any, preview: Any) -> None:
    """The nearest safe twin: the same change without a scalable target."""
    move(preview, tenant, {**serving(aws, tenant), "instanceType": "ml.g5.xlarge"})

    assert preview.report.found == []


def test_targets_that_cannot_be_read_are_advice(
    aws: Any, scaled: Any, preview: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS refuses by itself what it has to, and nothing breaks."""
    call = BaseClient._make_api_call

    def denied(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "DescribeScalableTargets":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", denied)
    move(preview, scaled, {**serving(aws, scaled), "instanceType": "ml.g5.xlarge"})

    (told,) = preview.report.found
    assert (told.outcome, told.advisory) == ("unknown", True)
    assert "application-autoscaling:DescribeScalableTargets" in told.message
