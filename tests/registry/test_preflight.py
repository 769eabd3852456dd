"""Before a deployment: what is found of a real registry, and what is said where nothing can be known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import oci_images
import pytest
from moto import mock_aws
from oci_images import INDEX, index
from odd_registry import OddRegistry
from typer.testing import CliRunner

from components.registry_settings import RegistrySettings
from findings.summary import summarise
from knowledge.registries import parse_reference
from pipeline.command import app
from pipeline.errors import PipelineError
from pipeline.registry import of_network, preflight
from pipeline.registry.of_network import Network
from pipeline.registry.preflight import CHECKS, Flight, Preflight, before_acting
from pipeline.registry.trust import Credentials, public

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from certificates import Authority
    from oci_images import Image
    from real_registry import RealRegistry

    from findings.finding import Finding


def look(registry: Any, version: str, authority: Authority, **changed: Any) -> dict[str, Finding]:
    """The findings by check; of two, the one that says the worst."""
    credentials = changed.pop("credentials", getattr(registry, "credentials", None))

    def give() -> Credentials | None:
        if isinstance(credentials, Exception):
            raise credentials
        return credentials  # type: ignore[no-any-return]

    flight = {
        "reference": parse_reference(f"{registry.host}/team/model{version}"),
        "settings": RegistrySettings(authentication=getattr(registry, "authentication", "none")),
        "public": authority.store,
        "named": None,
        "credentials": give,
        "architecture": "amd64",
        **changed,
    }
    found = Preflight(Flight(**flight)).findings()
    return {one.name: one for one in sorted(found, key=lambda one: one.outcome != "passed")}


def outcomes(found: dict[str, Finding]) -> dict[str, str]:
    return {name: one.outcome for name, one in found.items() if one.outcome != "passed"}


def test_what_can_be_pulled_passes_every_check(registry: RealRegistry, pushed: Image) -> None:
    found = look(registry, f"@{pushed.digest}", registry.authority)

    assert set(found) == set(CHECKS)
    assert outcomes(found) == {}


def test_what_can_t_be_reached_is_unknown_and_never_fine(authority: Authority) -> None:
    """Usual for a registry that only a VPC reaches: shown before a deployment, and no reason to stop it."""

    class Nowhere:
        host = "registry.invalid"

    found = look(Nowhere, "@sha256:" + "0" * 64, authority)
    finding = found[preflight.ANSWERS]

    assert outcomes(found) == {preflight.ANSWERS: "unknown"}
    assert set(found) == {preflight.ANSWERS}
    assert finding.message.startswith("Not knowable from here: registry.invalid was asked")
    assert summarise([finding]).exit_code == 4
    assert [one.refuses for one in before_acting([finding])] == [False]
    assert [one.outcome for one in before_acting([finding])] == ["unknown"]


@pytest.mark.parametrize("named", [False, True], ids=["public-only", "named"])
def test_a_private_authority_is_an_error_even_where_it_is_named(company: Authority, named: bool) -> None:
    """The name lets us ask on; it doesn't make SageMaker trust it."""
    with OddRegistry(company.issue(), lambda handler: handler.say(200)) as odd:
        found = look(odd, ":1", company, public=public(), named=company.store if named else None)
    finding = found[preflight.CERTIFICATE]

    assert finding.outcome == "violated"
    assert "SageMaker" in finding.message
    assert (preflight.ANSWERS in found) is named
    assert finding.refuses


def test_an_expired_certificate_is_an_error(authority: Authority) -> None:
    with OddRegistry(authority.issue(expired=True), lambda handler: handler.say(200)) as odd:
        found = look(odd, ":1", authority, named=authority.store)

    assert outcomes(found) == {preflight.CERTIFICATE: "violated"}
    assert "has expired" in found[preflight.CERTIFICATE].message


@pytest.mark.parametrize("registry", ["basic", "bearer"], indirect=True)
def test_wrong_credentials_are_an_error(registry: RealRegistry, pushed: Image) -> None:
    found = look(registry, f"@{pushed.digest}", registry.authority, credentials=Credentials("robot", "hunter2"))

    assert outcomes(found) == {preflight.CREDENTIALS: "violated"}
    assert preflight.IMAGE not in found
    assert "hunter2" not in str(found)


def test_credentials_that_can_t_be_read_are_unknown(registry: RealRegistry) -> None:
    found = look(registry, ":1", registry.authority, credentials=PipelineError("denied", 4))

    assert outcomes(found) == {preflight.CREDENTIALS: "unknown"}


