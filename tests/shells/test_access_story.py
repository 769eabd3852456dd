"""SSM access from beginning to end on the repository's own program: opened, used, refused, closed.

One deployment with access is the beginning of all; every test has a copy of its home.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from story import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STACK = "rehearsal-debugging"
UNTIL = "2999-12-31T18:00:00+01:00"
OPEN = ("--set", "ssmAccess=true", "--set", f"ssmAccessUntil={UNTIL}")
GROUPS = ("/aws/sagemaker/Endpoints/debugging", "/aws/sagemaker/endpoints/debugging")


@pytest.fixture(scope="module")
def opened_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The home and the report of a deployment on which access was switched on."""
    rehearsal = Rehearsal(tmp_path_factory.mktemp("opened") / "home")
    try:
        report = rehearsal.up(*OPEN, stack=STACK)
    finally:
        rehearsal.stop()
    return rehearsal.home, report


@pytest.fixture
def opened(opened_once: tuple[Path, dict[str, Any]], tmp_path: Path) -> Iterator[Rehearsal]:
    """A copy of it."""
    shutil.copytree(opened_once[0], tmp_path / "home")
    rehearsal = Rehearsal(tmp_path / "home")
    yield rehearsal
    rehearsal.stop()


def client(rehearsal: Rehearsal, service: str, **keys: str) -> Any:
    """A client of the emulated account."""
    keys = keys or {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "not-a-secret"}
    return boto3.client(service, region_name="us-east-1", endpoint_url=rehearsal.account().url, **keys)


def target(rehearsal: Rehearsal) -> dict[str, Any]:
    """The only target, as `holdfast connect --json` tells it, with the session document."""
    code, told = rehearsal.holdfast("connect", "debugging", stack=STACK)
    assert code == 0
    return {"Target": told["targets"][0]["id"], "DocumentName": told["document"]}


def steps(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Step and type of what the last run did."""
    return [(step["step"], step["type"].rpartition(":")[2]) for step in report["runs"][-1]["steps"]]


def test_the_plan_says_what_it_costs_and_the_log_has_retention_and_key(
    opened: Rehearsal, opened_once: tuple[Path, dict[str, Any]]
) -> None:
    """In the report of the preview, and in the account."""
    (warning,) = opened_once[1]["warnings"]
    found = client(opened, "logs").describe_log_groups(logGroupNamePrefix="/aws/sagemaker/")["logGroups"]

    assert "performance may suffer" in warning
    assert "up to a day, instead of 10 minutes" in warning
    assert {group["logGroupName"] for group in found} == set(GROUPS)
    for group in found:
        assert group["retentionInDays"] == 30
        assert group["kmsKeyId"].startswith("arn:aws:kms:")


def attach(rehearsal: Rehearsal, name: str) -> Any:
    """A user who has the stack's user policy and nothing else."""
    iam = client(rehearsal, "iam")
    (policy,) = [each for each in iam.list_policies(Scope="Local")["Policies"] if "debugging-ssm" in each["PolicyName"]]
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=policy["Arn"])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    return client(rehearsal, "ssm", **keys)


