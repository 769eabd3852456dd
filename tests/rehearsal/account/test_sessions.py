"""Containers of endpoints as targets of sessions: the agents' log, who may connect, what can't be reached."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from account_world import ACCOUNT, REGION, World, put_configuration, put_ground, put_model, wait
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

AGENT = [
    f"ssmmessages:{a}" for a in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
]
LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]
SHELL = {"variant": {"EnableSSMAccess": True}}


@pytest.fixture(scope="module")
def ground(world: World) -> dict[str, Any]:
    """What models need, and a role under which an agent works."""
    made = put_ground(world, "shells")
    grant(world, [*AGENT, *LOGS])
    return made


def grant(world: World, actions: list[str]) -> None:
    """What the execution role's agent may do."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.client("iam").put_role_policy(RoleName="shells", PolicyName="agent", PolicyDocument=document)


def deploy(world: World, ground: dict[str, Any], name: str, **changes: Any) -> None:
    """An endpoint with one variant `main` of two instances, in service, with SSM access unless told otherwise."""
    put_model(world, ground, name, **changes.pop("model", {}))
    put_configuration(world, name, name, **changes)
    world.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    wait(world, name, "InService")


def lines(world: World, name: str) -> list[str]:
    """The log of an endpoint's agents."""
    group = f"/aws/sagemaker/endpoints/{name}"
    return [event["message"] for event in world.client("logs").filter_log_events(logGroupName=group)["events"]]


def targets(world: World, name: str) -> list[str]:
    """The target ids in the log."""
    return [found for line in lines(world, name) for found in re.findall(r"sagemaker-endpoint:\S+", line)]


def refused(call: Callable[..., Any], **parameters: Any) -> str:
    """The code of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def test_each_instance_has_a_stream_that_begins_with_its_target_id(world: World, ground: dict[str, Any]) -> None:
    """In the spelling of AWS's page on SSM access."""
    deploy(world, ground, "logged", **SHELL)
    streams = world.client("logs").describe_log_streams(logGroupName="/aws/sagemaker/endpoints/logged")["logStreams"]
    names = sorted(each["logStreamName"] for each in streams)

    assert len(names) == 2
    assert all(re.fullmatch(r"main/i-[0-9a-f]{17}/ssm", name) for name in names)
    assert sorted(targets(world, "logged")) == [f"sagemaker-endpoint:logged_main_{n.split('/')[1]}" for n in names]
    assert all(line.startswith("[sagemaker ssm logs][container_0] ") for line in lines(world, "logged"))


def test_a_replaced_instance_has_another_target(world: World, ground: dict[str, Any]) -> None:
    """The other instances keep theirs."""
    deploy(world, ground, "healed", **SHELL)
    before = targets(world, "healed")
    world.account.replace_instance("healed")
    world.account.advance(1)
    after = targets(world, "healed")

    assert len(before) == 2
    assert after[:2] == before
    assert len(set(after) - set(before)) == 1


@pytest.mark.parametrize("names", [["first", "second"], ["container_0", "container_1"]])
def test_a_target_of_several_containers_ends_in_the_container(
    world: World, ground: dict[str, Any], names: list[str]
) -> None:
    """By its own name, or by the default one."""
    container = {"Image": ground["image"], "ModelDataUrl": ground["url"]}
    both = [{**container, "ContainerHostname": name} for name in names] if "first" in names else [container] * 2
    pair = f"two-{names[0].replace('_', '-')}"
    world.sagemaker.create_model(ModelName=pair, Containers=both, ExecutionRoleArn=ground["role"])
    put_configuration(world, pair, pair, variant={"EnableSSMAccess": True, "InitialInstanceCount": 1})
    world.sagemaker.create_endpoint(EndpointName=pair, EndpointConfigName=pair)
    wait(world, pair, "InService")
    found = targets(world, pair)
    instance = found[0].removesuffix(f"_{names[0]}")

    assert [each.split("_", 3)[3] for each in found] == names
    assert world.client("ssm").start_session(Target=found[0])["StreamUrl"].startswith("wss://ssmmessages.")
    assert refused(world.client("ssm").start_session, Target=instance) == "TargetNotConnected"


