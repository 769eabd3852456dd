"""SSM access: what is there while it is on, what stays when it is off, and the way to Session Manager."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from recording import KEY, Recorder

from components import tags
from components.encryption_key import EncryptionKey, key_policy
from components.execution_role import ExecutionRole
from components.realtime_endpoint import RealtimeEndpoint
from components.session_manager_endpoints import SessionManagerEndpoints, ways_of
from components.ssm_access import RETENTION, SsmAccess

if TYPE_CHECKING:
    from components.account import Account

UNTIL = "2999-12-31T18:00:00+01:00"
GROUPS = ["/aws/sagemaker/Endpoints/sample", "/aws/sagemaker/endpoints/sample"]
IMAGE = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/sample@sha256:{'a' * 64}"


def access(recorder: Recorder, account: Account, **changed: Any) -> SsmAccess:
    """An SsmAccess, made and registered."""
    made: list[SsmAccess] = []
    args = {"account": account, "endpoint_name": "sample", "enabled": True, "until": UNTIL, "key_arn": KEY, **changed}
    recorder.run(lambda: made.append(SsmAccess("sample", args)))
    return made[0]


def of_type(recorder: Recorder, type_: str) -> list[dict[str, Any]]:
    """The inputs of every resource of a type."""
    return [each.inputs for each in recorder.registered if each.type.endswith(type_)]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_log_group_has_retention_and_key_in_both_spellings(
    recorder: Recorder, account: Account, enabled: bool
) -> None:
    """On or off: the log survives the access, and SageMaker never makes a group of its own without either."""
    access(recorder, account, enabled=enabled)
    groups = of_type(recorder, "cloudwatch/logGroup:LogGroup")

    assert sorted(each["name"] for each in groups) == GROUPS
    assert {each["retentionInDays"] for each in groups} == {RETENTION}
    assert {each["kmsKeyId"] for each in groups} == {KEY}


def test_off_there_is_nothing_but_the_log(recorder: Recorder, account: Account) -> None:
    made = access(recorder, account, enabled=False)

    assert {each.type for each in recorder.registered} == {
        "holdfast:index:SsmAccess",
        "aws:cloudwatch/logGroup:LogGroup",
    }
    assert (made.tags, made.user_policy, made.document) == ({}, None, None)


def test_on_there_is_a_document_that_logs_and_a_policy_for_users(recorder: Recorder, account: Account) -> None:
    access(recorder, account)
    document = recorder.only("ssm/document:Document").inputs
    policy = json.loads(recorder.only("iam/policy:Policy").inputs["policy"])
    (start,) = [each for each in policy["Statement"] if "ssm:StartSession" in each["Action"]]

    assert (document["name"], document["documentType"]) == ("sample-session", "Session")
    assert json.loads(document["content"])["inputs"]["cloudWatchLogGroupName"] == GROUPS[0]
    assert start["Resource"] == [
        "arn:aws:sagemaker:eu-central-1:111122223333:endpoint/sample",
        "arn:aws:ssm:eu-central-1:111122223333:document/sample-session",
    ]
    assert start["Condition"]["DateLessThan"] == {"aws:CurrentTime": "2999-12-31T17:00:00Z"}


def test_without_a_key_the_document_asks_for_none(recorder: Recorder, account: Account) -> None:
    """A session that demands an encrypted group would never start."""
    access(recorder, account, key_arn=None)
    content = json.loads(recorder.only("ssm/document:Document").inputs["content"])

    assert content["inputs"]["cloudWatchEncryptionEnabled"] is False
    assert not [each for each in of_type(recorder, "cloudwatch/logGroup:LogGroup") if "kmsKeyId" in each]


@pytest.mark.parametrize("until", [None, "", "whenever", "2999-12-31T18:00:00", "2020-01-01T00:00:00Z"])
def test_a_bad_end_date_is_left_to_the_rule(recorder: Recorder, account: Account, until: str | None) -> None:
    """A component that refused it could not be destroyed any more."""
    access(recorder, account, until=until)

    assert recorder.only("iam/policy:Policy")


def test_the_plan_says_what_it_costs(recorder: Recorder, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a warning, which every engine shows in the preview."""
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text, *_: said.append(text))
    access(recorder, account)
    access(recorder, account, enabled=False)

    assert len(said) == 1
    assert f"until {UNTIL}" in said[0]
    assert "performance may suffer" in said[0]
    assert "by up to a day, instead of 10 minutes" in said[0]


def test_configuration_and_endpoint_say_until_when_and_how_it_is_logged(recorder: Recorder, account: Account) -> None:
    """What the rule, `holdfast connect` and the sweep read."""
    args = {
        "endpoint_name": "sample",
        "model_name": "m",
        "instance_type": "ml.m5.large",
        "instance_count": 1,
        "ssm_access": True,
        "key_arn": KEY,
        "release_tags": tags.of_release("development", IMAGE, "s3://a/b"),
    }

    def program() -> None:
        made = SsmAccess("sample", {"account": account, "endpoint_name": "sample", "enabled": True, "until": UNTIL})
        RealtimeEndpoint("sample", {**args, "ssm_access_tags": made.tags})

    recorder.run(program)
    configuration = recorder.only("sagemaker/endpointConfiguration:EndpointConfiguration").inputs

    assert configuration["productionVariants"][0]["enableSsmAccess"] is True
    for each in (configuration, recorder.only("sagemaker/endpoint:Endpoint").inputs):
        assert each["tags"]["holdfast:ssm-access-until"] == UNTIL
        assert each["tags"]["holdfast:ssm-session-document"] == "sample-session"
        assert each["tags"]["holdfast:stage"] == "development"