def code_of(call: Any, **parameters: Any) -> str:
    """The code of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def test_a_user_with_the_policy_connects_logged_and_until_the_end_date(opened: Rehearsal) -> None:
    """To this endpoint, with this document; ends own sessions alone; doctor names who may connect."""
    ann, asked = attach(opened, "ann"), target(opened)
    session = ann.start_session(**asked)["SessionId"]
    foreign = client(opened, "ssm").start_session(**asked)["SessionId"]
    streams = client(opened, "logs").describe_log_streams(logGroupName=GROUPS[0])["logStreams"]
    _, diagnosis = opened.holdfast("doctor", "--check", "ssm-access-is-off-or-ends", stack=STACK)
    (finding,) = diagnosis["endpoints"][0]["findings"]

    assert session.startswith("ann-")
    assert session in [stream["logStreamName"] for stream in streams]
    assert code_of(ann.start_session, Target=asked["Target"]) == "AccessDeniedException"
    assert (
        code_of(ann.start_session, **{**asked, "DocumentName": "SSM-SessionManagerRunShell"}) == "AccessDeniedException"
    )
    assert code_of(ann.terminate_session, SessionId=foreign) == "AccessDeniedException"
    assert ann.terminate_session(SessionId=session)["SessionId"] == session
    assert diagnosis["exit_code"] == 0
    assert f"until {UNTIL}" in finding["message"]
    assert "since 20" in finding["message"]
    assert "May connect: user ann." in finding["message"]


def test_the_access_is_closed_by_a_new_configuration_and_an_update(opened: Rehearsal) -> None:
    """What was made for it goes, guards included; the log stays, and what is in it."""
    before = opened.holdfast("session-logs", "debugging", stack=STACK)[1]["lines"]
    report = opened.up("--set", "ssmAccess=false", stack=STACK)
    done = steps(report)
    code, refused = opened.holdfast("connect", "debugging", stack=STACK)
    after = opened.holdfast("session-logs", "debugging", stack=STACK)[1]["lines"]
    role = client(opened, "iam").list_roles()["Roles"]
    (rights,) = [
        json.dumps(client(opened, "iam").get_role_policy(RoleName=each["RoleName"], PolicyName=name)["PolicyDocument"])
        for each in role
        for name in client(opened, "iam").list_role_policies(RoleName=each["RoleName"])["PolicyNames"]
    ]

    updated = done.index(("update", "Endpoint"))
    assert (
        done.index(("create new", "EndpointConfiguration"))
        < updated
        < done.index(("delete old", "EndpointConfiguration"))
    )
    assert updated < done.index(("delete old", "RolePolicy"))
    assert ("delete", "Document") in done
    assert done.count(("delete", "VpcEndpoint")) == 4
    assert not [step for step in done if step[1] == "LogGroup"]
    assert report["endpoints"][0]["well"]
    assert report["warnings"] == []
    assert "ssmmessages" not in rights
    assert code == 2
    assert "has SSM access off" in refused["errors"][0]
    assert after == before != []


@pytest.mark.parametrize(
    ("settings", "name", "says"),
    [
        ({"ssmAccessUntil": "2020-01-01T00:00:00Z"}, "ssm-access-has-an-end-date", "has passed"),
        ({"stage": "production"}, "production-variants-have-no-ssm-access", "a production endpoint"),
    ],
    ids=["expired", "production"],
)
def test_without_an_end_to_come_or_on_production_the_preview_refuses_it(
    opened: Rehearsal, settings: dict[str, Any], name: str, says: str
) -> None:
    """Nothing is touched, and destroying such a stack isn't kept from anybody."""
    before = opened.fingerprint(STACK)
    chosen = {"ssmAccess": True, "ssmAccessUntil": UNTIL, **settings}
    code, report = opened.holdfast(
        "up", *[part for key, value in chosen.items() for part in ("--set", f"{key}={json.dumps(value)}")], stack=STACK
    )
    (finding,) = [each for each in report["findings"] if each["outcome"] == "violated"]

    assert (code, [run["operation"] for run in report["runs"]]) == (1, ["preview"])
    assert finding["name"] == name
    assert says in finding["message"]
    assert opened.fingerprint(STACK) == before


def test_a_stack_whose_access_is_overdue_is_told_by_doctor_and_can_be_destroyed(opened: Rehearsal) -> None:
    """The rule refuses deployments, not ends."""
    sagemaker = client(opened, "sagemaker")
    arn = sagemaker.describe_endpoint(EndpointName="debugging")["EndpointArn"]
    yesterday = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).isoformat(timespec="seconds")
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "holdfast:ssm-access-until", "Value": yesterday}])
    code, diagnosis = opened.holdfast("doctor", "--check", "ssm-access-is-off-or-ends", stack=STACK)
    destroyed, _ = opened.holdfast(
        "destroy", "--set", "ssmAccess=true", "--set", "ssmAccessUntil=2020-01-01T00:00:00Z", stack=STACK
    )

    assert code == 1
    assert "It was to end 24 hours ago" in diagnosis["endpoints"][0]["findings"][0]["message"]
    assert destroyed == 0
    assert sagemaker.list_endpoints()["Endpoints"] == []


def test_an_account_that_is_not_on_the_list_keeps_the_endpoint_and_is_told_why(opened: Rehearsal) -> None:
    """AWS refuses the update, whatever else is new in the configuration."""
    running = client(opened, "sagemaker").describe_endpoint(EndpointName="debugging")["EndpointConfigName"]
    code, report = opened.holdfast(
        "up", *OPEN, "--set", "instanceCount=2", "--fault", "ssm-not-allow-listed", stack=STACK
    )
    now = client(opened, "sagemaker").describe_endpoint(EndpointName="debugging")
    (explanation,) = report["explanations"]

    assert code == 3
    assert "isn't on AWS's list for SSM access" in explanation
    assert "stays on its old configuration" in explanation
    assert "not allowlisted for SSM access" in json.dumps(report["findings"] + report["errors"])
    assert f"still on the old configuration {running}" in json.dumps(report["findings"])
    assert (now["EndpointStatus"], now["EndpointConfigName"]) == ("InService", running)
    assert now["ProductionVariants"][0]["CurrentInstanceCount"] == 1