@pytest.mark.parametrize("registry", ["basic"], indirect=True)
@pytest.mark.parametrize(("set_to", "refuses"), [("none", True), ("bearer", False)])
def test_authentication_that_is_set_otherwise(registry: RealRegistry, set_to: str, refuses: bool) -> None:
    """Without credentials SageMaker would be refused; the two kinds take the same ones."""
    found = look(registry, ":1", registry.authority, settings=RegistrySettings(authentication=set_to))
    finding = found[preflight.AUTHENTICATION]

    assert (finding.outcome, finding.refuses) == ("violated", refuses)


@pytest.mark.parametrize("registry", ["none"], indirect=True)
def test_a_digest_that_is_not_there_is_an_error(registry: RealRegistry) -> None:
    found = look(registry, f"@sha256:{'0' * 64}", registry.authority)

    assert outcomes(found) == {preflight.IMAGE: "violated"}


@pytest.mark.parametrize("registry", ["none"], indirect=True)
def test_an_image_for_other_instances_is_an_error(registry: RealRegistry, pushed: Image) -> None:
    found = look(registry, f"@{pushed.digest}", registry.authority, architecture="arm64")

    assert outcomes(found) == {preflight.PLATFORM: "violated"}


@pytest.mark.parametrize("registry", ["none"], indirect=True)
def test_a_list_is_advised_against(registry: RealRegistry, oras: Any, pushed: Image, tmp_path: Path) -> None:
    oci_images.push_manifest(oras, registry.host, "team/model:list", index(pushed), INDEX)
    found = look(registry, ":list", registry.authority)

    assert outcomes(found) == {preflight.PLATFORM: "violated"}
    assert not found[preflight.PLATFORM].refuses


# --- the network --------------------------------------------------------------------------------------------------

REGION = "eu-west-1"


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        yield boto3.client("ec2")


class World:
    """A VPC with a subnet and two groups, the registry's and the model's."""

    def __init__(self, ec2: Any) -> None:
        self.ec2 = ec2
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        self.own, self.registry = (
            ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]
            for name in ("own", "registry")
        )
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.revoke_security_group_egress(GroupId=self.own, IpPermissions=[everything])

    def rule(self, port: int, **other: Any) -> list[dict[str, Any]]:
        return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **other}]

    def way_to_lambda(self, name: str, **more: Any) -> str:
        tags = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Name", "Value": name}]}]
        service = f"com.amazonaws.{REGION}.lambda"
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.vpc, ServiceName=service, VpcEndpointType="Interface", TagSpecifications=tags, **more
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def look(self, **settings: Any) -> dict[str, Finding]:
        network = Network(
            RegistrySettings.model_validate(settings),
            subnets=[self.subnet],
            groups=[self.own],
            ports=[5000],
            region=REGION,
            own="sample-lambda",
            client=boto3.client,
        )
        return {one.name: one for one in network.findings()}


def test_rules_that_the_stack_makes_are_not_looked_for(ec2: Any) -> None:
    assert World(ec2).look(network="sg-0123456789abcdef0") == {}


def test_group_rules_both_ways(ec2: Any) -> None:
    """What is missing is named, and a rule for another port doesn't count."""
    world = World(ec2)
    kept = {"network": world.registry, "groupRules": False}
    nothing = world.look(**kept)[of_network.GROUPS]
    to = {"UserIdGroupPairs": [{"GroupId": world.registry}]}
    world.ec2.authorize_security_group_egress(GroupId=world.own, IpPermissions=world.rule(443, **to))
    world.ec2.authorize_security_group_egress(GroupId=world.own, IpPermissions=world.rule(5000, **to))
    half = world.look(**kept)[of_network.GROUPS]
    into = {"UserIdGroupPairs": [{"GroupId": world.own}]}
    world.ec2.authorize_security_group_ingress(GroupId=world.registry, IpPermissions=world.rule(5000, **into))

    assert nothing.outcome == half.outcome == "violated"
    assert f"{world.own} lets nothing out" in nothing.message
    assert "lets nothing out" not in half.message
    assert f"{world.registry} lets {world.own} not in at port 5000" in half.message
    assert world.look(**kept)[of_network.GROUPS].outcome == "passed"


