"""PrivateRegistry: who tells the credentials and with which rights, the way through the VPC, what the model says."""

import json
import re
from pathlib import Path
from typing import Any

import pulumi
import pytest
from recording import KEY, Recorder

from components import credentials_provider
from components.account import Account
from components.execution_role import ExecutionRole
from components.model import Model
from components.private_registry import PrivateRegistry, PrivateRegistryArgs
from components.session_manager_endpoints import Ways

SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:registry-a1B2c3"
FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:sample-registry-0123456"
CREDENTIALS = '{"username": "robot", "password": "hunter2"}'
GROUP = "sg-0123456789abcdef0"
GET_SECRET = "aws:secretsmanager/getSecret:getSecret"
GET_KEY = "aws:kms/getKey:getKey"


def looked_up(**more: Any) -> dict[str, dict[str, Any] | str]:
    found = {"id": SECRET, "arn": SECRET, "kmsKeyId": "", "name": "registry", "description": "", "policy": "", **more}
    return {GET_SECRET: found}


@pytest.fixture
def register(recorder: Recorder, account: Account) -> Any:
    """Register a PrivateRegistry with these arguments, and keep what it gives."""

    def run(**changed: Any) -> Recorder:
        out = changed.pop("out", False)
        args: dict[str, Any] = {
            "account": account,
            "authentication": "basic",
            "secret_arn": SECRET,
            "ways": Ways("vpc-1", out=out, one_a_zone=("subnet-1", "subnet-2")),
            "security_group_ids": ["sg-1", "sg-2"],
            **changed,
        }
        recorder.lookups = looked_up() | recorder.lookups
        recorder.run(lambda: PrivateRegistry("sample", PrivateRegistryArgs(**args)))
        return recorder

    return run


def inputs(recorder: Recorder, type_: str) -> list[dict[str, Any]]:
    return [each.inputs for each in recorder.registered if each.type.endswith(type_)]


def rules(recorder: Recorder, direction: str) -> list[tuple[str, str, int]]:
    """Group, where to or where from, port."""
    return sorted(
        (rule["securityGroupId"], rule.get("referencedSecurityGroupId") or rule["cidrIpv4"], int(rule["toPort"]))
        for rule in inputs(recorder, f"vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule")
    )


