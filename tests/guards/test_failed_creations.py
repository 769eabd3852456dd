"""An endpoint whose creation failed is cleared away, and nothing else ever is; in a preview a taken name is told."""

from __future__ import annotations

from typing import Any

import pytest
from moto.sagemaker.models import sagemaker_backends
from pulumi.runtime.proto import resource_pb2

from guards import failed_creation, kinds
from guards.report import Refused

ACCOUNT, REGION = "123456789012", "eu-west-1"
REASON = "Unable to provision requested ML compute capacity."


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failed_creation, "_POLL_SECONDS", 0.01)


@pytest.fixture
def told(up: Any) -> list[str]:
    """What the run's diagnostics say."""
    said: list[str] = []
    up.report.say = lambda severity, text, urn: said.append(f"{severity} {text}")
    return said


def ends(name: str, status: str) -> None:
    """Have moto's endpoint end in a status."""
    endpoint = sagemaker_backends[ACCOUNT][REGION].endpoints[name]
    endpoint.endpoint_status, endpoint.failure_reason = status, REASON


def failure(run: Any, configuration: str, identity: str = "") -> Any:
    """The engine's request after the creation of endpoint `tenant` failed; with an id, after its update."""
    request = resource_pb2.ErrorHookRequest(
        urn=run.urn(kinds.ENDPOINT, "e"),
        id=identity,
        name="e",
        type=kinds.ENDPOINT,
        errors=["Failed, wanted InService"],
    )
    request.new_inputs.update({"name": "tenant", "endpointConfigName": configuration})
    return request


def names(aws: Any) -> list[str]:
    return [one["EndpointName"] for one in aws("sagemaker").list_endpoints()["Endpoints"]]


def test_an_endpoint_that_a_failed_creation_left_is_cleared_away(
    aws: Any, tenant: Any, up: Any, told: list[str]
) -> None:
    """With the reason, and where its log stays."""
    ends(tenant.endpoint, "Failed")

    up.guards.after_failure(failure(up, tenant.configuration))

    assert names(aws) == []
    assert [one.name for one in up.report.found] == ["failed-creation-leaves-no-endpoint"]
    assert told[0].startswith("error failed-creation-leaves-no-endpoint: ")
    assert REASON.rstrip(".") in told[0]
    assert "It was deleted, so that its name is free" in told[0]
    assert "/aws/sagemaker/Endpoints/tenant" in told[0]


def test_one_that_was_created_all_the_same_is_told_and_left(aws: Any, tenant: Any, up: Any, told: list[str]) -> None:
    """The answer to CreateEndpoint was lost: it serves, and the state doesn't have it."""
    ends(tenant.endpoint, "InService")

    up.guards.after_failure(failure(up, tenant.configuration))

    assert names(aws) == ["tenant"]
    assert "tenant is InService on the configuration asked for" in told[0]
    assert "pulumi import aws:sagemaker/endpoint:Endpoint e tenant" in told[0]


@pytest.mark.parametrize(
    ("status", "configuration", "identity"),
    [
        ("InService", "another-configuration", ""),
        ("InService", "tenant-configuration", "tenant"),
        ("Failed", "another-configuration", ""),
        ("Failed", "tenant-configuration", "tenant"),
    ],
    ids=["in-service", "updated", "of-another-creation", "failed-update"],
)
@pytest.mark.usefixtures("tenant")
def test_no_other_endpoint_is_touched(aws: Any, up: Any, status: str, configuration: str, identity: str) -> None:
    """Each differs in one value from what is cleared away."""
    ends("tenant", status)

    up.guards.after_failure(failure(up, configuration, identity))

    assert names(aws) == ["tenant"]
    assert "failed-creation-leaves-no-endpoint" not in [one.name for one in up.report.found]


def test_one_that_may_not_be_deleted_is_told_with_the_command_that_does(
    tenant: Any, up: Any, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked of whom, what came back, what to do."""
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

    call = BaseClient._make_api_call

    def denied(client: Any, operation: str, parameters: Any) -> Any:
        if operation == "DeleteEndpoint":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)
        return call(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", denied)
    ends(tenant.endpoint, "Failed")

    up.guards.after_failure(failure(up, tenant.configuration))

    assert "could not be deleted: sagemaker:DeleteEndpoint" in told[0]
    assert "Fix: Delete it (aws sagemaker delete-endpoint --endpoint-name tenant)" in told[0]


@pytest.mark.parametrize(
    ("status", "says"), [("InService", "another stack or to nobody's"), ("Failed", "It is Failed")]
)
def test_a_preview_tells_that_an_endpoint_s_name_is_taken(preview: Any, tenant: Any, status: str, says: str) -> None:
    """In whatever case; a free name passes."""
    ends(tenant.endpoint, status)
    preview.create(kinds.ENDPOINT, "e", {"name": "tenants", "endpointConfigName": "c"})

    with pytest.raises(Refused, match=f"endpoint-name-is-free: .* is to be made as Tenant, .*{says}"):
        preview.create(kinds.ENDPOINT, "e", {"name": "Tenant", "endpointConfigName": "c"})


def test_at_up_nobody_asks_whether_the_name_is_free(up: Any, tenant: Any) -> None:
    """CreateEndpoint says so; three hundred endpoints cost no call."""
    assert tenant.endpoint == "tenant"
    up.create(kinds.ENDPOINT, "e", {"name": "tenant", "endpointConfigName": "c"})
    assert up.report.found == []
