"""The sweep: which endpoints have SSM access on, since when, until when, and who may connect; doctor's own check."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from account_world import wait

if TYPE_CHECKING:
    from shells_world import Shells

CHECK = ("--check", "ssm-access-is-off-or-ends")
GOOD = {"holdfast:stage": "development", "holdfast:ssm-access-until": "2999-12-31T18:00:00+01:00"}


def diagnosis(shells: Shells, name: str) -> tuple[int, list[dict[str, Any]]]:
    """Doctor's exit code and findings of one endpoint."""
    code, said = shells.holdfast("doctor", *CHECK, "--endpoint", name, "--json")
    (endpoint,) = [each for each in json.loads(said)["endpoints"] if each["name"] == name]
    return code, endpoint["findings"]


def deploy(shells: Shells, name: str, tags: dict[str, str], *, on: bool = True) -> None:
    """An endpoint with these tags."""
    shells.deploy(name, on=on)
    arn = shells.world.sagemaker.describe_endpoint(EndpointName=name)["EndpointArn"]
    if tags:
        shells.world.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": k, "Value": v} for k, v in tags.items()])
    wait(shells.world, name, "InService")


def test_access_in_order_is_told_as_advice_and_access_that_is_off_is_not(shells: Shells) -> None:
    deploy(shells, "in-order", GOOD)
    deploy(shells, "off", {}, on=False)
    code, (finding,) = diagnosis(shells, "in-order")

    assert code == 0
    assert diagnosis(shells, "off") == (0, [])
    assert "(variant main) is on, since 20" in finding["message"]
    assert "until 2999-12-31T18:00:00+01:00 (in " in finding["message"]
    assert "up to a day, instead of 10 minutes" in finding["message"]


@pytest.mark.parametrize(
    ("name", "changed", "says"),
    [
        ("overdue", {"holdfast:ssm-access-until": "2020-01-01T00:00:00Z"}, "It was to end"),
        ("undated", {"holdfast:ssm-access-until": None}, "Nobody has said when it ends."),
        ("illegible", {"holdfast:ssm-access-until": "2999-01-01T00:00:00"}, "has no time zone"),
        (
            "in-production",
            {"holdfast:stage": "production"},
            "isn't declared as development (holdfast:stage: production)",
        ),
        ("undeclared", {"holdfast:stage": None}, "isn't declared as development"),
    ],
)
def test_access_that_nobody_ends_makes_doctor_fail(
    shells: Shells, name: str, changed: dict[str, str | None], says: str
) -> None:
    """Whoever deployed it, with whatever tool."""
    deploy(shells, name, {key: value for key, value in {**GOOD, **changed}.items() if value})
    code, (finding,) = diagnosis(shells, name)

    assert code == 1
    assert (finding["name"], finding["severity"]) == ("ssm-access-is-off-or-ends", "high")
    assert says in finding["message"]
    assert "Switch it off" in finding["fix"]


def test_who_may_connect_is_read_from_users_groups_and_roles(shells: Shells) -> None:
    """A date that has passed, a Deny and a boundary count; a condition that can't be judged is told as one."""
    deploy(shells, "asked-for", GOOD)
    iam = shells.world.client("iam")

    def may(effect: str = "Allow", **more: Any) -> str:
        statement = {"Effect": effect, "Action": "ssm:StartSession", "Resource": "*", **more}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def dated(moment: str) -> str:
        return may(Condition={"DateLessThan": {"aws:CurrentTime": moment}})

    for name in ("ann", "ben", "cleo", "dan", "eve", "fay"):
        iam.create_user(UserName=name)
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=dated("2999-01-01T00:00:00Z"))
    iam.put_user_policy(UserName="ben", PolicyName="p", PolicyDocument=dated("2020-01-01T00:00:00Z"))
    iam.create_group(GroupName="debuggers")
    iam.put_group_policy(GroupName="debuggers", PolicyName="p", PolicyDocument=may())
    for name in ("cleo", "dan"):
        iam.add_user_to_group(GroupName="debuggers", UserName=name)
    iam.put_user_policy(UserName="dan", PolicyName="p", PolicyDocument=may("Deny"))
    here = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    iam.put_user_policy(UserName="eve", PolicyName="p", PolicyDocument=may(Condition=here))
    policy = iam.create_policy(PolicyName="open", PolicyDocument=may())["Policy"]["Arn"]
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="debugger",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.attach_role_policy(RoleName="debugger", PolicyArn=policy)
    _, (finding,) = diagnosis(shells, "asked-for")

    assert "May connect: role debugger, user ann, user cleo, and on conditions user eve." in finding["message"]
