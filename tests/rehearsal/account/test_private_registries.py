"""Functions run as their role; models and endpoints need what opens a private registry, and break without it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from account_world import ACCOUNT, REGION, World, put_configuration, put_ground, wait
from botocore.exceptions import ClientError

from rehearsal.account import ensure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROVIDER = Path(__file__).resolve().parents[3] / "components" / "credentials_provider.py"
IMAGE = "registry.example.com:5000/team/model@sha256:" + "a" * 64
PASSWORD = "hunter2-of-the-tests"
LAMBDA_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def zipped(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("credentials_provider.py", code)
    return buffer.getvalue()


def allow(world: World, role: str, name: str, *statements: tuple[str, str]) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements],
    }
    world.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def put_function(world: World, name: str, code: str | None = None, **changes: Any) -> str:
    """A function, by default the credentials provider; its ARN."""
    role = world.client("iam").create_role(RoleName=f"{name}-fn", AssumeRolePolicyDocument=json.dumps(LAMBDA_TRUST))
    given = {
        "FunctionName": name,
        "Runtime": "python3.13",
        "Role": role["Role"]["Arn"],
        "Handler": "credentials_provider.handler",
        "Code": {"ZipFile": zipped(code or PROVIDER.read_text())},
        "Timeout": 15,
        **changes,
    }
    return str(world.client("lambda").create_function(**given)["FunctionArn"])


def put_registry(world: World, name: str) -> dict[str, Any]:
    """Everything that opens a private registry to a model, called after `name`."""
    ground = put_ground(world, name)
    secret = world.client("secretsmanager").create_secret(
        Name=name, SecretString=json.dumps({"username": "robot", "password": PASSWORD}), KmsKeyId=ground["key"]
    )["ARN"]
    function = put_function(world, name, Environment={"Variables": {"REGISTRY_SECRET_ARN": secret}})
    allow(world, f"{name}-fn", "r", ("secretsmanager:GetSecretValue", secret), ("kms:Decrypt", ground["key"]))
    allow(world, name, "lambda", ("lambda:InvokeFunction", function))
    ec2 = world.client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=[ground["subnet"]])["Subnets"][0]["VpcId"]
    way = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{REGION}.lambda",
        VpcEndpointType="Interface",
        SubnetIds=[ground["subnet"]],
    )["VpcEndpoint"]["VpcEndpointId"]
    return {**ground, "secret": secret, "function": function, "way": way, "vpc": vpc}


def make_model(world: World, ground: dict[str, Any], name: str, **changes: Any) -> None:
    auth = {"RepositoryCredentialsProviderArn": ground["function"]}
    world.sagemaker.create_model(
        **{
            "ModelName": name,
            "ExecutionRoleArn": ground["role"],
            "PrimaryContainer": {
                "Image": IMAGE,
                "ModelDataUrl": ground["url"],
                "ImageConfig": {"RepositoryAccessMode": "Vpc", "RepositoryAuthConfig": auth},
            },
            "VpcConfig": {"Subnets": [ground["subnet"]], "SecurityGroupIds": [ground["group"]]},
            **changes,
        }
    )


def invoke(world: World, name: str) -> tuple[str | None, Any]:
    answer = world.client("lambda").invoke(FunctionName=name)
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


@pytest.fixture(scope="module")
def ground(world: World) -> dict[str, Any]:
    return put_registry(world, "registry")


# --- functions ----------------------------------------------------------------------------------------------------


def test_a_function_answers_by_its_name_and_by_its_arn(world: World, ground: dict[str, Any]) -> None:
    told = {"Credentials": {"Username": "robot", "Password": PASSWORD}}

    assert invoke(world, "registry") == (None, told)
    assert invoke(world, ground["function"]) == (None, told)


def test_what_a_handler_raises_is_the_answer_s_error(world: World) -> None:
    put_function(
        world, "raises", "def handler(event, context):\n    print('x')\n    raise ValueError('no ' + str(event))"
    )
    error, told = invoke(world, "raises")

    assert error == "Unhandled"
    assert (told["errorType"], told["errorMessage"]) == ("ValueError", "no {}")


def test_a_function_that_takes_too_long_is_stopped(world: World) -> None:
    put_function(world, "hangs", "import time\ndef handler(event, context):\n    time.sleep(60)", Timeout=1)
    error, told = invoke(world, "hangs")

    assert error == "Unhandled"
    assert told["errorMessage"] == "Task timed out after 1.00 seconds"


@pytest.mark.parametrize("code", ["import nothing_of_that_name", "handler = 1", "import os\nos._exit(3)"])
def test_code_that_does_not_start_is_told(world: World, code: str) -> None:
    name = f"broken-{len(code)}"
    put_function(world, name, code)

    assert invoke(world, name)[0] == "Unhandled"


def test_a_function_that_there_is_not_is_aws_s_refusal(world: World) -> None:
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*Function not found: arn:aws:lambda"):
        invoke(world, "none")


def test_other_runtimes_are_said_to_be_lacking(world: World) -> None:
    put_function(world, "node", Runtime="nodejs22.x")
    with pytest.raises(ClientError, match="runs Python functions from zip archives alone"):
        invoke(world, "node")


def test_a_function_sees_its_variables_and_nothing_of_this_machine(world: World, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOLDFAST_OF_THE_TESTS", "seen")
    put_function(
        world,
        "looks",
        "import os\ndef handler(event, context):\n    return sorted(os.environ)",
        Environment={"Variables": {"OWN": "1"}},
    )
    names = set(invoke(world, "looks")[1])

    assert {"OWN", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME"} <= names
    assert not {"HOLDFAST_OF_THE_TESTS", "HOME", "AWS_PROFILE"} & names


def test_an_invocation_changes_nothing_and_leaves_no_credentials(world: World, ground: dict[str, Any]) -> None:
    before = world.account.fingerprint()
    invoke(world, "registry")

    assert world.account.fingerprint() == before
    assert PASSWORD not in json.dumps(world.account.calls())


# --- models -------------------------------------------------------------------------------------------------------


def test_a_model_is_made_with_all_that_opens_the_registry(world: World, ground: dict[str, Any]) -> None:
    make_model(world, ground, "made")

    assert world.sagemaker.describe_model(ModelName="made")["PrimaryContainer"]["Image"] == IMAGE


WRONG: dict[str, tuple[str, str]] = {
    "raises": ("def handler(event, context):\n    raise ValueError('broken')", "it failed .ValueError: broken."),
    "form": ("def handler(event, context):\n    return {'Username': 'a', 'Password': 'b'}", "hasn't the form"),
    "empty": (
        "def handler(event, context):\n    return {'Credentials': {'Username': 'a', 'Password': ''}}",
        "hasn't the form",
    ),
    "hangs": ("import time\ndef handler(event, context):\n    time.sleep(60)", "Task timed out after 1.00 seconds"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_function_that_does_not_tell_the_credentials_makes_no_model(
    world: World, ground: dict[str, Any], case: str
) -> None:
    """CreateModel calls it."""
    code, says = WRONG[case]
    function = put_function(world, f"wrong-{case}", code, Timeout=1)
    allow(world, "registry", f"wrong-{case}", ("lambda:InvokeFunction", function))
    with pytest.raises(ClientError, match=f"ValidationException.*{says}"):
        make_model(world, {**ground, "function": function}, f"wrong-{case}")


# --- what may not go ----------------------------------------------------------------------------------------------


def _delete_function(world: World, ground: dict[str, Any]) -> None:
    world.client("lambda").delete_function(FunctionName=ground["name"])


def _delete_secret(world: World, ground: dict[str, Any]) -> None:
    world.client("secretsmanager").delete_secret(SecretId=ground["secret"], RecoveryWindowInDays=7)


def _delete_way(world: World, ground: dict[str, Any]) -> None:
    world.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[ground["way"]])


def _forbid_invoking(world: World, ground: dict[str, Any]) -> None:
    world.client("iam").delete_role_policy(RoleName=ground["name"], PolicyName="lambda")


def _forbid_reading(world: World, ground: dict[str, Any]) -> None:
    allow(world, f"{ground['name']}-fn", "r", ("kms:Decrypt", ground["key"]))


def _forbid_decrypting(world: World, ground: dict[str, Any]) -> None:
    allow(world, f"{ground['name']}-fn", "r", ("secretsmanager:GetSecretValue", ground["secret"]))


def _disable_key(world: World, ground: dict[str, Any]) -> None:
    world.client("kms").disable_key(KeyId=ground["key"])


def _delete_role(world: World, ground: dict[str, Any]) -> None:
    iam = world.client("iam")
    iam.delete_role_policy(RoleName=f"{ground['name']}-fn", PolicyName="r")
    iam.delete_role(RoleName=f"{ground['name']}-fn")


BREAKS: dict[str, tuple[Callable[..., None], str]] = {
    "function": (_delete_function, "Could not find the Lambda function"),
    "secret": (_delete_secret, "The secret .* is gone"),
    "vpc-endpoint": (_delete_way, f"has no way to lambda.{REGION}.amazonaws.com"),
    "right-to-invoke": (_forbid_invoking, "may not invoke the Lambda function"),
    "right-to-read": (_forbid_reading, "can't read the secret .* secretsmanager:GetSecretValue"),
    "right-to-decrypt": (_forbid_decrypting, "Access to KMS is not allowed"),
    "key": (_disable_key, "Access to KMS is not allowed: key .* is Disabled"),
    "function-s-role": (_delete_role, "can't assume its role"),
}


@pytest.fixture(scope="module")
def serving(world: World, ground: dict[str, Any]) -> World:
    """An endpoint in service on a model from the private registry."""
    make_model(world, ground, "serving")
    put_configuration(world, "serving", "serving")
    world.sagemaker.create_endpoint(EndpointName="serving", EndpointConfigName="serving")
    wait(world, "serving", "InService")
    return world


@pytest.fixture
def copy(serving: World, tmp_path: Path) -> Iterator[World]:
    """A copy of the account, for what breaks it."""
    account = serving.account.fork(tmp_path)
    yield World(account)
    account.stop()


@pytest.mark.parametrize("thing", BREAKS)
def test_what_opens_the_registry_is_missed_at_the_patch_and_by_the_next_model(
    copy: World, ground: dict[str, Any], thing: str
) -> None:
    """An endpoint in service goes on until AWS patches it; then it is Failed, with the reason."""
    breaks, reason = BREAKS[thing]
    (sound,) = copy.account.patch(["serving"])
    breaks(copy, ground)

    assert sound["problems"] == []
    assert copy.sagemaker.describe_endpoint(EndpointName="serving")["EndpointStatus"] == "InService"
    (broken,) = copy.account.patch(["serving"])
    assert broken["status"] == "Failed"
    assert any(re.search(reason, one["reason"]) for one in broken["problems"]), broken
    with pytest.raises(ClientError, match="ValidationException"):
        make_model(copy, ground, "another")


def test_a_rotated_password_breaks_nothing(copy: World, ground: dict[str, Any]) -> None:
    value = json.dumps({"username": "robot", "password": "another"})
    copy.client("secretsmanager").put_secret_value(SecretId=ground["secret"], SecretString=value)
    (sound,) = copy.account.patch(["serving"])

    assert (sound["status"], sound["problems"]) == ("InService", [])


def test_a_route_to_the_internet_is_a_way_to_lambda_too(copy: World, ground: dict[str, Any]) -> None:
    _delete_way(copy, ground)
    ec2 = copy.client("ec2")
    nat = ec2.create_nat_gateway(SubnetId=ground["subnet"], ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [ground["vpc"]]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)

    make_model(copy, ground, "routed")
    assert copy.account.patch(["serving"])[0]["problems"] == []


def test_a_model_that_is_pulled_through_a_vpc_needs_one(world: World, ground: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="needs a VpcConfig"):
        world.sagemaker.create_model(
            ModelName="no-vpc",
            ExecutionRoleArn=ground["role"],
            PrimaryContainer={"Image": IMAGE, "ImageConfig": {"RepositoryAccessMode": "Vpc"}},
        )


def test_an_account_with_all_of_it_comes_back_from_its_journal(copy: World, tmp_path: Path) -> None:
    """What was asked of functions is no part of the journal: doing it all again asks nobody."""
    before = copy.account.fingerprint()
    copy.account.stop()
    again = World(ensure(ACCOUNT, tmp_path, speed=0))
    try:
        assert again.account.fingerprint() == before
        assert invoke(again, "registry")[0] is None
    finally:
        again.account.stop()