def test_without_access_there_is_neither_log_nor_target(world: World, ground: dict[str, Any]) -> None:
    """The twin of the first, with the switch off."""
    deploy(world, ground, "closed")

    assert refused(world.client("logs").describe_log_streams, logGroupName="/aws/sagemaker/endpoints/closed") == (
        "ResourceNotFoundException"
    )


def test_an_agent_that_may_not_write_logs_writes_none(world: World, ground: dict[str, Any]) -> None:
    """Instances run and can be connected to; nobody learns their ids from the log."""
    grant(world, [*AGENT, "logs:PutLogEvents"])
    deploy(world, ground, "unwritten", **SHELL)
    grant(world, [*AGENT, *LOGS])

    assert refused(world.client("logs").describe_log_streams, logGroupName="/aws/sagemaker/endpoints/unwritten") == (
        "ResourceNotFoundException"
    )


def test_an_update_ends_the_old_instances(world: World, ground: dict[str, Any]) -> None:
    """Their streams stay, but nothing is connected there any more."""
    deploy(world, ground, "moved", **SHELL)
    before = targets(world, "moved")
    put_configuration(world, "moved-2", "moved", **SHELL)
    world.sagemaker.update_endpoint(EndpointName="moved", EndpointConfigName="moved-2")
    wait(world, "moved", "InService")
    after = [each for each in targets(world, "moved") if each not in before]

    assert len(after) == 2
    assert refused(world.client("ssm").start_session, Target=before[0]) == "TargetNotConnected"
    assert world.client("ssm").start_session(Target=after[0])["SessionId"]


def test_an_isolated_container_is_not_connected(world: World, ground: dict[str, Any]) -> None:
    """Network isolation keeps the agent in as well."""
    deploy(world, ground, "isolated", model={"EnableNetworkIsolation": True}, **SHELL)

    assert refused(world.client("ssm").start_session, Target=targets(world, "isolated")[0]) == "TargetNotConnected"


@pytest.mark.parametrize("action", AGENT)
def test_an_agent_without_one_of_its_rights_is_not_connected(world: World, ground: dict[str, Any], action: str) -> None:
    """The four actions of the page, and no fewer."""
    if "rights" not in world.account.dump():
        pytest.fail("the ground has no role")
    name = f"lacking-{action[12:].lower()}"
    deploy(world, ground, name, **SHELL)
    target = targets(world, name)[0]
    grant(world, [each for each in (*AGENT, *LOGS) if each != action])
    without = refused(world.client("ssm").start_session, Target=target)
    grant(world, [*AGENT, *LOGS])

    assert without == "TargetNotConnected"
    assert world.client("ssm").start_session(Target=target)["SessionId"]


def test_a_vpc_without_a_way_out_needs_interface_endpoints(world: World, ground: dict[str, Any]) -> None:
    """For `ssm` and for `ssmmessages`."""
    vpc_config = {"Subnets": [ground["subnet"]], "SecurityGroupIds": [ground["group"]]}
    deploy(world, ground, "private", model={"VpcConfig": vpc_config}, **SHELL)
    target, ec2 = targets(world, "private")[0], world.client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=[ground["subnet"]])["Subnets"][0]["VpcId"]
    without = refused(world.client("ssm").start_session, Target=target)
    for service in ("ssm", "ssmmessages"):
        ec2.create_vpc_endpoint(
            VpcId=vpc,
            ServiceName=f"com.amazonaws.{REGION}.{service}",
            VpcEndpointType="Interface",
            SubnetIds=[ground["subnet"]],
        )

    assert without == "TargetNotConnected"
    assert world.client("ssm").start_session(Target=target)["SessionId"]


