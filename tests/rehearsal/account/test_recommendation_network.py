"""A recommendation job fails for each piece of its network that the account's own EC2 and IAM state lacks."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from recommendation_world import SERVICE, Ground, put_endpoint, put_job_ground, to_s3, to_subnets

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
    said = ground.reason()
    ground.endpoint = put_endpoint(world, ground)

    assert f"no route to an available gateway endpoint of {SERVICE}" in said
    ground.works()


def test_an_endpoint_on_other_route_tables_does_not_help(world: World, ground: Ground) -> None:
    ec2 = world.client("ec2")
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, RemoveRouteTableIds=[ground.table])
    said = ground.reason()
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, AddRouteTableIds=[ground.table])

    assert f"Unable to reach Amazon S3 from subnet '{ground.subnets[0]}'" in said


def test_a_subnet_that_uses_another_table_is_named(world: World, ground: Ground) -> None:
    """One of two subnets without a way is enough."""
    ec2 = world.client("ec2")
    tables = ec2.describe_route_tables(RouteTableIds=[ground.table])["RouteTables"][0]["Associations"]
    association = next(a["RouteTableAssociationId"] for a in tables if a.get("SubnetId") == ground.subnets[1])
    ec2.disassociate_route_table(AssociationId=association)
    said = ground.reason()
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
        ground.works()
    else:
        said = ground.reason()
        assert f"VPC endpoint {ground.endpoint}" in said
        assert "s3:GetObject" in said
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, ResetPolicy=True)


def test_egress_to_s3_is_needed(ground: Ground) -> None:
    with egress(ground, to_subnets(PREFIX)):
        said = ground.reason()

    assert f"prefix list {ground.prefix_list}" in said


def test_egress_to_the_subnets_is_needed(ground: Ground) -> None:
    with egress(ground, to_s3(ground)):
        said = ground.reason()

    assert f"do not allow outbound communication to {PREFIX}.0.0/28" in said


def test_egress_to_everywhere_is_enough(ground: Ground) -> None:
    with egress(ground, EVERYTHING):
        ground.works()


def test_names_must_resolve(world: World, ground: Ground) -> None:
    ec2 = world.client("ec2")
    ec2.modify_vpc_attribute(VpcId=ground.vpc, EnableDnsSupport={"Value": False})
    said = ground.reason()
    ec2.modify_vpc_attribute(VpcId=ground.vpc, EnableDnsSupport={"Value": True})

    assert f"DNS support (enableDnsSupport) of VPC '{ground.vpc}' is off" in said


def test_each_of_the_eleven_permissions_is_needed(ground: Ground) -> None:
    """Two of them taken away are both named."""
    ground.grant([each for each in PERMISSIONS if each not in PERMISSIONS[4:6]])
    said = ground.reason()
    ground.grant(list(PERMISSIONS))

    assert f"{PERMISSIONS[4]}, {PERMISSIONS[5]}." in said


def test_sagemaker_s_managed_policy_counts_as_granting_them(world: World, ground: Ground) -> None:
    """Though its document hasn't ec2:ModifyNetworkInterfaceAttribute."""
    iam = world.client("iam")
    arn = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    iam.delete_role_policy(RoleName=ground.name, PolicyName="network")
    iam.attach_role_policy(RoleName=ground.name, PolicyArn=arn)
    ground.works()
    iam.detach_role_policy(RoleName=ground.name, PolicyArn=arn)
    ground.grant(list(PERMISSIONS))


def test_full_subnets_fail_a_job_and_leave_nothing_behind(world: World, ground: Ground) -> None:
    """Also when there is room for one of the two addresses."""
    ec2 = world.client("ec2")
    taken = [fill(ground, subnet, 11 - number) for number, subnet in enumerate(ground.subnets)]
    said = ground.reason()
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


def test_networks_that_do_not_exist_or_do_not_belong_together_fail_the_job(world: World, ground: Ground) -> None:
    nowhere = {"Subnets": ["subnet-0123456789abcdef0"], "SecurityGroupIds": [ground.group]}
    elsewhere = {"Subnets": ground.subnets, "SecurityGroupIds": [ground.made["group"]]}

    assert "subnet ID 'subnet-0123456789abcdef0' does not exist" in ground.reason(VpcConfig=nowhere)
    assert "belong to different VPCs" in ground.reason(VpcConfig=elsewhere)
