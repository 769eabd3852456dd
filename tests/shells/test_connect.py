"""`holdfast connect`: which targets there are, how a session starts, and each refusal in its own words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from account_world import put_configuration, wait
from shells_world import AGENT, REGION, Shells, target

if TYPE_CHECKING:
    from pathlib import Path

BOTH = ("aws", "session-manager-plugin")


def test_the_only_target_of_a_single_container_is_connected_to(shells: Shells) -> None:
    """The first form of a target id; the session document is the one that the endpoint's tag names."""
    shells.deploy("single")
    content = json.dumps({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}})
    shells.world.client("ssm").create_document(Name="single-session", DocumentType="Session", Content=content)
    arn = shells.world.sagemaker.describe_endpoint(EndpointName="single")["EndpointArn"]
    tag = {"Key": "holdfast:ssm-session-document", "Value": "single-session"}
    shells.world.sagemaker.add_tags(ResourceArn=arn, Tags=[tag])
    shells.install(*BOTH)
    code, said = shells.holdfast("connect", "single")
    (instance,) = shells.instances("single")

    assert (code, said) == (0, "")
    assert shells.started() == [
        *("ssm", "start-session", "--target", target("single", instance)),
        *("--document-name", "single-session", "--region", REGION),
    ]
    active = shells.world.client("ssm").describe_sessions(State="Active")["Sessions"]
    assert target("single", instance) in [each["Target"] for each in active]


def test_of_several_containers_one_is_chosen(shells: Shells) -> None:
    """The second form; a session leads to one container, and another needs another session."""
    shells.deploy("several", Containers=shells.containers("first", "second"))
    shells.install(*BOTH)
    (instance,) = shells.instances("several")
    listed = shells.holdfast("connect", "several", "--list")
    undecided = shells.holdfast("connect", "several")
    code, said = shells.holdfast("connect", "several", "--container", "second")

    assert listed[0] == 0
    assert target("several", instance, "first") in listed[1]
    assert target("several", instance, "second") in listed[1]
    assert undecided[0] == 2
    assert "2 targets are left, and a session leads to one" in undecided[1]
    assert target("several", instance, "first") in undecided[1]
    assert (code, shells.started()[3]) == (0, target("several", instance, "second"))
    assert "account's default one decides whether this is logged" in said


def test_of_several_instances_the_newest_run_and_others_are_gone(shells: Shells) -> None:
    """CloudWatch keeps the streams of instances that were replaced."""
    shells.deploy("rolled")
    (old,) = shells.instances("rolled")
    shells.world.account.advance(60)
    put_configuration(shells.world, "rolled-2", "rolled", variant={"EnableSSMAccess": True, "InitialInstanceCount": 2})
    shells.world.sagemaker.update_endpoint(EndpointName="rolled", EndpointConfigName="rolled-2")
    wait(shells.world, "rolled", "InService")
    new = [each for each in shells.instances("rolled") if each != old]
    told = json.loads(shells.holdfast("connect", "rolled", "--json")[1])
    by_name = shells.holdfast("connect", "rolled", "--instance", old, "--list")
    chosen = shells.holdfast("connect", "rolled", "--instance", new[1], "--variant", "main", "--print")

    assert sorted(each["instance"] for each in told["targets"]) == sorted(new)
    assert all(each["running"] for each in told["targets"])
    assert "replaced, most likely" in by_name[1]
    assert chosen == (0, f"aws ssm start-session --target {target('rolled', new[1])} --region {REGION}")


@pytest.mark.parametrize("group", ["/aws/sagemaker/Endpoints/", "/aws/sagemaker/endpoints/"])
def test_the_log_group_is_read_in_both_spellings(shells: Shells, group: str) -> None:
    """Built from the model where the log lists nothing."""
    shells.grant(*AGENT)
    name = f"spelt-{'capital' if 'E' in group else 'small'}"
    shells.deploy(name, Containers=shells.containers("first", "second"))
    logs, stream = shells.world.client("logs"), "main/i-0123456789abcdef0/ssm"
    logs.create_log_group(logGroupName=group + name)
    logs.create_log_stream(logGroupName=group + name, logStreamName=stream)
    code, said = shells.holdfast("connect", name, "--container", "second", "--print")

    assert code == 0
    assert f"--target {target(name, 'i-0123456789abcdef0', 'second')} " in said


def test_what_the_log_lists_is_believed_before_the_model(shells: Shells) -> None:
    """The agent knows its containers better: here it lists another one than the model has."""
    shells.grant(*AGENT)
    shells.deploy("listed", Containers=shells.containers("first", "second"))
    group, stream, instance = "/aws/sagemaker/endpoints/listed", "main/i-0123456789abcdef0/ssm", "i-0123456789abcdef0"
    logs = shells.world.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    at = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["creationTime"]
    message = (
        f"[sagemaker ssm logs][third] {target('listed', instance, 'third')}, {target('listed', 'i-0000000000000000a')}"
    )
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": at, "message": message}])
    told = json.loads(shells.holdfast("connect", "listed", "--json")[1])

    assert [each["id"] for each in told["targets"]] == [target("listed", instance, "third")]