def test_a_way_out_to_addresses(ec2: Any) -> None:
    world = World(ec2)
    narrow = {"IpRanges": [{"CidrIp": "10.1.0.0/24"}]}
    world.ec2.authorize_security_group_egress(GroupId=world.own, IpPermissions=world.rule(5000, **narrow))
    found = {
        network: world.look(network=network, groupRules=False)[of_network.GROUPS].outcome
        for network in ("10.1.0.0/24", "10.1.0.16/28", "10.1.0.0/16", "internet")
    }

    assert found == {
        "10.1.0.0/24": "passed",
        "10.1.0.16/28": "passed",
        "10.1.0.0/16": "violated",
        "internet": "violated",
    }


def test_where_the_registry_lies_is_not_said(ec2: Any) -> None:
    assert World(ec2).look()[of_network.GROUPS].outcome == "unknown"


AUTHENTICATED = {"authentication": "basic", "network": "sg-0123456789abcdef0"}


@pytest.mark.parametrize(
    ("how", "there", "outcome"),
    [
        ("existing", None, "violated"),
        ("existing", {"PrivateDnsEnabled": True}, "passed"),
        ("existing", {"PrivateDnsEnabled": False}, "unknown"),
        ("private-dns", None, None),
        ("private-dns", {"PrivateDnsEnabled": True}, "violated"),
        ("manual", None, "unknown"),
    ],
)
def test_the_way_to_lambda(ec2: Any, how: str, there: dict[str, Any] | None, outcome: str | None) -> None:
    world = World(ec2)
    if there:
        world.way_to_lambda("somebody-s", **there)
    found = world.look(**AUTHENTICATED, lambdaEndpoint=how)

    assert (found[of_network.LAMBDA].outcome if found else None) == outcome


def test_the_stack_s_own_way_to_lambda_is_no_obstacle_to_itself(ec2: Any) -> None:
    world = World(ec2)
    world.way_to_lambda("sample-lambda", PrivateDnsEnabled=True)

    assert world.look(**AUTHENTICATED) == {}


def test_an_account_that_can_t_be_asked_is_unknown(ec2: Any) -> None:
    world = World(ec2)
    world.own = "sg-00000000000000000"
    found = world.look(network=world.registry, groupRules=False)[of_network.GROUPS]

    assert found.outcome == "unknown"
    assert world.own in found.message


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command_tells_each_check_and_leaves_by_the_worst(
    registry: RealRegistry, pushed: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A named authority lets it go on; the certificate stays an error."""
    (tmp_path / "Pulumi.yaml").write_text("name: holdfast\nruntime: python\n")
    how = {"authentication": registry.authentication, "network": "10.0.0.0/8", "lambdaEndpoint": "manual"}
    settings = {"image": f"{registry.host}/team/model:1", "registry": how}
    config = {f"holdfast:{key}": value for key, value in settings.items()}
    (tmp_path / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
    monkeypatch.setenv("HOLDFAST_REGISTRY_USERNAME", registry.user[0])
    monkeypatch.setenv("HOLDFAST_REGISTRY_PASSWORD", registry.user[1])
    args = ["preflight", "--stack", "dev", "-C", str(tmp_path), "--trust-store", str(registry.authority.store_path)]
    pinned = f"--set=image={registry.host}/team/model@{pushed.digest}"
    done = CliRunner().invoke(app, [*args, pinned, "--json"])
    told = json.loads(done.output)
    outcome = {one["name"]: one["outcome"] for one in told["findings"]}

    assert (done.exit_code, told["exit_code"]) == (1, 1)
    assert outcome[preflight.CERTIFICATE] == "violated"
    assert outcome[preflight.IMAGE] == outcome[preflight.PLATFORM] == "passed"
    words = CliRunner().invoke(app, args).output
    assert f"{preflight.CERTIFICATE}: violated" in words
    if registry.authentication != "none":
        assert f"{of_network.LAMBDA}: not knowable from here" in words
    assert registry.user[1] not in done.output + words


def test_an_image_in_ecr_has_no_preflight(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: holdfast\nruntime: python\n")
    reference = f"{'1' * 12}.dkr.ecr.eu-west-1.amazonaws.com/x:1"
    (tmp_path / "Pulumi.dev.yaml").write_text(json.dumps({"config": {"holdfast:image": reference}}))
    done = CliRunner().invoke(app, ["preflight", "--stack", "dev", "-C", str(tmp_path)])

    assert (done.exit_code, "Amazon ECR" in done.output) == (0, True)
