"""The function that opens a private registry: asked before a model names it, and left as it is while a model runs."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from guards import kinds, registry_functions
from guards.errors import AccountUnknown
from guards.report import Refused

ACCOUNT, REGION = "123456789012", "eu-west-1"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:opens"
GOOD = {"Credentials": {"Username": "robot", "Password": "hunter2"}}
CODE = {"code": "1", "handler": "index.handler", "runtime": "python3.13", "environment": {"variables": {"S": "a"}}}


def model(arn: Any = FUNCTION) -> dict[str, Any]:
    auth = {"repositoryAuthConfig": {"repositoryCredentialsProviderArn": arn}}
    config = {"repositoryAccessMode": "Vpc", **(auth if arn else {})}
    return {"name": "m", "primaryContainer": {"image": "registry.example.com/m@sha256:0", "imageConfig": config}}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the account answers to Invoke, in order, the last for ever; how often it was asked."""
    asked: list[str] = []
    waited: list[float] = []
    given: list[Any] = [GOOD]
    from guards.live import Account

    real = Account.ask

    def ask(self: Any, service: str, operation: str, **parameters: Any) -> Any:
        if (service, operation) != ("lambda", "invoke"):
            return real(self, service, operation, **parameters)
        asked.append(parameters["FunctionName"])
        found = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(found, Exception):
            raise found
        if found is None:
            return None
        failed = {"FunctionError": "Unhandled"} if "errorMessage" in str(found) else {}
        return {"Payload": io.BytesIO(found if isinstance(found, bytes) else json.dumps(found).encode()), **failed}

    monkeypatch.setattr(Account, "ask", ask)
    monkeypatch.setattr(registry_functions.time, "sleep", waited.append)
    return given, asked, waited


def test_a_function_that_tells_the_credentials_passes(up: Any, answers: Any) -> None:
    """Asked once, between its creation and the model's."""
    up.create(kinds.MODEL, "m", model())

    assert answers[1] == [FUNCTION]
    assert up.report.found == []


def test_a_model_without_one_asks_nobody(up: Any, answers: Any) -> None:
    up.create(kinds.MODEL, "m", model(None))

    assert answers[1] == []