def test_access_that_is_off_is_refused_with_the_way_to_switch_it_on(shells: Shells) -> None:
    shells.deploy("closed", on=False)
    code, said = shells.holdfast("connect", "closed")

    assert code == 2
    assert "endpoint closed has SSM access off (EnableSSMAccess)" in said
    assert "holdfast up --set ssmAccess=true --set ssmAccessUntil=" in said


def marketplace(shells: Shells, name: str) -> str:
    """A model package of a product, and a model from it."""
    container = {"Image": shells.ground["image"], "ModelDataUrl": shells.ground["url"], "ProductId": "prod-abc"}
    specification = {
        "Containers": [container],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    made = shells.world.sagemaker.create_model_package(ModelPackageName=name, InferenceSpecification=specification)
    return str(made["ModelPackageArn"])


def test_isolated_containers_are_refused(shells: Shells) -> None:
    """Network isolation keeps the agent in as well."""
    shells.deploy("isolated", EnableNetworkIsolation=True)
    code, said = shells.holdfast("connect", "isolated")

    assert code == 2
    assert "isolated from the network (EnableNetworkIsolation)" in said


def test_built_in_algorithms_are_refused_and_other_containers_beside_them_are_not(shells: Shells) -> None:
    """By AWS's registry and repository; a deep learning container's is none of them."""
    image = f"685385470294.dkr.ecr.{REGION}.amazonaws.com/kmeans:1"
    own, built_in = shells.containers("own", "algorithm")
    shells.deploy("built-in", Image=image)
    shells.deploy("mixed", Containers=[own, {**built_in, "Image": image}])
    code, said = shells.holdfast("connect", "built-in")
    mixed = shells.holdfast("connect", "mixed", "--print")

    assert code == 2
    assert "its image is SageMaker's built-in algorithm kmeans" in said
    assert mixed[0] == 0
    assert "_own " in mixed[1]


def test_models_from_the_marketplace_are_refused(shells: Shells) -> None:
    """By the product id of their package."""
    arn = marketplace(shells, "bought")
    container = {"ModelPackageName": arn}
    shells.world.sagemaker.create_model(
        ModelName="bought", ExecutionRoleArn=shells.ground["role"], PrimaryContainer=container
    )
    put_configuration(shells.world, "bought", "bought", variant={"EnableSSMAccess": True})
    shells.world.sagemaker.create_endpoint(EndpointName="bought", EndpointConfigName="bought")
    wait(shells.world, "bought", "InService")
    code, said = shells.holdfast("connect", "bought")

    assert code == 2
    assert "its model is from AWS Marketplace" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("sca_les",), "'sca_les' is no endpoint's name, and no target id could carry it"),
        (("named", "--variant", "ma_in"), "'ma_in' is no variant's name, and no target id could carry it"),
        (("named", "--container", "my_box"), "container name 'my_box' can't be part of a target id"),
        (("named", "--variant", "other"), "has no variant other; it has main"),
        (("named", "--container", "other"), "has no container 'other'; it has container_0"),
        (("named", "--instance", "i-00000000000000000"), "has no instance i-00000000000000000; its SSM log knows i-"),
        (("nobody",), "has no endpoint nobody in eu-west-1"),
    ],
)
def test_a_name_that_is_wrong_is_told(shells: Shells, arguments: tuple[str, ...], says: str) -> None:
    """What a target id can't carry, and what isn't there, are two things."""
    if not shells.world.sagemaker.list_endpoints(NameContains="named")["Endpoints"]:
        shells.deploy("named")
    code, said = shells.holdfast("connect", *arguments)

    assert code == 2
    assert says in said


