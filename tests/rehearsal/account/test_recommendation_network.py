"""A recommendation job fails for each piece that the account's own EC2, S3, ECR, IAM and KMS state lacks, by itself."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from account_world import ACCOUNT, REGION, artifact
from botocore.exceptions import ClientError
from recommendation_world import (
    PAYLOAD,
    SERVICE,
    Ground,
    bucket_policy,
    put_endpoint,
    put_job_ground,
    register,
    to_s3,
    to_subnets,
)

from rehearsal.account.recommendations.network import PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from account_world import World

PREFIX = "10.7"
EVERYTHING = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@pytest.fixture(scope="module")
def ground(world: World) -> Ground:
    """All that a job needs; each test takes something away and puts it back."""
    return put_job_ground(world, "network")


@pytest.fixture(autouse=True)
def nothing_stays(ground: Ground) -> Iterator[None]:
    """However a job ends, its addresses are given back."""
    before = ground.free()
    yield

    assert ground.free() == before
    assert ground.interfaces() == []


counter = iter(range(1000))


def reason(ground: Ground, **changes: Any) -> str:
    """Why a job fails."""
    done = ground.run(f"job-{next(counter)}", **changes)
    assert done["Status"] == "FAILED", done
    assert [each["Status"] for each in ground.steps(done["JobName"])] == ["FAILED"]
    assert "InferenceRecommendations" not in done
    return str(done["FailureReason"])


def works(ground: Ground, **changes: Any) -> None:
    """A job is completed."""
    done = ground.run(f"job-{next(counter)}", **changes)
    assert done["Status"] == "COMPLETED", done.get("FailureReason")


@contextmanager
def policy(world: World, bucket: str, condition: dict[str, Any]) -> Iterator[None]:
    """A bucket policy for a while."""
    s3 = world.client("s3")
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, condition))
    yield
    s3.delete_bucket_policy(Bucket=bucket)


@contextmanager
def egress(ground: Ground, *rules: dict[str, Any]) -> Iterator[None]:
    """Other egress rules for a while."""
    ec2 = ground.world.client("ec2")

    def put(wanted: list[dict[str, Any]]) -> None:
        there = ec2.describe_security_groups(GroupIds=[ground.group])["SecurityGroups"][0]["IpPermissionsEgress"]
        ec2.revoke_security_group_egress(GroupId=ground.group, IpPermissions=there)
        ec2.authorize_security_group_egress(GroupId=ground.group, IpPermissions=wanted)

    put(list(rules))
    yield
    put([to_s3(ground), to_subnets(PREFIX)])


def fill(ground: Ground, subnet: str, addresses: int) -> str:
    """An interface that takes up so many addresses of a subnet."""
    asked = {"SubnetId": subnet, "SecondaryPrivateIpAddressCount": addresses - 1}
    return str(ground.world.client("ec2").create_network_interface(**asked)["NetworkInterface"]["NetworkInterfaceId"])


def test_without_a_gateway_endpoint_nothing_is_reached(world: World, ground: Ground) -> None:
    """Put back, the job works again."""
    world.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[ground.endpoint])
    said = reason(ground)
    ground.endpoint = put_endpoint(world, ground)

    assert f"no route to an available gateway endpoint of {SERVICE}" in said
    works(ground)


def test_an_endpoint_on_other_route_tables_does_not_help(world: World, ground: Ground) -> None:
    ec2 = world.client("ec2")
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, RemoveRouteTableIds=[ground.table])
    said = reason(ground)
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, AddRouteTableIds=[ground.table])

    assert f"Unable to reach Amazon S3 from subnet '{ground.subnets[0]}'" in said


def test_a_subnet_that_uses_another_table_is_named(world: World, ground: Ground) -> None:
    """One of two subnets without a way is enough."""
    ec2 = world.client("ec2")
    tables = ec2.describe_route_tables(RouteTableIds=[ground.table])["RouteTables"][0]["Associations"]
    association = next(a["RouteTableAssociationId"] for a in tables if a.get("SubnetId") == ground.subnets[1])
    ec2.disassociate_route_table(AssociationId=association)
    said = reason(ground)
    ec2.associate_route_table(RouteTableId=ground.table, SubnetId=ground.subnets[1])

    assert f"from subnet '{ground.subnets[1]}'" in said
    assert ground.subnets[0] not in said


@pytest.mark.parametrize(
    ("statement", "passes"),
    [
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::another/*"}, False),
        ({"Action": "s3:*", "Resource": "*"}, True),
    ],
)
def test_the_endpoint_s_policy_has_to_let_through(
    world: World, ground: Ground, statement: dict[str, str], passes: bool
) -> None:
    ec2 = world.client("ec2")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", **statement}]}
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, PolicyDocument=json.dumps(document))
    if passes:
        works(ground)
    else:
        said = reason(ground)
        assert f"VPC endpoint {ground.endpoint}" in said
        assert "s3:GetObject" in said
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, ResetPolicy=True)


def test_egress_to_s3_is_needed(ground: Ground) -> None:
    with egress(ground, to_subnets(PREFIX)):
        said = reason(ground)

    assert f"prefix list {ground.prefix_list}" in said


def test_egress_to_the_subnets_is_needed(ground: Ground) -> None:
    with egress(ground, to_s3(ground)):
        said = reason(ground)

    assert f"do not allow outbound communication to {PREFIX}.0.0/28" in said


def test_egress_to_everywhere_is_enough(ground: Ground) -> None:
    with egress(ground, EVERYTHING):
        works(ground)


def test_names_must_resolve(world: World, ground: Ground) -> None:
    ec2 = world.client("ec2")
    ec2.modify_vpc_attribute(VpcId=ground.vpc, EnableDnsSupport={"Value": False})
    said = reason(ground)
    ec2.modify_vpc_attribute(VpcId=ground.vpc, EnableDnsSupport={"Value": True})

    assert f"DNS support (enableDnsSupport) of VPC '{ground.vpc}' is off" in said


def test_each_of_the_eleven_permissions_is_needed(ground: Ground) -> None:
    """Two of them taken away are both named."""
    ground.grant([each for each in PERMISSIONS if each not in PERMISSIONS[4:6]])
    said = reason(ground)
    ground.grant(list(PERMISSIONS))

    assert f"{PERMISSIONS[4]}, {PERMISSIONS[5]}." in said


def test_sagemaker_s_managed_policy_counts_as_granting_them(world: World, ground: Ground) -> None:
    """Though its document hasn't ec2:ModifyNetworkInterfaceAttribute."""
    iam = world.client("iam")
    arn = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    iam.delete_role_policy(RoleName=ground.name, PolicyName="network")
    iam.attach_role_policy(RoleName=ground.name, PolicyArn=arn)
    works(ground)
    iam.detach_role_policy(RoleName=ground.name, PolicyArn=arn)
    ground.grant(list(PERMISSIONS))