def as_user(world: World, name: str, *statements: dict[str, Any]) -> Any:
    """A user's own client for Systems Manager."""
    iam = world.client("iam")
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_user_policy(UserName=name, PolicyName="sessions", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.client(
        "ssm",
        region_name=REGION,
        endpoint_url=world.account.url,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def test_who_may_connect_is_decided_by_the_users_own_policies(world: World, ground: dict[str, Any]) -> None:
    """By the endpoint's ARN for StartSession, by the session's own for TerminateSession."""
    deploy(world, ground, "asked", **SHELL)
    deploy(world, ground, "other", **SHELL)
    endpoint = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/asked"
    own = f"arn:aws:ssm:{REGION}:{ACCOUNT}:session/${{aws:username}}-*"
    ann = as_user(
        world,
        "ann",
        {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": endpoint},
        {"Effect": "Allow", "Action": "ssm:TerminateSession", "Resource": own},
    )
    session = ann.start_session(Target=targets(world, "asked")[0])["SessionId"]
    foreign = world.client("ssm").start_session(Target=targets(world, "asked")[0])["SessionId"]

    assert session.startswith("ann-")
    assert refused(ann.start_session, Target=targets(world, "other")[0]) == "AccessDeniedException"
    assert refused(ann.terminate_session, SessionId=foreign) == "AccessDeniedException"
    assert ann.terminate_session(SessionId=session)["SessionId"] == session
    active = world.client("ssm").describe_sessions(State="Active")["Sessions"]
    assert session not in [each["SessionId"] for each in active]
    assert any(f"session {session} started by" in line for line in lines(world, "asked"))


def test_a_permission_ends_on_its_day(world: World, ground: dict[str, Any]) -> None:
    """DateLessThan on aws:CurrentTime, by the account's own clock."""
    deploy(world, ground, "dated", **SHELL)

    def may(until: str) -> dict[str, Any]:
        condition = {"DateLessThan": {"aws:CurrentTime": until}}
        return {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "*", "Condition": condition}

    target = targets(world, "dated")[0]

    assert as_user(world, "ben", may("2100-01-01T00:00:00Z")).start_session(Target=target)["SessionId"]
    assert refused(as_user(world, "cleo", may("2000-01-01T00:00:00Z")).start_session, Target=target) == (
        "AccessDeniedException"
    )


def test_a_session_with_a_document_writes_where_the_document_says(world: World, ground: dict[str, Any]) -> None:
    """A document that isn't there is refused."""
    deploy(world, ground, "documented", **SHELL)
    world.client("logs").create_log_group(logGroupName="transcripts")
    inputs = {"cloudWatchLogGroupName": "transcripts"}
    content = json.dumps({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs})
    world.client("ssm").create_document(Name="logged-sessions", DocumentType="Session", Content=content)
    start, target = world.client("ssm").start_session, targets(world, "documented")[0]
    session = start(Target=target, DocumentName="logged-sessions")["SessionId"]
    streams = world.client("logs").describe_log_streams(logGroupName="transcripts")["logStreams"]

    assert [each["logStreamName"] for each in streams] == [session]
    assert refused(start, Target=target, DocumentName="no-such") == "InvalidDocument"


def test_an_account_that_is_not_on_the_list_keeps_its_old_configuration(world: World, ground: dict[str, Any]) -> None:
    """The fault hits configurations with SSM access alone, and the endpoint isn't touched."""
    deploy(world, ground, "unlisted")
    put_configuration(world, "unlisted-2", "unlisted", **SHELL)
    world.account.arm("ssm-not-allow-listed")
    with pytest.raises(ClientError, match="not allowlisted for SSM access") as caught:
        world.sagemaker.update_endpoint(EndpointName="unlisted", EndpointConfigName="unlisted-2")
    now = world.sagemaker.describe_endpoint(EndpointName="unlisted")

    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert (now["EndpointStatus"], now["EndpointConfigName"]) == ("InService", "unlisted")


def test_what_the_agents_wrote_is_there_again_after_a_restart(started: Callable[..., World]) -> None:
    """Instances, streams and sessions come out of the journal as they were."""
    world = started()
    ground = put_ground(world, "shells")
    grant(world, [*AGENT, *LOGS])
    deploy(world, ground, "lasting", **SHELL)
    target = targets(world, "lasting")[0]
    session = world.client("ssm").start_session(Target=target)["SessionId"]
    said = lines(world, "lasting")
    world.account.stop()
    again = started()

    assert lines(again, "lasting") == said
    assert again.client("ssm").start_session(Target=target)["SessionId"] != session
    assert session in [each["SessionId"] for each in again.client("ssm").describe_sessions(State="Active")["Sessions"]]
