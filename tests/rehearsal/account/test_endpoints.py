"""Endpoints: their statuses in time, their refusals, and how updates end."""

from __future__ import annotations

from typing import Any

import pytest
from account_world import ACCOUNT, REGION, World, put_configuration, put_ground, put_model, wait
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def ground(world: World) -> dict[str, Any]:
    """What endpoints need, with a model and a configuration `first`."""
    ground = put_ground(world, "trees")
    put_model(world, ground, "first", Environment={"A": "1"})
    put_configuration(world, "first", "first", KmsKeyId=ground["alias"])
    put_model(world, ground, "second", Environment={"A": "2"})
    put_configuration(world, "second", "second", variant={"InitialInstanceCount": 3, "InitialVariantWeight": 2.0})
    return ground


def create(world: World, name: str, configuration: str = "first") -> dict[str, Any]:
    """An endpoint in service."""
    world.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=configuration)
    return wait(world, name, "InService", "Failed")


def refusal(action: Any, **arguments: Any) -> str:
    """AWS's code and words for a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        action(**arguments)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def test_a_new_endpoint_is_creating_and_then_in_service(world: World, ground: dict[str, Any]) -> None:
    """Creating shows what is pending; InService shows what was deployed, by digest."""
    world.sagemaker.create_endpoint(EndpointName="new", EndpointConfigName="first")
    creating = world.sagemaker.describe_endpoint(EndpointName="new")
    done = wait(world, "new", "InService")

    assert creating["EndpointStatus"] == "Creating"
    assert creating["PendingDeploymentSummary"]["EndpointConfigName"] == "first"
    assert "ProductionVariants" not in creating
    assert "PendingDeploymentSummary" not in done
    assert done["EndpointConfigName"] == "first"
    assert done["EndpointArn"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/new"
    (variant,) = done["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (2, 2)
    assert variant["CurrentWeight"] == 1.0
    assert variant["DeployedImages"][0]["ResolvedImage"] == ground["image"]


def test_an_update_rolls_to_the_new_configuration(world: World, ground: dict[str, Any]) -> None:
    """While Updating the old configuration is current and the new one pending; then the new one is current."""
    create(world, "rolled")
    world.sagemaker.update_endpoint(EndpointName="rolled", EndpointConfigName="second")
    updating = world.sagemaker.describe_endpoint(EndpointName="rolled")
    busy = refusal(world.sagemaker.update_endpoint, EndpointName="rolled", EndpointConfigName="first")
    done = wait(world, "rolled", "InService")

    assert (updating["EndpointStatus"], updating["EndpointConfigName"]) == ("Updating", "first")
    assert updating["PendingDeploymentSummary"]["EndpointConfigName"] == "second"
    assert busy.startswith("ValidationException: Cannot update in-progress endpoint")
    assert done["EndpointConfigName"] == "second"
    assert done["ProductionVariants"][0]["DesiredInstanceCount"] == 3
    assert "FailureReason" not in done


def test_scale_is_retained_only_when_asked_for(world: World, ground: dict[str, Any]) -> None:
    """RetainAllVariantProperties keeps count and weight, ExcludeRetainedVariantProperties takes one out again."""
    create(world, "scaled")
    world.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="scaled",
        DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": 7, "DesiredWeight": 0.5}],
    )
    during = world.sagemaker.describe_endpoint(EndpointName="scaled")
    scaled = wait(world, "scaled", "InService")
    world.sagemaker.update_endpoint(
        EndpointName="scaled",
        EndpointConfigName="second",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    kept = wait(world, "scaled", "InService")
    world.sagemaker.update_endpoint(EndpointName="scaled", EndpointConfigName="second")
    reset = wait(world, "scaled", "InService")

    assert during["EndpointStatus"] == "Updating"
    assert during["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert during["ProductionVariants"][0]["DesiredInstanceCount"] == 7
    assert scaled["ProductionVariants"][0]["CurrentInstanceCount"] == 7
    assert scaled["ProductionVariants"][0]["CurrentWeight"] == 0.5
    assert kept["ProductionVariants"][0]["DesiredInstanceCount"] == 7
    assert kept["ProductionVariants"][0]["DesiredWeight"] == 1.0
    assert reset["ProductionVariants"][0]["DesiredInstanceCount"] == 3
    assert reset["ProductionVariants"][0]["DesiredWeight"] == 2.0


def test_a_deployment_config_is_reused_only_when_asked_for(world: World, ground: dict[str, Any]) -> None:
    """LastDeploymentConfig is what the last update used; RetainDeploymentConfig uses it again."""
    create(world, "guarded")
    config = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 300,
                "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
            },
            "TerminationWaitInSeconds": 100,
            "MaximumExecutionTimeoutInSeconds": 1000,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    }
    sagemaker = world.sagemaker
    sagemaker.update_endpoint(EndpointName="guarded", EndpointConfigName="second", DeploymentConfig=config)
    world.account.advance(300)
    early = sagemaker.describe_endpoint(EndpointName="guarded")["EndpointStatus"]
    first = wait(world, "guarded", "InService")
    sagemaker.update_endpoint(EndpointName="guarded", EndpointConfigName="first", RetainDeploymentConfig=True)
    second = wait(world, "guarded", "InService")
    sagemaker.update_endpoint(EndpointName="guarded", EndpointConfigName="second")
    third = wait(world, "guarded", "InService")

    assert early == "Updating"  # the waits of the configuration take their (virtual) time
    assert first["LastDeploymentConfig"] == config
    assert second["LastDeploymentConfig"] == config
    assert "LastDeploymentConfig" not in third


def test_an_alarm_in_alarm_rolls_the_update_back(world: World, ground: dict[str, Any]) -> None:
    """AutoRollbackConfiguration: the endpoint is back on the old configuration, with the alarm in FailureReason."""
    create(world, "alarmed")
    cloudwatch = world.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="too-many-errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    world.sagemaker.update_endpoint(
        EndpointName="alarmed",
        EndpointConfigName="second",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "too-many-errors"}]},
        },
    )
    cloudwatch.set_alarm_state(AlarmName="too-many-errors", StateValue="ALARM", StateReason="a test")
    back = wait(world, "alarmed", "InService")

    assert back["EndpointConfigName"] == "first"
    assert "too-many-errors" in back["FailureReason"]


def test_a_silent_roll_back_says_nothing(world: World, ground: dict[str, Any]) -> None:
    """InService on the old configuration, and no FailureReason."""
    create(world, "silent")
    world.account.arm("silent-roll-back")
    world.sagemaker.update_endpoint(EndpointName="silent", EndpointConfigName="second")
    back = wait(world, "silent", "InService")
    world.sagemaker.update_endpoint(EndpointName="silent", EndpointConfigName="second")
    moved = wait(world, "silent", "InService")

    assert back["EndpointConfigName"] == "first"
    assert "FailureReason" not in back
    assert moved["EndpointConfigName"] == "second"  # a fault is gone once it was met


def test_a_visible_roll_back_passes_through_rolling_back(world: World, ground: dict[str, Any]) -> None:
    """Updating, RollingBack, InService on the old configuration with a FailureReason."""
    create(world, "visible")
    world.account.arm("visible-roll-back")
    world.sagemaker.update_endpoint(EndpointName="visible", EndpointConfigName="second")
    rolling = wait(world, "visible", "RollingBack")
    back = wait(world, "visible", "InService")

    assert rolling["PendingDeploymentSummary"]["EndpointConfigName"] == "second"
    assert back["EndpointConfigName"] == "first"
    assert "did not pass the ping health check" in back["FailureReason"]


def test_a_failed_endpoint_can_only_be_deleted(world: World, ground: dict[str, Any]) -> None:
    """create-fails and capacity-error end in Failed with a reason; update is refused, delete works."""
    world.account.arm("create-fails")
    failed = create(world, "failed")
    update = refusal(world.sagemaker.update_endpoint, EndpointName="failed", EndpointConfigName="second")
    world.sagemaker.delete_endpoint(EndpointName="failed")
    deleting = world.sagemaker.describe_endpoint(EndpointName="failed")["EndpointStatus"]
    world.account.advance(600)
    gone = refusal(world.sagemaker.describe_endpoint, EndpointName="failed")
    world.account.arm("capacity-error")
    no_capacity = create(world, "nowhere")

    assert failed["EndpointStatus"] == "Failed"
    assert failed["FailureReason"]
    assert update.startswith("ValidationException")
    assert deleting == "Deleting"
    assert (
        gone == f'ValidationException: Could not find endpoint "arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/failed".'
    )
    assert "InsufficientInstanceCapacity" in no_capacity["FailureReason"]


def test_a_slow_creation_takes_an_hour(world: World, ground: dict[str, Any]) -> None:
    """slow-create: still Creating after half an hour of virtual time."""
    world.account.arm("slow-create")
    world.sagemaker.create_endpoint(EndpointName="slow", EndpointConfigName="first")
    world.account.advance(1800)
    half = world.sagemaker.describe_endpoint(EndpointName="slow")["EndpointStatus"]
    world.account.advance(1801)
    done = world.sagemaker.describe_endpoint(EndpointName="slow")["EndpointStatus"]

    assert (half, done) == ("Creating", "InService")


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        (
            "create_endpoint",
            {"EndpointName": "x", "EndpointConfigName": "none"},
            "Could not find endpoint configuration",
        ),
        ("update_endpoint", {"EndpointName": "none", "EndpointConfigName": "first"}, "Could not find endpoint "),
        ("delete_endpoint", {"EndpointName": "none"}, "Could not find endpoint "),
        ("delete_model", {"ModelName": "none"}, "Could not find model "),
        ("delete_endpoint_config", {"EndpointConfigName": "none"}, "Could not find endpoint configuration "),
        (
            "create_endpoint",
            {"EndpointName": "under_score", "EndpointConfigName": "first"},
            "regular expression pattern",
        ),
        ("create_endpoint", {"EndpointName": "x" * 64, "EndpointConfigName": "first"}, "less than or equal to 63"),
    ],
)
def test_aws_refuses_in_its_own_words(
    world: World, ground: dict[str, Any], action: str, arguments: dict[str, Any], words: str
) -> None:
    """ValidationException with the words that users know."""
    said = refusal(getattr(world.sagemaker, action), **arguments)

    assert said.startswith("ValidationException: ")
    assert words in said


def test_endpoint_names_are_unique_without_regard_to_case(world: World, ground: dict[str, Any]) -> None:
    """CreateEndpoint: the name is case-insensitive."""
    create(world, "Twice")
    said = refusal(world.sagemaker.create_endpoint, EndpointName="tWICE", EndpointConfigName="first")

    assert "Cannot create already existing endpoint" in said


def test_what_an_endpoint_uses_can_be_deleted(world: World, ground: dict[str, Any]) -> None:
    """DeleteModel and DeleteEndpointConfig succeed, and the endpoint stays InService until AWS touches it."""
    put_model(world, ground, "used")
    put_configuration(world, "used", "used")
    create(world, "user", "used")
    world.sagemaker.delete_endpoint_config(EndpointConfigName="used")
    world.sagemaker.delete_model(ModelName="used")
    after = world.sagemaker.describe_endpoint(EndpointName="user")

    assert after["EndpointStatus"] == "InService"
    assert after["EndpointConfigName"] == "used"


def test_an_update_on_a_broken_dependency_rolls_back_visibly(world: World, ground: dict[str, Any]) -> None:
    """The artifact of the new model is gone when the update begins: FailureReason names it."""
    s3 = world.client("s3")
    s3.put_object(Bucket=ground["bucket"], Key="gone/model.tar.gz", Body=b"x")
    put_model(world, ground, "doomed", ModelDataUrl=f"s3://{ground['bucket']}/gone/model.tar.gz")
    put_configuration(world, "doomed", "doomed")
    create(world, "careful")
    s3.delete_object(Bucket=ground["bucket"], Key="gone/model.tar.gz")
    world.sagemaker.update_endpoint(EndpointName="careful", EndpointConfigName="doomed")
    back = wait(world, "careful", "InService")

    assert back["EndpointConfigName"] == "first"
    assert "gone/model.tar.gz" in back["FailureReason"]


def test_lists_are_paged_and_filtered(world: World, ground: dict[str, Any]) -> None:
    """MaxResults, NextToken, NameContains."""
    for number in range(3):
        put_model(world, ground, f"paged-{number}")
    pages = world.sagemaker.get_paginator("list_models").paginate(
        NameContains="paged", PaginationConfig={"PageSize": 2}
    )
    names = [model["ModelName"] for page in pages for model in page["Models"]]

    assert names == ["paged-2", "paged-1", "paged-0"]


def test_tags_are_kept_on_endpoints(world: World, ground: dict[str, Any]) -> None:
    """AddTags overwrites by key, DeleteTags removes."""
    arn = create(world, "Tagged")["EndpointArn"]
    world.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    world.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    world.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b"])

    assert world.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