def test_full_subnets_fail_a_job_and_leave_nothing_behind(world: World, ground: Ground) -> None:
    """Also when there is room for one of the two addresses."""
    ec2 = world.client("ec2")
    taken = [fill(ground, subnet, 11 - number) for number, subnet in enumerate(ground.subnets)]
    said = reason(ground)
    left = ground.free()
    for each in taken:
        ec2.delete_network_interface(NetworkInterfaceId=each)

    assert "There are not enough free addresses" in said
    assert left == 1


def test_two_tests_at_a_time_need_four_addresses(world: World, ground: Ground) -> None:
    """With room for one, the other fails and the job is completed in part; one after the other both pass."""
    ec2 = world.client("ec2")
    only = {"Subnets": ground.subnets[:1], "SecurityGroupIds": [ground.group]}
    taken = [fill(ground, ground.subnets[0], 8)]
    types = ("ml.m5.large", "ml.c5.large")
    both = ground.run("both", *types, VpcConfig=only)
    steps = ground.steps("both")
    in_turn = ground.run("in-turn", *types, VpcConfig=only, ResourceLimit={"MaxParallelOfTests": 1})
    for each in taken:
        ec2.delete_network_interface(NetworkInterfaceId=each)

    assert [each["Status"] for each in steps] == ["COMPLETED", "FAILED"]
    assert "not enough free addresses" in steps[1]["InferenceBenchmark"]["FailureReason"]
    assert (both["Status"], len(both["InferenceRecommendations"])) == ("COMPLETED", 1)
    assert len(in_turn["InferenceRecommendations"]) == 2


