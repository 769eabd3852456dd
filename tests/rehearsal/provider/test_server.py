"""The process and the protocol: start, configuration, functions, errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import empty_pb2
from provider_client import Engine
from provider_world import World, document
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from rehearsal.provider.account import loopback
from rehearsal.provider.refusals import Misconfigured
from rehearsal.provider.server import start
from rehearsal.values import Asset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.account import Account


@pytest.fixture
def fresh(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A provider that isn't configured yet."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.url)
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    server, port = start()
    engine = Engine(port)
    yield engine
    engine.channel.close()
    server.stop(grace=None).wait()


def test_the_process_prints_its_port_first_and_soon_and_ends_when_asked(account: Account) -> None:
    environment = {**os.environ, "AWS_ENDPOINT_URL": account.url}
    command = [sys.executable, "-m", "rehearsal.provider"]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        port = int(process.stdout.readline())
        took = time.monotonic() - began
        engine = Engine(port)
        version = engine.stub.GetPluginInfo(empty_pb2.Empty()).version
        engine.channel.close()
    finally:
        process.terminate()
        code = process.wait(timeout=10)

    assert version == "7.51.1"
    assert code == 0
    # The process alone takes about 0.3 s; the bound leaves room for a machine that runs other tests beside it.
    assert took < 5


def test_it_ends_with_the_engine_that_started_it(account: Account) -> None:
    script = (
        "import subprocess, sys\n"
        "command = [sys.executable, '-m', 'rehearsal.provider', '127.0.0.1:1']\n"
        "child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "child.stdout.readline()\n"
        "print(child.pid)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    pid = int(ran.stdout)

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and alive(pid):
        time.sleep(0.05)

    assert not alive(pid)


def alive(pid: int) -> bool:
    """Whether a process runs (a dead one that nobody waited for doesn't)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_handshake_and_attach_are_answered(fresh: Engine) -> None:
    answer = fresh.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
    attached = fresh.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))

    assert not answer.accept_secrets
    assert answer.supports_autonaming_configuration
    assert attached == empty_pb2.Empty()


@pytest.mark.parametrize(
    "url", ["https://sagemaker.eu-central-1.amazonaws.com", "http://10.0.0.1:5000", "http://mine.example"]
)
def test_an_endpoint_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="isn't on this machine"):
        loopback(url)