WRONG: dict[str, tuple[Any, str]] = {
    "form": ({"Username": "robot", "Password": "hunter2"}, "its answer hasn't the form"),
    "empty": ({"Credentials": {"Username": "robot", "Password": ""}}, "its answer hasn't the form"),
    "list": ([GOOD], "its answer hasn't the form"),
    "no-json": (b"hunter2", "its answer hasn't the form"),
    "raises": (
        {"errorType": "ValueError", "errorMessage": "broken"},
        "it fails when it is called (ValueError: broken)",
    ),
    "hangs": (
        {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 15.00 seconds"},
        "it fails when it is called (Sandbox.Timedout: Task timed out after 15.00 seconds)",
    ),
    "gone": (None, "there is no such function"),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_that_does_not_is_refused_without_a_word_of_its_answer(up: Any, answers: Any, case: str) -> None:
    answers[0][:] = [WRONG[case][0]]
    with pytest.raises(Refused) as refused:
        up.create(kinds.MODEL, "m", model())

    assert registry_functions.ANSWERS in str(refused.value)
    assert WRONG[case][1] in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert answers[1] == [FUNCTION]


def test_a_role_that_iam_doesn_t_know_everywhere_yet_is_waited_for(up: Any, answers: Any) -> None:
    denied = {"errorType": "RuntimeError", "errorMessage": "GetSecretValue answered AccessDeniedException"}
    answers[0][:] = [denied, denied, GOOD]
    up.create(kinds.MODEL, "m", model())

    assert (len(answers[1]), answers[2]) == (3, [0.0, 2.0, 4.0])


def test_what_stays_denied_is_refused(up: Any, answers: Any) -> None:
    answers[0][:] = [{"errorType": "RuntimeError", "errorMessage": "answered AccessDeniedException"}]
    with pytest.raises(Refused, match="AccessDeniedException"):
        up.create(kinds.MODEL, "m", model())

    assert len(answers[1]) == len(registry_functions.WAITS)


def test_what_this_identity_may_not_ask_is_unknown(up: Any, answers: Any) -> None:
    """Of another account's function nothing follows: it may be open to the execution role."""
    answers[0][:] = [AccountUnknown("lambda:Invoke answered AccessDeniedException: no.")]
    with pytest.raises(Refused, match="AccessDeniedException"):
        up.create(kinds.MODEL, "m", model())

    up.create(kinds.MODEL, "m", model(FUNCTION.replace(ACCOUNT, "999988887777")))


def test_a_preview_calls_nobody_and_misses_what_is_not_there(preview: Any, answers: Any) -> None:
    with pytest.raises(Refused, match="there is no such function"):
        preview.create(kinds.MODEL, "m", model())

    assert answers[1] == []


def test_in_a_preview_a_function_of_the_run_is_as_good_as_there(preview: Any, answers: Any) -> None:
    preview.register(kinds.FUNCTION, "f", {"name": "opens", **CODE})
    preview.create(kinds.MODEL, "m", model())

    assert preview.report.found == []


# --- in use -------------------------------------------------------------------------------------------------------


@pytest.fixture
def pulled(tenant: Any, aws: Any) -> Any:
    """The tenant's endpoint, moved to a model that the function opens the registry for."""
    sagemaker = aws("sagemaker")
    sagemaker.create_model(
        ModelName="pulled",
        ExecutionRoleArn=tenant.role_arn,
        PrimaryContainer={
            "Image": "registry.example.com/m@sha256:0",
            "ImageConfig": {
                "RepositoryAccessMode": "Vpc",
                "RepositoryAuthConfig": {"RepositoryCredentialsProviderArn": FUNCTION},
            },
        },
        VpcConfig={"Subnets": [tenant.subnet], "SecurityGroupIds": [tenant.group]},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="pulled",
        ProductionVariants=[
            {"VariantName": "v", "ModelName": "pulled", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
    )
    sagemaker.create_endpoint(EndpointName="pulled", EndpointConfigName="pulled")
    return tenant


STATE = {"arn": FUNCTION, "name": "opens", **CODE, "timeout": 15, "description": "x"}


@pytest.mark.parametrize(
    "change",
    [{"code": "2"}, {"environment": {"variables": {"S": "b"}}}, {"handler": "other.handler"}, {"role": "another"}],
    ids=["code", "environment", "handler", "role"],
)
def test_a_function_in_use_is_not_overwritten(run: Any, pulled: Any, change: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        run.update(kinds.FUNCTION, "f", "opens", STATE, {**STATE, **change})

    assert registry_functions.STAYS in str(refused.value)
    assert "endpoint pulled" in str(refused.value)


@pytest.mark.parametrize("change", [{"timeout": 20}, {"description": "y"}, {"tags": {"a": "b"}}])
def test_what_leaves_its_answer_alone_passes(run: Any, pulled: Any, change: dict[str, Any]) -> None:
    run.update(kinds.FUNCTION, "f", "opens", STATE, {**STATE, **change})

    assert run.report.found == []


def test_a_function_that_opens_nothing_may_be_changed(run: Any, pulled: Any) -> None:
    other = {**STATE, "arn": FUNCTION.replace("opens", "other"), "name": "other"}
    run.update(kinds.FUNCTION, "f", "other", other, {**other, "code": "2"})

    assert run.report.found == []


def test_a_function_that_a_model_in_use_names_is_not_replaced_away(run: Any, pulled: Any) -> None:
    """The old one of a replacement goes at the end, and another stack's endpoint is still pulled by it."""
    with pytest.raises(Refused, match="function-in-use-stays"):
        run.delete(kinds.FUNCTION, "f", "opens", STATE)


def test_the_secret_that_it_reads_is_not_deleted(run: Any, pulled: Any, aws: Any) -> None:
    role = aws("iam").create_role(
        RoleName="opens",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )["Role"]["Arn"]
    secrets = aws("secretsmanager")
    used, other = (secrets.create_secret(Name=name, SecretString="{}")["ARN"] for name in ("used", "other"))
    aws("lambda").create_function(
        FunctionName="opens",
        Runtime="python3.13",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": b"zip"},
        Environment={"Variables": {"REGISTRY_SECRET_ARN": used}},
    )
    run.delete(kinds.SECRET, "s", other, {"arn": other, "name": "other"})
    with pytest.raises(Refused, match="secret-in-use-stays"):
        run.delete(kinds.SECRET, "s", used, {"arn": used, "name": "used"})


@pytest.mark.parametrize(("serves", "registry", "held"), [
    ("registries", True, True),
    ("registries", False, False),
    ("", False, True),
])  # fmt: skip
def test_the_way_to_lambda_is_held_for_models_of_private_registries(
    run: Any, tenant: Any, serves: str, registry: bool, held: bool
) -> None:
    """Its maker's tag says what it is there for. Without that any container of the VPC may call through it."""
    client = run.guards.account().client
    config = {"RepositoryAccessMode": "Vpc", "RepositoryAuthConfig": {"RepositoryCredentialsProviderArn": FUNCTION}}
    if registry:
        client("sagemaker").create_model(
            ModelName="private",
            ExecutionRoleArn=tenant.role_arn,
            PrimaryContainer={"Image": "registry.example.com/m@sha256:0", "ImageConfig": config},
            VpcConfig={"Subnets": [tenant.subnet], "SecurityGroupIds": [tenant.group]},
        )
        variant = {"VariantName": "v", "ModelName": "private", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        client("sagemaker").create_endpoint_config(EndpointConfigName="private", ProductionVariants=[variant])
        client("sagemaker").create_endpoint(EndpointName="private", EndpointConfigName="private")
    tags = [{"Key": "holdfast:serves", "Value": serves}] if serves else []
    way = client("ec2").create_vpc_endpoint(
        VpcId=tenant.vpc,
        ServiceName=f"com.amazonaws.{REGION}.lambda",
        VpcEndpointType="Interface",
        SubnetIds=[tenant.subnet],
        TagSpecifications=[{"ResourceType": "vpc-endpoint", "Tags": tags}] if tags else [],
    )["VpcEndpoint"]["VpcEndpointId"]

    if held:
        with pytest.raises(Refused, match="vpc-endpoint-in-use-stays"):
            run.delete(kinds.VPC_ENDPOINT, "way", way, {"vpcId": tenant.vpc})
    else:
        run.delete(kinds.VPC_ENDPOINT, "way", way, {"vpcId": tenant.vpc})

    assert [one.name for one in run.report.found] == (["vpc-endpoint-in-use-stays"] if held else [])