def test_a_running_job_holds_its_subnets_and_groups(world: World, ground: Ground) -> None:
    """Neither they nor its interfaces can be deleted under it."""
    ec2 = world.client("ec2")
    ground.ask("holding", "ml.m5.large")
    world.account.advance(60)
    held = ground.interfaces()[0]["NetworkInterfaceId"]
    codes = []
    for call, named in (
        (ec2.delete_subnet, {"SubnetId": ground.interfaces()[0]["SubnetId"]}),
        (ec2.delete_security_group, {"GroupId": ground.group}),
        (ec2.delete_network_interface, {"NetworkInterfaceId": held}),
    ):
        with pytest.raises(ClientError) as caught:
            call(**named)
        codes.append(caught.value.response["Error"]["Code"])
    ground.wait("holding")

    assert codes == ["DependencyViolation", "DependencyViolation", "InvalidParameterValue"]


def test_what_is_taken_away_in_the_middle_fails_only_what_comes_after(world: World, ground: Ground) -> None:
    """Partial results are kept."""
    ec2 = world.client("ec2")
    ground.ask("middle", "ml.m5.large", "ml.c5.large", ResourceLimit={"MaxParallelOfTests": 1})
    world.account.advance(31 + 180 + 10)
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, RemoveRouteTableIds=[ground.table])
    done = ground.wait("middle")
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, AddRouteTableIds=[ground.table])

    assert [each["Status"] for each in ground.steps("middle")] == ["COMPLETED", "FAILED"]
    assert (done["Status"], len(done["InferenceRecommendations"])) == ("COMPLETED", 1)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringNotEquals": {"aws:SourceVpce": "the endpoint"}},
        {"StringNotEquals": {"aws:SourceVpc": "the vpc"}},
        {"Null": {"aws:SourceVpc": "true"}},
    ],
)
def test_a_bucket_that_is_limited_to_the_vpc_fails_the_job(
    world: World, ground: Ground, condition: dict[str, dict[str, str]]
) -> None:
    """The registry and the job read from outside, though the instances would come by the right endpoint."""
    named = {"the endpoint": ground.endpoint, "the vpc": ground.vpc}
    filled = {op: {key: named.get(value, value) for key, value in keys.items()} for op, keys in condition.items()}
    with policy(world, ground.made["bucket"], filled):
        said = reason(ground)

    assert "Failed to download model data" in said
    assert "it allows requests from a VPC only, and this one comes from outside" in said


def test_a_bucket_that_is_closed_to_the_vpc_fails_the_instances(world: World, ground: Ground) -> None:
    """The other way round: outside all is well, by the endpoint it isn't."""
    with policy(world, ground.made["bucket"], {"StringEquals": {"aws:SourceVpce": ground.endpoint}}):
        said = reason(ground)
        works(ground, vpc=False)

    assert f"denies s3:GetObject on arn:aws:s3:::{ground.made['bucket']}/m/model.tar.gz" in said


def test_an_image_that_is_limited_to_the_vpc_fails_the_job(world: World, ground: Ground) -> None:
    ecr = world.client("ecr")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "ecr:BatchGetImage",
        "Condition": {"StringNotEquals": {"aws:SourceVpc": ground.vpc}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ecr.set_repository_policy(repositoryName=ground.name, policyText=document)
    said = reason(ground)
    ecr.delete_repository_policy(repositoryName=ground.name)

    assert "ecr:BatchGetImage" in said or "BatchGetImage permission" in said


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"5.1,3.5,1.4,0.2", "is not a gzip compressed tar archive"),
        (PAYLOAD[:40], "is not a gzip compressed tar archive"),
        (b"", "is empty"),
        (None, "there is no object at the sample payload URL"),
    ],
)
def test_a_payload_that_is_no_archive_fails_the_job(
    world: World, ground: Ground, body: bytes | None, words: str
) -> None:
    """Before any instance is started."""
    s3 = world.client("s3")
    key = f"other-{words[-9:].strip()}.tar.gz"
    if body is not None:
        s3.put_object(Bucket=ground.made["bucket"], Key=key, Body=body)
    package = register(
        world, ground, SamplePayloadUrl=f"s3://{ground.made['bucket']}/{key if body is not None else 'x'}"
    )
    said = reason(ground, ModelPackageVersionArn=package)

    assert said.startswith("PayloadError when calling InvokeEndpoint operation: ")
    assert words in said


