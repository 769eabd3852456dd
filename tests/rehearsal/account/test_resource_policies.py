"""Policies of buckets, repositories, keys and VPC endpoints: what they say, and what follows with the role's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from account_world import ACCOUNT, REGION, put_configuration, put_ground, put_model, wait
from botocore.exceptions import ClientError

from rehearsal.account.authorisation import Decision
from rehearsal.account.resource_policies import Asked, Principal, decide, root_of, said

if TYPE_CHECKING:
    from account_world import World

OTHER = "999988887777"
ROLE = Principal(OTHER, f"arn:aws:sts::{OTHER}:assumed-role/reader/now", f"arn:aws:iam::{OTHER}:role/reader")
OBJECT = "arn:aws:s3:::trees/model.tar.gz"
YES, NO = Decision(True, "own"), Decision(False, "own")
FORBIDDEN = Decision(False, "own", denied=True)


def policy(principal: Any, effect: str = "Allow", resource: str = "arn:aws:s3:::trees/*", **more: Any) -> str:
    """A policy of one statement about reading objects."""
    statement = {"Effect": effect, "Principal": principal, "Action": "s3:GetObject", "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def verdict(text: str | None, action: str = "s3:GetObject", **context: str) -> tuple[str, bool]:
    """What a policy says of the role's reading the object, and whether it means the role itself."""
    found = said(text, Asked(ROLE, action, OBJECT, context))
    return found.outcome, found.directly


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ("none", False)),
        (policy("*"), ("allow", True)),
        (policy({"AWS": "*"}), ("allow", True)),
        (policy({"AWS": OTHER}), ("allow", False)),
        (policy({"AWS": root_of(OTHER).arn}), ("allow", False)),
        (policy({"AWS": [ROLE.role, root_of(ACCOUNT).arn]}), ("allow", True)),
        (policy({"AWS": ROLE.arn}), ("allow", True)),
        (policy({"AWS": root_of(ACCOUNT).arn}), ("none", False)),
        (policy({"Service": "sagemaker.amazonaws.com"}), ("none", False)),
        (policy({"AWS": OTHER}, "Deny"), ("deny", True)),
        (policy({"AWS": OTHER}, resource="arn:aws:s3:::oaks/*"), ("none", False)),
        (policy("*", Condition={"StringEquals": {"aws:PrincipalAccount": OTHER}}), ("allow", True)),
        (policy("*", Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}), ("none", False)),
        (policy("*", "Deny", Condition={"Bool": {"aws:SecureTransport": "false"}}), ("none", False)),
        (policy("*", "Deny", Condition={"Null": {"aws:SourceVpce": "true"}}), ("deny", True)),
        (policy("*", Condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/r*"}}), ("allow", True)),
    ],
)
def test_a_statement_is_about_whom_it_names_and_what_its_conditions_allow(
    text: str | None, expected: tuple[str, bool]
) -> None:
    assert verdict(text) == expected


def test_a_policy_that_is_no_json_or_is_about_another_action_says_nothing() -> None:
    assert verdict("Resource: arn:aws:s3:::{bucket}") == ("none", False)
    assert verdict(policy("*"), "s3:PutObject") == ("none", False)


@pytest.mark.parametrize(
    ("own", "text", "same", "allowed"),
    [
        (YES, None, True, True),
        (YES, None, False, False),
        (NO, policy({"AWS": OTHER}), False, False),
        (YES, policy({"AWS": OTHER}), False, True),
        (NO, policy({"AWS": ROLE.role}), True, True),
        (NO, policy({"AWS": OTHER}), True, False),
        (NO, policy({"AWS": ROLE.role}), False, False),
        (FORBIDDEN, policy({"AWS": ROLE.role}), True, False),
        (YES, policy("*", "Deny"), True, False),
    ],
)
def test_one_policy_is_enough_within_an_account_and_both_are_needed_between_two(
    own: Decision, text: str | None, same: bool, allowed: bool
) -> None:
    found = decide(own, said(text, Asked(ROLE, "s3:GetObject", OBJECT)), same_account=same)

    assert found.allowed is allowed


@pytest.fixture(scope="module")
def ground(world: World) -> dict[str, Any]:
    """What an endpoint needs, and an endpoint in the VPC."""
    made = put_ground(world, "policies")
    put_model(world, made, "policies", VpcConfig={"Subnets": [made["subnet"]], "SecurityGroupIds": [made["group"]]})
    put_configuration(world, "policies", "policies")
    world.sagemaker.create_endpoint(EndpointName="policies", EndpointConfigName="policies")
    wait(world, "policies", "InService")
    return made


def problems(world: World) -> list[str]:
    """Why the endpoint couldn't be started again."""
    return [each["reason"] for found in world.account.examine() for each in found["problems"]]


def statement(ground: dict[str, Any], effect: str, action: str, resource: Any = None) -> str:
    """A policy about the execution role."""
    made = {"Effect": effect, "Principal": {"AWS": ground["role"]}, "Action": action}
    return json.dumps({"Version": "2012-10-17", "Statement": [made | ({"Resource": resource} if resource else {})]})


def test_a_deny_of_the_bucket_breaks_the_endpoint_whatever_the_role_may(world: World, ground: dict[str, Any]) -> None:
    s3 = world.client("s3")
    text = statement(ground, "Deny", "s3:GetObject", f"arn:aws:s3:::{ground['bucket']}/*")
    s3.put_bucket_policy(Bucket=ground["bucket"], Policy=text)
    found = problems(world)
    s3.delete_bucket_policy(Bucket=ground["bucket"])

    assert any("the bucket policy denies s3:GetObject" in reason for reason in found)
    assert problems(world) == []