def test_the_function_may_read_the_secret_and_nothing_else(register: Any) -> None:
    """Not even logs."""
    (rights,) = inputs(register(), "iam/rolePolicy:RolePolicy")

    assert json.loads(rights["policy"])["Statement"] == [
        {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": SECRET}
    ]


def test_with_a_customer_key_it_may_decrypt_that_secret_alone(register: Any, recorder: Recorder) -> None:
    recorder.lookups = looked_up(kmsKeyId="alias/registry") | {GET_KEY: {"id": "1", "keyId": "alias/x", "arn": KEY}}
    (rights,) = inputs(register(), "iam/rolePolicy:RolePolicy")
    decrypt = json.loads(rights["policy"])["Statement"][1]

    assert (decrypt["Action"], decrypt["Resource"]) == (["kms:Decrypt"], KEY)
    assert decrypt["Condition"]["StringEquals"] == {
        "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com",
        "kms:EncryptionContext:SecretARN": SECRET,
    }


def test_only_lambda_assumes_the_function_s_role(register: Any) -> None:
    (role,) = inputs(register(), "iam/role:Role")

    assert [one["Principal"] for one in json.loads(role["assumeRolePolicy"])["Statement"]] == [
        {"Service": "lambda.amazonaws.com"}
    ]


def test_the_function_is_the_code_of_this_repository(register: Any) -> None:
    """Its archive holds that one file, and its variables name the secret, which they don't hold."""
    (function,) = inputs(register(), "lambda/function:Function")
    archive = function["code"].assets

    assert {name: asset.text for name, asset in archive.items()} == {
        "credentials_provider.py": Path(credentials_provider.__file__).read_text()
    }
    assert function["handler"] == "credentials_provider.handler"
    assert function["environment"] == {"variables": {credentials_provider.SECRET: SECRET}}


def test_another_secret_or_other_code_is_another_function_beside_the_old_one(register: Any) -> None:
    """A running model's function isn't changed under it."""
    recorder = register()
    function = recorder.only("lambda/function:Function").request
    rights = recorder.only("iam/rolePolicy:RolePolicy").request

    assert set(function.replaceOnChanges) == {"code", "environment", "handler"}
    assert "policy" in rights.replaceOnChanges
    for request in (function, rights):
        assert (request.deleteBeforeReplaceDefined, request.deleteBeforeReplace) == (True, False)
    assert recorder.depends("lambda/function:Function", "iam/rolePolicy:RolePolicy")


def test_a_secret_of_the_stack_s_own_is_encrypted_with_its_key_and_secret_in_the_state(register: Any) -> None:
    recorder = register(secret_arn=None, credentials=CREDENTIALS, key_arn=KEY)
    (secret,) = inputs(recorder, "secretsmanager/secret:Secret")
    version = recorder.only("secretsmanager/secretVersion:SecretVersion")
    wire = version.request.object.fields["secretString"].struct_value.fields

    assert secret["kmsKeyId"] == KEY
    assert wire["4dabf18193072939515e22adb298388d"].string_value == "1b47061264138c4ac30d75fd1eb44270"
    assert wire["value"].string_value == CREDENTIALS
    assert "hunter2" not in str([each.inputs for each in recorder.registered if each is not version])
    assert recorder.depends("lambda/function:Function", "secretsmanager/secretVersion:SecretVersion")


def test_without_authentication_there_is_neither_secret_nor_function(register: Any) -> None:
    recorder = register(authentication="none", secret_arn=None, network=GROUP)

    assert inputs(recorder, "lambda/function:Function") == []
    assert inputs(recorder, "secretsmanager/secret:Secret") == []
    assert inputs(recorder, "ec2/vpcEndpoint:VpcEndpoint") == []
    assert rules(recorder, "Egress") == [("sg-1", GROUP, 443), ("sg-2", GROUP, 443)]


@pytest.mark.parametrize(("chosen", "private"), [("private-dns", True), ("manual", False)])
def test_the_vpc_has_a_way_to_lambda_by_its_own_name_or_by_yours(register: Any, chosen: str, private: bool) -> None:
    (endpoint,) = inputs(register(lambda_endpoint=chosen), "ec2/vpcEndpoint:VpcEndpoint")

    assert endpoint["serviceName"] == "com.amazonaws.eu-central-1.lambda"
    assert endpoint["vpcEndpointType"] == "Interface"
    assert endpoint["privateDnsEnabled"] is private
    assert (endpoint["vpcId"], endpoint["subnetIds"]) == ("vpc-1", ["subnet-1", "subnet-2"])
    assert endpoint["securityGroupIds"] == ["sample-lambda-id"]


def test_where_the_vpc_has_one_none_is_made(register: Any) -> None:
    assert inputs(register(lambda_endpoint="existing"), "ec2/vpcEndpoint:VpcEndpoint") == []


def test_the_groups_let_the_model_out_to_lambda_and_in_there(register: Any) -> None:
    recorder = register()

    assert rules(recorder, "Egress") == [("sg-1", "sample-lambda-id", 443), ("sg-2", "sample-lambda-id", 443)]
    assert rules(recorder, "Ingress") == [("sample-lambda-id", "sg-1", 443), ("sample-lambda-id", "sg-2", 443)]


def test_the_groups_let_the_model_out_to_the_registry_and_in_there(register: Any) -> None:
    recorder = register(network=GROUP, ports=[5000, 5001], lambda_endpoint="existing")

    assert rules(recorder, "Egress") == [(own, GROUP, port) for own in ("sg-1", "sg-2") for port in (5000, 5001)]
    assert rules(recorder, "Ingress") == [(GROUP, own, port) for own in ("sg-1", "sg-2") for port in (5000, 5001)]


def test_to_addresses_there_is_a_way_out_only(register: Any) -> None:
    """Whom a registry outside AWS lets in is decided there."""
    recorder = register(network="10.1.0.0/24", lambda_endpoint="existing")

    assert rules(recorder, "Egress") == [("sg-1", "10.1.0.0/24", 443), ("sg-2", "10.1.0.0/24", 443)]
    assert rules(recorder, "Ingress") == []


def test_rules_that_are_kept_elsewhere_are_left_alone(register: Any) -> None:
    """The interface endpoint's group is the stack's own, so what lets the model in there stays."""
    recorder = register(network=GROUP, group_rules=False)

    assert rules(recorder, "Egress") == []
    assert {group for group, _, _ in rules(recorder, "Ingress")} == {"sample-lambda-id"}


def test_docker_hub_is_asked_by_way_of_the_internet(register: Any) -> None:
    recorder = register(authentication="none", secret_arn=None, network="internet", out=True)

    assert rules(recorder, "Egress") == [("sg-1", "0.0.0.0/0", 443), ("sg-2", "0.0.0.0/0", 443)]


def test_without_a_route_to_the_internet_docker_hub_is_told_to_be_out_of_reach(register: Any) -> None:
    with pytest.raises(pulumi.RunError, match="a default route that leads out"):
        register(authentication="none", secret_arn=None, network="internet", out=False)


def test_every_name_fits_with_what_is_generated_behind_it(recorder: Recorder, account: Account) -> None:
    """Lambda and IAM take 64 characters, eight of which are Pulumi's."""
    recorder.lookups = looked_up()
    recorder.run(
        lambda: PrivateRegistry(
            "n" * 55,
            {
                "account": account,
                "authentication": "basic",
                "secret_arn": SECRET,
                "ways": Ways("vpc-1", out=False, one_a_zone=("subnet-1",)),
                "security_group_ids": ["sg-1"],
                "network": GROUP,
                "ports": [1, 2],
            },
        )
    )
    named = [each.name for each in recorder.registered if each.type.startswith("aws:")]

    assert max(map(len, named)) <= 56
    assert len(set(named)) == 5


# --- the model and its role -------------------------------------------------------------------------------------

ARGS = {
    "image": f"registry.example.com/team/model@sha256:{'a' * 64}",
    "artifact_url": "s3://b/k",
    "execution_role_arn": "arn:aws:iam::111122223333:role/sample",
    "subnet_ids": ["subnet-1"],
    "security_group_ids": ["sg-1"],
    "stage": "production",
}


@pytest.mark.parametrize(
    ("more", "config"),
    [
        ({}, None),
        ({"repository_access_mode": "Vpc"}, {"repositoryAccessMode": "Vpc"}),
        (
            {"repository_access_mode": "Vpc", "credentials_provider_arn": FUNCTION},
            {
                "repositoryAccessMode": "Vpc",
                "repositoryAuthConfig": {"repositoryCredentialsProviderArn": FUNCTION},
            },
        ),
    ],
    ids=["ecr", "no-auth", "auth"],
)
def test_the_model_says_how_its_image_is_pulled(recorder: Recorder, more: dict, config: dict | None) -> None:
    recorder.run(lambda: Model("sample", ARGS | more))
    made = recorder.only("sagemaker/model:Model").inputs

    assert made["primaryContainer"].get("imageConfig") == config
    assert made["vpcConfig"] == {"subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}


def test_credentials_for_an_image_in_ecr_are_a_mistake(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="pulled with access mode Vpc"):
        recorder.run(lambda: Model("sample", ARGS | {"credentials_provider_arn": FUNCTION}))


@pytest.mark.parametrize("functions", [[], [FUNCTION]], ids=["without", "with"])
def test_the_execution_role_may_invoke_exactly_this_function(
    recorder: Recorder, account: Account, functions: list[str]
) -> None:
    recorder.run(
        lambda: ExecutionRole(
            "sample",
            {
                "account": account,
                "images": [ARGS["image"]],
                "artifact_urls": ["s3://b/k"],
                "artifact_key_arns": [],
                "volume_key_arn": None,
                "ssm_access": False,
                "credential_functions": functions,
            },
        )
    )
    statements = json.loads(recorder.only("iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    invoking = [one["Resource"] for one in statements if any(re.match(r"lambda:|\*", a) for a in one["Action"])]

    assert invoking == functions