def test_what_disappeared_since_the_registration_fails_the_job(world: World, ground: Ground) -> None:
    s3 = world.client("s3")
    s3.delete_object(Bucket=ground.made["bucket"], Key="m/model.tar.gz")
    said = reason(ground)
    s3.put_object(Bucket=ground.made["bucket"], Key="m/model.tar.gz", Body=artifact("iris"))

    assert "Failed to download model data" in said


def test_a_key_that_the_role_may_not_use_fails_the_job(world: World, ground: Ground) -> None:
    """kms:CreateGrant for the volumes, kms:GenerateDataKey for the output."""
    key = ground.made["key"]
    volume = reason(ground, VolumeKmsKeyId=key)
    output = reason(ground, request={"OutputConfig": {"KmsKeyId": key}})
    ground.grant([*PERMISSIONS, "kms:CreateGrant", "kms:GenerateDataKey"])
    works(ground, VolumeKmsKeyId=key)
    ground.grant(list(PERMISSIONS))

    assert "kms:CreateGrant" in volume
    assert "kms:GenerateDataKey" in output


def test_a_quota_of_zero_fails_one_type_and_not_the_others(world: World, ground: Ground) -> None:
    """In the words of SageMaker's ResourceLimitExceeded."""
    world.account.set_quota("ml.c5.large", 0, region=REGION)
    done = ground.run("quota", "ml.c5.large", "ml.m5.large")
    alone = reason(ground, EndpointConfigurations=[{"InstanceType": "ml.c5.large"}])
    world.account.set_quota("ml.c5.large", 20, region=REGION)
    failed = ground.steps("quota", Status="FAILED")

    assert (done["Status"], len(done["InferenceRecommendations"])) == ("COMPLETED", 1)
    assert len(failed) == 1
    assert alone.startswith(
        "ResourceLimitExceeded when calling CreateEndpoint operation: The account-level service limit 'ml.c5.large for "
        "endpoint usage' is 0 Instances"
    )


def test_faults_by_name(world: World, ground: Ground) -> None:
    """No capacity for one type, a model that doesn't process the payload, an answer that is lost."""
    world.account.arm("capacity-error")
    partial = ground.run("capacity", "ml.c5.large", "ml.m5.large")
    world.account.arm("job-fails")
    failed = reason(ground)
    world.account.arm("lost-response")
    with pytest.raises(Exception, match=r"closed|reset|Connection"):
        ground.ask("lost", "ml.m5.large")

    assert len(partial["InferenceRecommendations"]) == 1
    assert (
        "InsufficientInstanceCapacity"
        in ground.steps("capacity", Status="FAILED")[0]["InferenceBenchmark"]["FailureReason"]
    )
    assert failed.startswith("ModelError when calling InvokeEndpoint operation")
    assert ground.wait("lost")["Status"] == "COMPLETED"


def test_networks_that_do_not_exist_or_do_not_belong_together_fail_the_job(world: World, ground: Ground) -> None:
    nowhere = {"Subnets": ["subnet-0123456789abcdef0"], "SecurityGroupIds": [ground.group]}
    elsewhere = {"Subnets": ground.subnets, "SecurityGroupIds": [ground.made["group"]]}

    assert "subnet ID 'subnet-0123456789abcdef0' does not exist" in reason(ground, VpcConfig=nowhere)
    assert "belong to different VPCs" in reason(ground, VpcConfig=elsewhere)


def test_a_role_that_can_t_be_assumed_is_refused(ground: Ground) -> None:
    with pytest.raises(
        ClientError, match="Provided role ARN cannot be assumed and an AWSSecurityTokenServiceException"
    ):
        ground.ask("role", "ml.m5.large", request={"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"})