def test_a_deny_of_the_repository_breaks_it_too(world: World, ground: dict[str, Any]) -> None:
    ecr = world.client("ecr")
    ecr.set_repository_policy(repositoryName=ground["name"], policyText=statement(ground, "Deny", "ecr:BatchGetImage"))
    found = problems(world)
    ecr.delete_repository_policy(repositoryName=ground["name"])

    assert any("the repository policy denies ecr:BatchGetImage" in reason for reason in found)


def test_an_allow_of_the_bucket_replaces_one_of_the_role(world: World, ground: dict[str, Any]) -> None:
    iam, s3 = world.client("iam"), world.client("s3")
    kept = iam.get_role_policy(RoleName=ground["name"], PolicyName="rights")["PolicyDocument"]
    without = {**kept, "Statement": [each for each in kept["Statement"] if each["Action"] != "s3:GetObject"]}
    iam.put_role_policy(RoleName=ground["name"], PolicyName="rights", PolicyDocument=json.dumps(without))
    before = problems(world)
    text = statement(ground, "Allow", "s3:GetObject", f"arn:aws:s3:::{ground['bucket']}/*")
    s3.put_bucket_policy(Bucket=ground["bucket"], Policy=text)
    after = problems(world)
    iam.put_role_policy(RoleName=ground["name"], PolicyName="rights", PolicyDocument=json.dumps(kept))
    s3.delete_bucket_policy(Bucket=ground["bucket"])

    assert any("s3:GetObject" in reason for reason in before)
    assert after == []


def test_the_policy_of_the_vpcs_endpoint_for_s3_has_to_let_the_artifact_through(
    world: World, ground: dict[str, Any]
) -> None:
    ec2 = world.client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=[ground["subnet"]])["Subnets"][0]["VpcId"]
    service = f"com.amazonaws.{REGION}.s3"
    narrow = policy("*", resource="arn:aws:s3:::somewhere-else/*")
    asked = {"VpcId": vpc, "ServiceName": service, "VpcEndpointType": "Gateway"}
    made = ec2.create_vpc_endpoint(**asked, PolicyDocument=narrow)["VpcEndpoint"]
    found = problems(world)
    ec2.modify_vpc_endpoint(VpcEndpointId=made["VpcEndpointId"], ResetPolicy=True)
    after = problems(world)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])

    assert any(f"no policy of VPC endpoint {made['VpcEndpointId']} allows s3:GetObject" in each for each in found)
    assert after == []


def test_a_grant_lets_a_role_decrypt_until_it_is_revoked(world: World, ground: dict[str, Any]) -> None:
    kms, s3 = world.client("kms"), world.client("s3")
    own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [own]}))["KeyMetadata"]["Arn"]
    body = s3.get_object(Bucket=ground["bucket"], Key="m/model.tar.gz")["Body"].read()
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    s3.put_object(Bucket=ground["bucket"], Key="m/model.tar.gz", Body=body, **encrypted)
    before = problems(world)
    grant = kms.create_grant(KeyId=key, GranteePrincipal=ground["role"], Operations=["Decrypt"])["GrantId"]
    during = problems(world)
    kms.revoke_grant(KeyId=key, GrantId=grant)
    after = problems(world)
    s3.put_object(Bucket=ground["bucket"], Key="m/model.tar.gz", Body=body)

    assert any("kms:Decrypt" in reason for reason in before)
    assert during == []
    assert any("kms:Decrypt" in reason for reason in after)


def test_a_grant_to_a_bare_account_number_is_refused(world: World, ground: dict[str, Any]) -> None:
    """CreateGrant, GranteePrincipal: "use the Amazon Resource Name (ARN) of an AWS principal"."""
    with pytest.raises(ClientError, match="InvalidArnException"):
        world.client("kms").create_grant(KeyId=ground["key"], GranteePrincipal=OTHER, Operations=["Decrypt"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{'Version': '2012-10-17'}", "valid JSON"),
        (policy("*", resource="arn:aws:s3:::{bucket}/*"), "invalid resource"),
        (policy("*", resource="Resource: arn:aws:s3:::policies-artifacts"), "invalid resource"),
        (policy({"AWS": "1234"}, resource="arn:aws:s3:::policies-artifacts/*"), "Invalid principal"),
    ],
)
def test_a_bucket_policy_as_on_the_registrys_page_is_refused(
    world: World, ground: dict[str, Any], text: str, words: str
) -> None:
    """Its example lacks the prefix of an f-string, and one resource holds the text `Resource: `."""
    with pytest.raises(ClientError, match=words):
        world.client("s3").put_bucket_policy(Bucket=ground["bucket"], Policy=text)


def test_a_pipeline_names_all_of_its_containers_or_none(world: World, ground: dict[str, Any]) -> None:
    container = {"Image": ground["image"], "ModelDataUrl": ground["url"]}
    named = {**container, "ContainerHostname": "first"}
    make = world.sagemaker.create_model

    with pytest.raises(ClientError, match="for every container"):
        make(ModelName="half", ExecutionRoleArn=ground["role"], Containers=[named, container])
    with pytest.raises(ClientError, match="must be unique"):
        make(ModelName="twice", ExecutionRoleArn=ground["role"], Containers=[named, named])
    with pytest.raises(ClientError, match="less than or equal to 15"):
        make(ModelName="many", ExecutionRoleArn=ground["role"], Containers=[container] * 16)
