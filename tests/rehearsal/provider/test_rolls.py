"""An endpoint's roll as pulumi-aws goes through it: the blind spot, the visible roll-back, failures to create."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from provider_client import Engine, InitialisationFailed, Resource, kinds, nothing_differs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provider_world import World

    from rehearsal.account import Account

ENDPOINT = "aws:sagemaker/endpoint:Endpoint"


@pytest.fixture
def endpoint(engine: Engine, world: World, account: Account, request: pytest.FixtureRequest) -> Iterator[Resource]:
    """An endpoint of the test's own, in service."""
    made = engine.create(
        ENDPOINT, f"roll-{abs(hash(request.node.name)) % 10**6}", {"endpointConfigName": world.configuration.id}
    )
    yield made
    account.disarm()
    account.advance(7200)
    engine.delete(made)


@pytest.fixture
def target(engine: Engine, world: World, request: pytest.FixtureRequest) -> Resource:
    """Another configuration."""
    return world.new_configuration(f"target-{abs(hash(request.node.name)) % 10**6}")


def status(aws: Any, endpoint: Resource) -> dict[str, Any]:
    """What AWS says of an endpoint."""
    return dict(aws.client("sagemaker").describe_endpoint(EndpointName=endpoint.id))


def test_an_update_waits_until_the_endpoint_is_in_service_on_the_new_configuration(
    engine: Engine, endpoint: Resource, target: Resource, aws: Any
) -> None:
    wanted = {"endpointConfigName": target.id}

    difference = engine.diff(endpoint, wanted)
    engine.update(endpoint, wanted)

    assert kinds(difference) == {"endpointConfigName": "UPDATE"}
    assert status(aws, endpoint)["EndpointStatus"] == "InService"
    assert endpoint.outputs["endpointConfigName"] == target.id


def test_a_silent_roll_back_is_reported_as_success_and_the_state_keeps_what_was_read(
    engine: Engine, endpoint: Resource, target: Resource, account: Account, world: World
) -> None:
    """This is pulumi-aws's blind spot: nothing in the answer says that the update didn't take."""
    account.arm("silent-roll-back")

    engine.update(endpoint, {"endpointConfigName": target.id})

    assert endpoint.inputs["endpointConfigName"] == target.id
    assert endpoint.outputs["endpointConfigName"] == world.configuration.id


def test_after_a_silent_roll_back_a_refresh_shows_the_old_configuration(
    engine: Engine, endpoint: Resource, target: Resource, account: Account, world: World
) -> None:
    account.arm("silent-roll-back")
    engine.update(endpoint, {"endpointConfigName": target.id})

    found = engine.read(endpoint)

    assert found is not None
    assert found.inputs["endpointConfigName"] == world.configuration.id
    assert kinds(engine.diff(found, {"endpointConfigName": target.id})) == {"endpointConfigName": "UPDATE"}


def test_a_visible_roll_back_is_an_initialisation_error_with_the_new_state_recorded(
    engine: Engine, endpoint: Resource, target: Resource, account: Account
) -> None:
    account.arm("visible-roll-back")

    with pytest.raises(InitialisationFailed) as caught:
        engine.update(endpoint, {"endpointConfigName": target.id})

    assert "RollingBack" in str(caught.value)
    assert "wanted InService" in str(caught.value)
    assert caught.value.id == endpoint.id
    assert caught.value.outputs["endpointConfigName"] == target.id
    assert caught.value.outputs["arn"] == endpoint.outputs["arn"]


def test_the_update_after_a_failed_one_asks_nothing_and_reads_the_truth(
    engine: Engine, endpoint: Resource, target: Resource, account: Account, world: World
) -> None:
    account.arm("visible-roll-back")
    wanted = {"endpointConfigName": target.id}
    with pytest.raises(InitialisationFailed) as caught:
        engine.update(endpoint, wanted)
    endpoint.outputs = caught.value.outputs
    account.advance(7200)
    before = len(account.calls())

    difference = engine.diff(endpoint, wanted)
    engine.update(endpoint, wanted)

    assert nothing_differs(difference)
    assert "UpdateEndpoint" not in {call["action"] for call in account.calls(after=before)}
    assert endpoint.outputs["endpointConfigName"] == world.configuration.id


def test_an_update_that_the_account_refuses_says_so_in_aws_words(engine: Engine, endpoint: Resource) -> None:
    with pytest.raises(InitialisationFailed) as caught:
        engine.update(endpoint, {"endpointConfigName": "not-there"})

    assert str(caught.value).startswith("the account refused UpdateEndpoint: ValidationException: ")
    assert "not-there" in str(caught.value)


def test_a_failed_creation_tells_the_reason_and_leaves_the_endpoint_out_of_the_state(
    engine: Engine, world: World, account: Account, aws: Any
) -> None:
    account.arm("create-fails")

    with pytest.raises(grpc.RpcError) as caught:
        engine.create(ENDPOINT, "never", {"name": "never", "endpointConfigName": world.configuration.id})

    described = aws.client("sagemaker").describe_endpoint(EndpointName="never")
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"] in caught.value.details()
    assert caught.value.code() == grpc.StatusCode.UNKNOWN


def test_a_creation_waits_through_virtual_time_not_real_time(engine: Engine, world: World, account: Account) -> None:
    account.arm("slow-create")
    began, then = account.now(), time.monotonic()

    engine.create(ENDPOINT, "slow", {"endpointConfigName": world.configuration.id})

    assert account.now() - began >= 3600
    assert time.monotonic() - then < 60


def test_adding_or_removing_auto_rollback_replaces_and_changing_its_alarms_does_not(
    engine: Engine, endpoint: Resource
) -> None:
    traffic = {"trafficRoutingConfiguration": {"type": "ALL_AT_ONCE", "waitIntervalInSeconds": 0}}
    plain = {**endpoint.inputs, "deploymentConfig": {"blueGreenUpdatePolicy": traffic}}

    def guarded(*alarms: str) -> dict[str, Any]:
        block = {"alarms": [{"alarmName": name} for name in alarms]}
        return {**plain, "deploymentConfig": {"blueGreenUpdatePolicy": traffic, "autoRollbackConfiguration": block}}

    engine.update(endpoint, guarded("a"))

    assert kinds(engine.diff(endpoint, guarded("b"))) == {"deploymentConfig.autoRollbackConfiguration.alarms": "UPDATE"}
    assert not engine.diff(endpoint, guarded("b")).replaces
    assert list(engine.diff(endpoint, plain).replaces) == ["deploymentConfig"]


def test_a_named_endpoint_is_deleted_before_its_replacement_and_an_auto_named_one_is_not(
    engine: Engine, world: World, endpoint: Resource
) -> None:
    named = Resource(ENDPOINT, "front", "front")
    named.inputs = engine.checked(ENDPOINT, "front", {"name": "front", "endpointConfigName": "c"})
    named.outputs = {"name": "front", "endpointConfigName": "c", "region": "eu-central-1"}

    assert engine.diff(named, {"name": "other", "endpointConfigName": "c"}).deleteBeforeReplace
    assert not engine.diff(endpoint, {"endpointConfigName": "c", "region": "us-east-1"}).deleteBeforeReplace


def test_deleting_an_endpoint_returns_while_it_is_still_deleting(engine: Engine, world: World, aws: Any) -> None:
    endpoint = engine.create(ENDPOINT, "leaving", {"endpointConfigName": world.configuration.id})

    engine.delete(endpoint)

    assert status(aws, endpoint)["EndpointStatus"] == "Deleting"
    assert engine.read(endpoint) is None