def test_two_containers_of_one_name_are_told(shells: Shells, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target id could mean either. (CreateModel may refuse this; a model may be older than that.)"""
    shells.deploy("twins", Containers=shells.containers("first", "second"))
    from guards.live import Account

    ask = Account.ask

    def twice(account: Account, service: str, operation: str, **parameters: Any) -> Any:
        answer = ask(account, service, operation, **parameters)
        if operation == "describe_model":
            answer["Containers"][1]["ContainerHostname"] = "first"
        return answer

    monkeypatch.setattr(Account, "ask", twice)
    code, said = shells.holdfast("connect", "twins")

    assert code == 2
    assert "has several containers called first: a target id could mean any of them" in said


def test_an_endpoint_with_no_running_instance_is_told(shells: Shells) -> None:
    """On its way, and failed."""
    shells.deploy("starting", serving=False)
    starting = shells.holdfast("connect", "starting")
    shells.world.account.arm("create-fails")
    shells.deploy("failed", serving=False)
    wait(shells.world, "failed", "Failed")
    failed = shells.holdfast("connect", "failed")

    assert starting[0] == failed[0] == 2
    assert "endpoint starting has no running instance: it is Creating." in starting[1]
    assert "endpoint failed has no running instance: it is Failed (" in failed[1]


def test_an_endpoint_that_is_scaled_to_nothing_is_told(shells: Shells, monkeypatch: pytest.MonkeyPatch) -> None:
    shells.deploy("empty")
    from guards.live import Account

    ask = Account.ask

    def scaled(account: Account, service: str, operation: str, **parameters: Any) -> Any:
        answer = ask(account, service, operation, **parameters)
        if operation == "describe_endpoint":
            answer["ProductionVariants"][0]["CurrentInstanceCount"] = 0
        return answer

    monkeypatch.setattr(Account, "ask", scaled)
    code, said = shells.holdfast("connect", "empty")

    assert code == 2
    assert "endpoint empty has no running instance: variant main is scaled to 0." in said


def test_an_endpoint_without_a_log_stream_yet_is_told(shells: Shells) -> None:
    """With where to look when it stays so."""
    shells.grant(*AGENT)
    shells.deploy("silent")
    code, said = shells.holdfast("connect", "silent")

    assert code == 2
    assert (
        "has SSM access on, but neither /aws/sagemaker/Endpoints/silent nor /aws/sagemaker/endpoints/silent has" in said
    )
    assert "four ssmmessages actions" in said


@pytest.mark.parametrize(("installed", "missing"), [((), "aws"), (("aws",), "session-manager-plugin")])
def test_a_missing_program_is_told_with_where_to_get_it(
    shells: Shells, installed: tuple[str, ...], missing: str
) -> None:
    if not shells.world.sagemaker.list_endpoints(NameContains="bare")["Endpoints"]:
        shells.deploy("bare")
    shells.install(*installed)
    code, said = shells.holdfast("connect", "bare")

    assert code == 2
    assert f"there is no `{missing}` on PATH. Install it: https://docs.aws.amazon.com/" in said
    assert not (shells.programs / "argv.json").exists()


def test_a_session_that_aws_refuses_is_explained(shells: Shells, monkeypatch: pytest.MonkeyPatch) -> None:
    """To a user without the policy; the same call by one who has it starts."""
    shells.deploy("guarded")
    iam = shells.world.client("iam")
    iam.create_user(UserName="eve")
    key = iam.create_access_key(UserName="eve")["AccessKey"]
    monkeypatch.setenv("STAND_IN_KEYS", f"{key['AccessKeyId']} {key['SecretAccessKey']}")
    shells.install(*BOTH)
    refused = shells.holdfast("connect", "guarded")
    statement = {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="eve", PolicyName="shells", PolicyDocument=document)
    allowed = shells.holdfast("connect", "guarded")

    assert refused[0] == 3
    assert "AccessDeniedException" in refused[1]
    assert "ask for the stack's user policy (output ssmUserPolicyArn)" in refused[1]
    assert allowed[0] == 0


def test_an_agent_that_is_not_connected_is_explained(shells: Shells) -> None:
    """Here because the role has lost its rights since."""
    shells.deploy("cut-off")
    shells.grant("logs:PutLogEvents")
    shells.install(*BOTH)
    code, said = shells.holdfast("connect", "cut-off")

    assert code == 3
    assert "TargetNotConnected" in said
    assert "the instance was replaced" in said


def test_what_could_not_be_asked_is_not_taken_for_nothing(shells: Shells) -> None:
    shells.deploy("unasked")
    shells.world.account.arm("access-denied:logs:DescribeLogStreams")
    code, said = shells.holdfast("connect", "unasked")

    assert code == 4
    assert "could not be found out" in said
    assert "logs:DescribeLogStreams" in said


def test_an_end_date_that_has_passed_is_told(shells: Shells) -> None:
    """Nothing is switched off by itself when it comes."""
    shells.deploy("overdue")
    arn = shells.world.sagemaker.describe_endpoint(EndpointName="overdue")["EndpointArn"]
    tag = {"Key": "holdfast:ssm-access-until", "Value": "2020-01-01T00:00:00Z"}
    shells.world.sagemaker.add_tags(ResourceArn=arn, Tags=[tag])
    code, said = shells.holdfast("connect", "overdue", "--list")

    assert code == 0
    assert "the access was to end on 2020-01-01T00:00:00Z" in said


def test_a_folder_without_a_project_is_told(shells: Shells, tmp_path: Path) -> None:
    shells.project = tmp_path
    code, said = shells.holdfast("connect", "anything")

    assert code == 2
    assert "has no Pulumi.yaml" in said