@pytest.mark.parametrize("on", [True, False])
def test_the_agents_four_actions_are_there_only_while_it_is_on(recorder: Recorder, account: Account, on: bool) -> None:
    args = {
        "account": account,
        "images": [IMAGE],
        "artifact_urls": ["s3://a/b"],
        "artifact_key_arns": [],
        "volume_key_arn": None,
        "ssm_access": on,
    }
    recorder.run(lambda: ExecutionRole("sample", args))
    statements = json.loads(recorder.only("iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    granted = {action for each in statements for action in each["Action"] if action.startswith("ssm")}
    actions = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")

    assert granted == ({f"ssmmessages:{each}" for each in actions} if on else set())


def test_the_key_lets_cloudwatch_logs_in_for_these_groups_alone(recorder: Recorder, account: Account) -> None:
    """By the encryption context, which holds the log group's ARN."""
    recorder.run(lambda: EncryptionKey("sample", {"account": account, "alias": "sample", "log_groups": GROUPS}))
    statements = json.loads(recorder.only("kms/key:Key").inputs["policy"])["Statement"]

    assert statements[1]["Principal"] == {"Service": "logs.eu-central-1.amazonaws.com"}
    assert statements[1]["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"] == [
        f"arn:aws:logs:eu-central-1:111122223333:log-group:{group}" for group in GROUPS
    ]
    assert len(key_policy(account)["Statement"]) == 1


@pytest.mark.parametrize("opens_egress", [True, False])
def test_a_vpc_without_a_way_out_gets_one_to_session_manager(
    recorder: Recorder, account: Account, opens_egress: bool
) -> None:
    """HTTPS between the containers' groups and the endpoints', and nothing else."""
    args = {
        "account": account,
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-1", "subnet-2"],
        "client_group_ids": ["sg-1"],
        "opens_egress": opens_egress,
    }
    recorder.run(lambda: SessionManagerEndpoints("sample", args))
    endpoints = of_type(recorder, "ec2/vpcEndpoint:VpcEndpoint")
    inward = recorder.only("vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    outward = of_type(recorder, "vpc/securityGroupEgressRule:SecurityGroupEgressRule")

    assert {each["serviceName"] for each in endpoints} == {
        f"com.amazonaws.eu-central-1.{each}" for each in ("ssm", "ssmmessages", "ec2messages", "logs")
    }
    for each in endpoints:
        assert (each["vpcEndpointType"], each["privateDnsEnabled"]) == ("Interface", True)
        assert each["tags"]["holdfast:serves"] == "sessions"
        assert each["subnetIds"] == ["subnet-1", "subnet-2"]
    assert (inward["referencedSecurityGroupId"], inward["fromPort"], inward["toPort"]) == ("sg-1", 443, 443)
    assert [each["securityGroupId"] for each in outward] == (["sg-1"] if opens_egress else [])


def looked_up(route: dict[str, Any] | None) -> dict[str, Any]:
    """What AWS answers about two subnets in two zones that share a route table with this route."""
    nothing = dict.fromkeys(
        (
            *("carrierGatewayId", "cidrBlock", "coreNetworkArn", "destinationPrefixListId", "egressOnlyGatewayId"),
            *("gatewayId", "instanceId", "ipv6CidrBlock", "localGatewayId", "natGatewayId", "networkInterfaceId"),
            *("transitGatewayId", "vpcEndpointId", "vpcPeeringConnectionId"),
        ),
        "",
    )
    return {
        "aws:ec2/getSubnet:getSubnet": {"id": "subnet-1", "vpcId": "vpc-1", "availabilityZone": "eu-central-1a"},
        "aws:ec2/getRouteTables:getRouteTables": {"ids": ["rtb-1"], "id": "x"},
        "aws:ec2/getRouteTable:getRouteTable": {"id": "rtb-1", "routes": [{**nothing, **route}] if route else []},
    }


@pytest.mark.parametrize(
    ("route", "out"),
    [
        (None, False),
        ({"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}, True),
        ({"cidrBlock": "0.0.0.0/0", "transitGatewayId": "tgw-1"}, True),
        ({"cidrBlock": "0.0.0.0/0", "gatewayId": "vgw-1"}, True),
        ({"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}, False),
        ({"cidrBlock": "10.0.0.0/8", "natGatewayId": "nat-1"}, False),
    ],
)
def test_which_route_leads_out_of_somebody_elses_network(
    recorder: Recorder, route: dict[str, Any] | None, out: bool
) -> None:
    """An internet gateway doesn't: the interfaces that SageMaker makes have no public address."""
    recorder.lookups = looked_up(route)
    found = []
    recorder.run(lambda: found.append(ways_of(["subnet-1", "subnet-1"])))

    assert found[0].out is out
    assert (found[0].vpc_id, found[0].one_a_zone) == ("vpc-1", ("subnet-1",))


def test_a_network_that_can_not_be_looked_up_is_one_clear_error(recorder: Recorder) -> None:
    recorder.lookups = {"aws:ec2/getSubnet:getSubnet": "no such subnet"}

    with pytest.raises(pulumi.RunError, match=r"about subnet subnet-1 .*no such subnet"):
        recorder.run(lambda: ways_of(["subnet-1"]))
