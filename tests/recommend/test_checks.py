"""What is looked at before a job: each thing that is missing in the account is told, and a job there would fail on it.

The account judges by itself: what the checks refuse, a job fails on, and what they pass it completes on.
"""

from __future__ import annotations

import itertools
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from account_world import REGION
from recommend_world import FROM_VPC, limited_image
from recommendation_world import bucket_policy, to_s3, to_subnets

from guards.live import Account
from pipeline.recommend import checks
from pipeline.recommend import ground as names
from pipeline.recommend.ground import Ground as Looked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recommend_world import Recommending
    from recommendation_world import Ground

    from findings.finding import Finding

Change = Any
NUMBERS = itertools.count(1)


@pytest.fixture
def account(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr("guards.live.Account.client", lambda _, service: ground.world.client(service))
    return Account(region=REGION)


def looked(account: Account, ground: Ground, **changed: Any) -> dict[str, Finding]:
    """The findings by check; of two, the one that says the worst."""
    found = checks.findings(account, looked_at(ground, **changed))
    return {one.name: one for one in sorted(found, key=lambda one: one.outcome != "passed")}


def looked_at(ground: Ground, **changed: Any) -> Looked:
    given = {
        "version": ground.package,
        "role": ground.role,
        "subnets": tuple(ground.subnets),
        "groups": (ground.group,),
        "bucket": ground.made["bucket"],
        "types": ("ml.m5.large",),
        **changed,
    }
    return Looked(**given)


def wrong(found: dict[str, Finding]) -> dict[str, str]:
    return {name: one.outcome for name, one in found.items() if one.outcome != "passed"}


def test_where_nothing_is_missing_every_check_passes_and_a_job_completes(account: Account, ground: Ground) -> None:
    key = ground.made["key"]
    with may_use(ground, key):
        found = looked(account, ground, key=key)
        done = ground.run("sound", VolumeKmsKeyId=key, request={"OutputConfig": {"KmsKeyId": key}})

    assert set(found) == set(names.CHECKS)
    assert wrong(found) == {}
    assert done["Status"] == "COMPLETED"


@contextmanager
def may_use(ground: Ground, key: str) -> Iterator[None]:
    """The role may do with a key what a job does with it."""
    iam, uses = ground.world.client("iam"), ["kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": uses, "Resource": key}]}
    iam.put_role_policy(RoleName=ground.name, PolicyName="key", PolicyDocument=json.dumps(document))
    yield
    iam.delete_role_policy(RoleName=ground.name, PolicyName="key")


def test_the_key_of_what_a_job_writes_that_its_role_may_not_use_is_told(account: Account, ground: Ground) -> None:
    """One finding for each use; none of the volumes where the instances encrypt their own."""
    key = ground.made["key"]
    told = [one for one in checks.findings(account, looked_at(ground, key=key)) if one.name == names.KEYS]
    local = checks.findings(account, looked_at(ground, key=key, types=("ml.m5d.large",)))
    gone = looked(account, ground, key=f"{key}-gone")[names.KEYS]

    assert [one.outcome for one in told] == ["violated"] * 3
    assert [one.message.partition(" may not do ")[2].partition(" ")[0] for one in told] == [
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "kms:CreateGrant",
    ]
    assert sum(one.name == names.KEYS for one in local) == 2
    assert "is not there" in gone.message
    assert ground.run("keyed", request={"OutputConfig": {"KmsKeyId": key}})["Status"] == "FAILED"


@contextmanager
def without_endpoint(ground: Ground) -> Iterator[None]:
    """The table is taken from the endpoint."""
    ec2 = ground.world.client("ec2")
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, RemoveRouteTableIds=[ground.table])
    yield
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, AddRouteTableIds=[ground.table])


@contextmanager
def narrow_endpoint(ground: Ground) -> Iterator[None]:
    """The endpoint's policy lets another bucket through only."""
    ec2 = ground.world.client("ec2")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::another/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, PolicyDocument=document)
    yield
    ec2.modify_vpc_endpoint(VpcEndpointId=ground.endpoint, ResetPolicy=True)


@contextmanager
def without_dns(ground: Ground) -> Iterator[None]:
    ec2 = ground.world.client("ec2")
    ec2.modify_vpc_attribute(VpcId=ground.vpc, EnableDnsSupport={"Value": False})
    yield
    ec2.modify_vpc_attribute(VpcId=ground.vpc, EnableDnsSupport={"Value": True})


def without_rule(rule: Callable[[Ground], dict[str, Any]]) -> Change:
    @contextmanager
    def change(ground: Ground) -> Iterator[None]:
        ec2 = ground.world.client("ec2")
        ec2.revoke_security_group_egress(GroupId=ground.group, IpPermissions=[rule(ground)])
        yield
        ec2.authorize_security_group_egress(GroupId=ground.group, IpPermissions=[rule(ground)])

    return change


@contextmanager
def without_a_permission(ground: Ground) -> Iterator[None]:
    from knowledge.recommendations import NETWORK_PERMISSIONS

    ground.grant([one for one in NETWORK_PERMISSIONS if one != "ec2:ModifyNetworkInterfaceAttribute"])
    yield
    ground.grant([*NETWORK_PERMISSIONS])


