"""A second interface endpoint with the private DNS name of a service is told before AWS refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from guards import kinds
from guards.report import Refused

SERVICE = "com.amazonaws.eu-west-1.lambda"


def inputs(vpc: str, **given: Any) -> dict[str, Any]:
    return {
        "vpcId": vpc,
        "serviceName": SERVICE,
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        **given,
    }


@pytest.fixture
def named(aws: Any) -> tuple[str, str]:
    """A VPC, and its interface endpoint with the private DNS name of AWS Lambda."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=SERVICE, VpcEndpointType="Interface", PrivateDnsEnabled=True)
    return vpc, made["VpcEndpoint"]["VpcEndpointId"]


@pytest.mark.parametrize("when", ["preview", "up"])
def test_a_vpc_takes_one_private_dns_name_of_a_service(
    named: tuple[str, str], when: str, request: pytest.FixtureRequest
) -> None:
    """What has none, is of another service or in another VPC passes."""
    run, (vpc, there) = request.getfixturevalue(when), named
    run.create(kinds.VPC_ENDPOINT, "n", inputs(vpc, privateDnsEnabled=False))
    run.create(kinds.VPC_ENDPOINT, "s", inputs(vpc, serviceName="com.amazonaws.eu-west-1.ssm"))
    run.create(kinds.VPC_ENDPOINT, "v", inputs("vpc-elsewhere"))
    run.create(kinds.VPC_ENDPOINT, "g", {"vpcId": vpc, "serviceName": SERVICE})
    assert run.report.found == []

    unsaid = {key: value for key, value in inputs(vpc).items() if key != "privateDnsEnabled"}
    with pytest.raises(Refused, match="private-dns-name-is-free"):
        run.create(kinds.VPC_ENDPOINT, "u", unsaid)
    with pytest.raises(Refused, match=rf"private-dns-name-is-free: .* in {vpc}, and {there} has it there"):
        run.create(kinds.VPC_ENDPOINT, "e", inputs(vpc))


def test_one_that_is_deleted_before_its_replacement_passes(preview: Any, named: tuple[str, str]) -> None:
    """In the preview it is there still."""
    vpc, there = named
    preview.delete(kinds.VPC_ENDPOINT, "e", there, inputs(vpc))

    preview.create(kinds.VPC_ENDPOINT, "e", inputs(vpc))

    assert preview.report.found == []