def test_no_endpoint_at_all_is_refused(fresh: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")

    with pytest.raises(grpc.RpcError) as caught:
        fresh.configure(region="eu-central-1")

    assert "AWS_ENDPOINT_URL isn't set" in caught.value.details()


def test_allowed_account_ids_are_honoured_as_list_and_as_text(fresh: Engine) -> None:
    fresh.configure(region="eu-central-1", allowedAccountIds='["111122223333"]')

    with pytest.raises(grpc.RpcError) as caught:
        fresh.configure(region="eu-central-1", allowedAccountIds=["222233334444"])

    assert "the account is 111122223333" in caught.value.details()
    assert "222233334444" in caught.value.details()


def test_a_missing_region_is_said_and_credentials_are_ignored(fresh: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        fresh.configure(accessKey="x", secretKey="y")

    assert "no region" in caught.value.details()


def test_an_unknown_setting_is_a_failure_of_check_config(fresh: Engine) -> None:
    from rehearsal.provider import properties

    answer = fresh.stub.CheckConfig(provider_pb2.CheckRequest(news=properties.write({"regoin": "x"})))

    assert "aws:regoin" in answer.failures[0].reason


def test_default_tags_reach_inputs_outputs_and_the_account(fresh: Engine, aws: Any) -> None:
    fresh.configure(region="eu-central-1", defaultTags='{"tags": {"team": "ml", "stage": "test"}}')

    key = fresh.create("aws:kms/key:Key", "tagged", {"tags": {"stage": "production"}})

    told = aws.client("kms").list_resource_tags(KeyId=key.id)["Tags"]
    assert key.outputs["tagsAll"] == {"team": "ml", "stage": "production"}
    assert {t["TagKey"]: t["TagValue"] for t in told} == key.outputs["tagsAll"]
    fresh.delete(key)


def test_ignored_tags_are_not_shown(fresh: Engine, aws: Any) -> None:
    fresh.configure(region="eu-central-1", ignoreTags={"keyPrefixes": ["audit:"]})
    key = fresh.create("aws:kms/key:Key", "audited", {"tags": {"a": "1"}})
    aws.client("kms").tag_resource(KeyId=key.id, Tags=[{"TagKey": "audit:by", "TagValue": "x"}])

    found = fresh.read(key)

    assert found is not None
    assert found.outputs["tags"] == {"a": "1"}
    assert found.inputs["tags"] == {"a": "1"}
    fresh.delete(key)


def test_a_resource_can_live_in_another_region(engine: Engine, aws: Any) -> None:
    key = engine.create("aws:kms/key:Key", "abroad", {"region": "us-west-2"})

    assert ":us-west-2:" in key.outputs["arn"]
    assert key.outputs["region"] == "us-west-2"
    assert engine.read(key) is not None
    engine.delete(key)


def test_a_refusal_has_aws_s_code_and_words_and_says_who_refused(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.create("aws:iam/rolePolicy:RolePolicy", "p", {"role": "nobody", "policy": document("s3:GetObject")})

    said = 'create aws:iam/rolePolicy:RolePolicy "p": the account refused PutRolePolicy: NoSuchEntity: '
    assert caught.value.details().startswith(said)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_denied_call_is_told_as_such(engine: Engine, account: Account) -> None:
    account.arm("access-denied:kms:CreateKey")

    with pytest.raises(grpc.RpcError) as caught:
        engine.create("aws:kms/key:Key", "denied", {})

    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert "the account refused CreateKey: AccessDenied" in caught.value.details()


def test_an_account_that_does_not_answer_leaves_the_outcome_unknown(
    fresh: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    fresh.configure(region="eu-central-1")

    with pytest.raises(grpc.RpcError) as caught:
        fresh.create("aws:kms/key:Key", "lost", {})

    assert caught.value.code() == grpc.StatusCode.UNKNOWN
    assert "gave no answer to CreateKey" in caught.value.details()


def test_a_cancel_ends_a_wait_and_says_so(fresh: Engine, world: World, account: Account) -> None:
    fresh.configure(region="eu-central-1")
    account.arm("slow-create")
    fresh.stub.Cancel(empty_pb2.Empty())

    with pytest.raises(grpc.RpcError) as caught:
        fresh.create("aws:sagemaker/endpoint:Endpoint", "cancelled", {"endpointConfigName": world.configuration.id})

    assert "is still Creating; the run was cancelled" in caught.value.details()


def test_a_relative_path_is_the_program_s(fresh: Engine, tmp_path: Any, world: World, aws: Any) -> None:
    from rehearsal.provider import files

    fresh.configure(region="eu-central-1")
    (tmp_path / "model.tar.gz").write_bytes(b"trees")
    fresh.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="", program_directory=str(tmp_path)))

    inputs = {"bucket": world.bucket.id, "key": "//models/./model.tar.gz", "source": Asset("h", path="model.tar.gz")}
    made = fresh.create("aws:s3/bucketObjectv2:BucketObjectv2", "o", inputs)
    files.root_at("")

    stored = aws.client("s3").get_object(Bucket=world.bucket.id, Key="models/model.tar.gz")
    assert stored["Body"].read() == b"trees"
    assert made.id == f"{world.bucket.id}/models/model.tar.gz"
    fresh.delete(made)


def test_an_import_reads_inputs_that_make_no_difference(engine: Engine, world: World) -> None:
    for made in (world.role, world.key, world.bucket, world.subnet, world.configuration, world.model):
        found = engine.imported(made.token, made.name, made.id)

        assert found is not None
        assert found.outputs["arn"] == made.outputs["arn"]
        given = {name: value for name, value in found.inputs.items() if name != "__defaults"}
        assert not engine.diff(found, given).replaces


def test_the_import_of_what_is_not_there_finds_nothing(engine: Engine) -> None:
    assert engine.imported("aws:sagemaker/model:Model", "m", "no-such-model") is None


def test_functions_answer(engine: Engine, world: World) -> None:
    key, vpc, bucket = world.key, world.vpc, world.bucket
    image = world.image.rpartition(":")[2]
    repository = world.repository.id
    statement = {
        "actions": ["s3:GetObject"],
        "resources": ["*"],
        "principals": [{"type": "Service", "identifiers": ["a", "b"]}],
    }

    assert engine.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "111122223333"
    assert engine.invoke("aws:index/getRegion:getRegion")["region"] == "eu-central-1"
    assert engine.invoke("aws:index/getPartition:getPartition")["dnsSuffix"] == "amazonaws.com"
    assert "eu-central-1a" in engine.invoke("aws:index/getAvailabilityZones:getAvailabilityZones")["names"]
    assert engine.invoke("aws:kms/getKey:getKey", keyId=key.id)["arn"] == key.outputs["arn"]
    assert engine.invoke("aws:ecr/getRepository:getRepository", name=repository)["repositoryUrl"].endswith(repository)
    got = engine.invoke("aws:ecr/getImage:getImage", repositoryName=repository, imageTag=image)
    assert got["imageUri"] == f"{world.repository.outputs['repositoryUrl']}@{got['imageDigest']}"
    made = engine.invoke("aws:iam/getPolicyDocument:getPolicyDocument", statements=[statement])
    assert json.loads(made["json"])["Statement"][0]["Principal"] == {"Service": ["b", "a"]}
    assert engine.invoke("aws:s3/getBucket:getBucket", bucket=bucket.id)["arn"] == bucket.outputs["arn"]
    assert engine.invoke("aws:ec2/getVpc:getVpc", id=vpc.id)["cidrBlock"] == "10.0.0.0/16"
    assert engine.invoke("aws:ec2/getSubnet:getSubnet", id=world.subnet.id)["vpcId"] == vpc.id
    filters = [{"name": "vpc-id", "values": [vpc.id]}]
    assert world.subnet.id in engine.invoke("aws:ec2/getSubnets:getSubnets", filters=filters)["ids"]
    tables = engine.invoke("aws:ec2/getRouteTables:getRouteTables", vpcId=vpc.id)["ids"]
    found = engine.invoke("aws:ec2/getRouteTable:getRouteTable", routeTableId=tables[0])
    assert (found["vpcId"], found["routes"]) == (vpc.id, [])
    name = "com.amazonaws.eu-central-1.s3"
    listed = engine.invoke("aws:ec2/getPrefixList:getPrefixList", name=name)["id"]
    way = engine.invoke("aws:ec2/getVpcEndpoint:getVpcEndpoint", id=world.gateway.id)
    group = engine.invoke("aws:ec2/getSecurityGroup:getSecurityGroup", id=world.group.id)
    of_vpc = engine.invoke("aws:ec2/getSecurityGroups:getSecurityGroups", filters=filters)
    assert (way["vpcId"], way["serviceName"], way["prefixListId"]) == (vpc.id, name, listed)
    assert way["cidrBlocks"]
    assert group["vpcId"] == vpc.id
    assert group["arn"] in of_vpc["arns"]


def test_a_gateway_endpoint_has_its_routes_in_its_tables_and_in_no_other(engine: Engine, world: World) -> None:
    """Also when an association comes and goes, and the endpoint after it."""
    ec2 = world.aws.client("ec2")

    def ways(table: str) -> list[str]:
        routes = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return [each["GatewayId"] for each in routes if each.get("DestinationPrefixListId")]

    table, other = (engine.create("aws:ec2/routeTable:RouteTable", n, {"vpcId": world.vpc.id}).id for n in "ab")
    policy = document("s3:GetObject", "*")
    asked = {"vpcId": world.vpc.id, "serviceName": "com.amazonaws.eu-central-1.s3", "routeTableIds": [table]}
    gateway = engine.create("aws:ec2/vpcEndpoint:VpcEndpoint", "way", {**asked, "policy": policy})
    joined = {"vpcEndpointId": gateway.id, "routeTableId": other}
    association = engine.create(
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation", "j", joined
    )
    both = ways(table), ways(other)
    engine.delete(association)
    one = ways(table), ways(other)
    engine.delete(gateway)

    assert both == ([gateway.id], [gateway.id])
    assert one == ([gateway.id], [])
    assert ways(table) == []
    assert gateway.outputs["policy"] == policy


def test_a_secret_is_described_without_its_value(engine: Engine, world: World) -> None:
    made = engine.create("aws:secretsmanager/secret:Secret", "described", {"kmsKeyId": world.key.id})
    given = {"secretId": made.id, "secretString": "hunter2"}
    engine.create("aws:secretsmanager/secretVersion:SecretVersion", "described", given)
    found = engine.invoke("aws:secretsmanager/getSecret:getSecret", arn=made.id)

    assert (found["arn"], found["kmsKeyId"]) == (made.id, world.key.id)
    assert "hunter2" not in str(found)


def test_a_function_that_is_not_there_is_named(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.invoke("aws:rds/getCluster:getCluster")

    assert "has no function aws:rds/getCluster:getCluster" in caught.value.details()
    assert "aws:kms/getKey:getKey" in caught.value.details()


def test_a_function_s_refusal_is_aws_s(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.invoke("aws:kms/getAlias:getAlias", name="alias/none")

    assert "NotFoundException: there is no alias alias/none" in caught.value.details()