@contextmanager
def limited_bucket(ground: Ground) -> Iterator[None]:
    s3, bucket = ground.world.client("s3"), ground.made["bucket"]
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, FROM_VPC))
    yield
    s3.delete_bucket_policy(Bucket=bucket)


@contextmanager
def encrypted_artifact(ground: Ground) -> Iterator[None]:
    """By a key that the role may not use; the content is the same."""
    s3, place = ground.world.client("s3"), {"Bucket": ground.made["bucket"], "Key": "m/model.tar.gz"}
    body = s3.get_object(**place)["Body"].read()
    s3.put_object(**place, Body=body, ServerSideEncryption="aws:kms", SSEKMSKeyId=ground.made["key"])
    yield
    s3.put_object(**place, Body=body)


LIMITED = "only from a VPC"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (without_endpoint, {names.ROUTES: "A second endpoint isn't made beside yours"}),
        (narrow_endpoint, {names.POLICY: "doesn't let s3:GetObject"}),
        (without_dns, {names.DNS: "DNS support off"}),
        (without_rule(to_s3), {names.GROUPS: "Amazon S3 (prefix list pl-"}),
        (without_rule(lambda _: to_subnets("10.7")), {names.GROUPS: "10.7.0.0/28, 10.7.1.0/28"}),
        (without_a_permission, {names.ROLE: "lacks ec2:ModifyNetworkInterfaceAttribute"}),
        (limited_bucket, {names.ARTIFACT: LIMITED, names.PAYLOAD: LIMITED}),
        (limited_image, {names.IMAGE: LIMITED}),
        (encrypted_artifact, {names.KEYS: "may not do kms:Decrypt"}),
    ],
    ids=["route", "endpoint-policy", "dns", "to-s3", "to-subnets", "permission", "bucket", "image", "decrypt"],
)
def test_what_is_missing_is_told_and_a_job_fails_on_it(
    account: Account, ground: Ground, change: Change, expected: dict[str, str]
) -> None:
    with change(ground):
        found = looked(account, ground)
        job = ground.run(f"without-{next(NUMBERS)}")

    assert {name for name, outcome in wrong(found).items() if outcome == "violated"} == set(expected)
    assert all(says in found[name].message and found[name].fix for name, says in expected.items())
    assert job["Status"] == "FAILED"


def test_an_endpoint_that_up_makes_is_advice_in_the_preview_and_refuses_before_a_job(
    account: Account, recommending: Recommending, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack whose endpoint somebody deleted believes that it is there: `up` alone doesn't make it again."""
    monkeypatch.setattr("pipeline.recommend.network.Network._endpoints", lambda _: [])
    made = looked(account, recommending.ground, makes_endpoint=True)[names.ROUTES]
    code, said = recommending.holdfast("--yes")

    assert (made.outcome, made.refuses, code) == ("violated", False, 1)
    assert "holdfast refresh" in made.fix
    assert "there is neither a gateway endpoint of it nor a way out" in said
    assert recommending.jobs() == []


def test_what_is_mended_passes_again(account: Account, ground: Ground) -> None:
    """All of the above; what one of them had left behind would be told by the next."""
    assert wrong(looked(account, ground)) == {}


def test_full_access_counts_as_granting_the_eleven(account: Account, ground: Ground) -> None:
    iam, arn = ground.world.client("iam"), "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    with without_a_permission(ground):
        iam.attach_role_policy(RoleName=ground.name, PolicyArn=arn)
        found = looked(account, ground)
        iam.detach_role_policy(RoleName=ground.name, PolicyArn=arn)

    assert found[names.ROLE].outcome == "passed"
    assert "AmazonSageMakerFullAccess" in found[names.ROLE].message


@pytest.mark.parametrize(("instances", "outcome"), [(11, "passed"), (12, "violated")])
def test_two_free_addresses_for_each_instance_of_the_largest_step(
    account: Account, ground: Ground, instances: int, outcome: str
) -> None:
    """Two subnets of eleven each."""
    found = looked(account, ground, instances=instances)[names.ADDRESSES]

    assert found.outcome == outcome
    assert "22" in found.message


def test_what_is_not_there_is_told_once(account: Account, ground: Ground) -> None:
    """And what can't be looked at then isn't."""
    gone = looked(
        account,
        ground,
        version=ground.package.rpartition("/")[0] + "/99",
        role=f"{ground.role}-gone",
        subnets=(ground.subnets[0], "subnet-0123"),
        groups=("sg-0123",),
    )

    assert wrong(gone) == dict.fromkeys((names.VERSION, names.NETWORK, names.GROUPS, names.ROLE), "violated")


def test_what_cannot_be_asked_is_unknown(account: Account, ground: Ground) -> None:
    """Never fine; and the other checks go on."""
    ground.world.account.arm("access-denied:ec2:DescribeRouteTables")
    found = looked(account, ground)

    assert "unknown" in wrong(found).values()
    assert found[names.ROLE].outcome == "passed"
