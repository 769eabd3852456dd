"""RecommenderNetwork and RecommenderJobs: the way to Amazon S3, made once; a group, a role, a bucket for jobs alone."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import config
from recording import KEY, Recorder

import guards
from components.account import Account
from components.network import Network
from components.recommender_jobs import RecommenderJobs
from components.recommender_network import MARK, RecommenderNetwork
from knowledge.policy_documents import Outcome, evaluate
from knowledge.recommendations import FULL_ACCESS, NETWORK_PERMISSIONS

ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
ENDPOINT = "aws:ec2/getVpcEndpoint:getVpcEndpoint"
NONE = "no matching EC2 VPC Endpoint found"
SEVERAL = (
    "multiple EC2 VPC Endpoints matched; use additional constraints to reduce matches to a single EC2 VPC Endpoint"
)
ROOT = Path(__file__).parents[2]
SUBNETS = {"subnet-1": "10.1.0.0/24", "subnet-2": "10.1.1.0/24"}


def a_subnet(arguments: dict[str, Any]) -> dict[str, Any]:
    name = arguments["id"]
    return {
        "id": name,
        "vpcId": "vpc-9" if name == "subnet-3" else "vpc-1",
        "cidrBlock": SUBNETS.get(name, "10.9.0.0/24"),
    }


def a_table(arguments: dict[str, Any]) -> dict[str, Any]:
    """subnet-1 has a table of its own, subnet-2 the main one."""
    [wanted] = arguments["filters"]
    own = wanted["name"] == "association.subnet-id"
    found = {"subnet-1": ["rtb-1"]}.get(wanted["values"][0], []) if own else ["rtb-main"]
    return {"id": "x", "ids": found}


@pytest.fixture
def register(recorder: Recorder, account: Account) -> Any:
    """Register a RecommenderNetwork with these arguments."""

    def run(ours: Any = NONE, theirs: Any = NONE, **changed: Any) -> Recorder:
        recorder.lookups = {
            ZONES: {"id": "x", "names": ["eu-central-1a", "eu-central-1b"], "zoneIds": [], "groupNames": []},
            "aws:ec2/getSubnet:getSubnet": a_subnet,
            "aws:ec2/getRouteTables:getRouteTables": a_table,
            "aws:ec2/getPrefixList:getPrefixList": {"id": "pl-3", "cidrBlocks": [], "name": "s3"},
            ENDPOINT: lambda arguments: ours if MARK in (arguments.get("tags") or {}) else theirs,
        }

        def program() -> None:
            given = {key: value() if callable(value) else value for key, value in changed.items()}
            RecommenderNetwork("sample", {"account": account, **given})  # type: ignore[typeddict-item]

        recorder.run(program)
        return recorder

    return run


def inputs(recorder: Recorder, type_: str) -> list[dict[str, Any]]:
    return [each.inputs for each in recorder.registered if each.type.endswith(type_)]


FOUND = {"id": "vpce-1", "routeTableIds": []}


@pytest.mark.parametrize(
    ("ours", "theirs", "wanted", "made"),
    [
        (NONE, NONE, "auto", True),
        (NONE, FOUND, "auto", False),
        (NONE, SEVERAL, "auto", False),
        (FOUND, FOUND, "auto", True),
        (NONE, FOUND, "own", True),
        (NONE, NONE, "existing", False),
    ],
    ids=["none", "theirs", "several", "ours", "own", "existing"],
)
def test_in_somebody_s_vpc_the_gateway_endpoint_is_made_once(
    register: Any, ours: Any, theirs: Any, wanted: str, made: bool
) -> None:
    """One that is there already is left alone; our own, known by its tag, stays in the program."""
    recorder = register(ours, theirs, subnet_ids=[*SUBNETS], s3_endpoint=wanted)
    found = inputs(recorder, "vpcEndpoint:VpcEndpoint")

    assert len(found) == made
    if made:
        assert found[0]["serviceName"] == "com.amazonaws.eu-central-1.s3"
        assert (found[0]["vpcEndpointType"], found[0]["vpcId"]) == ("Gateway", "vpc-1")
        assert found[0]["routeTableIds"] == ["rtb-1", "rtb-main"]
        assert found[0]["tags"][MARK] == "sample-recommender"
        assert "policy" not in found[0]


def test_the_group_lets_out_to_amazon_s3_and_to_the_subnets(register: Any) -> None:
    recorder = register(subnet_ids=[*SUBNETS])
    found = inputs(recorder, "vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    rules = {rule.get("prefixListId") or rule["cidrIpv4"]: (rule["ipProtocol"], rule.get("toPort")) for rule in found}

    assert rules == {"pl-3": ("tcp", 443), **dict.fromkeys(SUBNETS.values(), ("-1", None))}
    assert inputs(recorder, "IngressRule") == []
    assert inputs(register(subnet_ids=[*SUBNETS], security_group_ids=["sg-1"]), "SecurityGroup") == []


def test_a_vpc_of_its_own_resolves_names_and_has_the_endpoint_on_its_table(register: Any) -> None:
    policy = json.dumps({"Statement": []})
    recorder = register(endpoint_policy=policy)
    vpc, endpoint = recorder.only("ec2/vpc:Vpc").inputs, recorder.only("vpcEndpoint:VpcEndpoint").inputs

    assert (vpc["enableDnsSupport"], vpc["enableDnsHostnames"]) == (True, True)
    assert endpoint["routeTableIds"] == ["sample-recommender-id"]
    assert endpoint["policy"] == policy


def test_the_stack_s_own_network_serves_with_the_endpoint_that_it_has(register: Any, account: Account) -> None:
    recorder = register(network=lambda: Network("sample", {"account": account}))

    assert len(inputs(recorder, "vpcEndpoint:VpcEndpoint")) == 1
    assert {each["cidrIpv4"] for each in inputs(recorder, "EgressRule") if "cidrIpv4" in each} == {
        "10.0.1.0/24",
        "10.0.2.0/24",
    }


@pytest.mark.parametrize(
    ("attached", "made"), [((), 1), ((f"arn:aws:iam::aws:policy/{FULL_ACCESS}",), 0), ((f"{FULL_ACCESS}Not",), 1)]
)
def test_the_role_gets_the_eleven_unless_full_access_grants_them(register: Any, attached: Any, made: int) -> None:
    recorder = register(subnet_ids=[*SUBNETS], role_name="jobs", role_managed_policies=attached)
    policies = inputs(recorder, "rolePolicy:RolePolicy")

    assert len(policies) == made
    for policy in policies:
        [statement] = json.loads(policy["policy"])["Statement"]

        assert (set(statement["Action"]), statement["Resource"]) == (set(NETWORK_PERMISSIONS), "*")


def test_subnets_of_several_vpcs_and_a_look_up_that_fails_are_told(register: Any) -> None:
    with pytest.raises(Exception, match="lie in several VPCs"):
        register(subnet_ids=["subnet-1", "subnet-3"])
    with pytest.raises(Exception, match=r"Set recommender\.s3Endpoint to own or existing"):
        register("UnauthorizedOperation", subnet_ids=["subnet-1"])


def test_the_jobs_role_reaches_the_model_and_its_own_endpoints_and_the_bucket_goes_with_the_stack(
    recorder: Recorder, account: Account
) -> None:
    recorder.run(
        lambda: RecommenderJobs(
            "sample",
            {
                "account": account,
                "job_prefix": "scoring",
                "images": ["111122223333.dkr.ecr.eu-central-1.amazonaws.com/trees@sha256:" + "0" * 64],
                "artifact_urls": ["s3://artifacts/model.tar.gz"],
                "key_arn": KEY,
                "own_role": True,
                "own_bucket": True,
            },
        )
    )
    [rights] = inputs(recorder, "rolePolicy:RolePolicy")
    document = json.loads(rights["policy"])
    endpoint = "arn:aws:sagemaker:eu-central-1:111122223333:endpoint"

    def may(action: str, resource: str, **context: str) -> bool:
        return evaluate([document], action, resource, context=context) is Outcome.ALLOWED

    assert may("s3:GetObject", "arn:aws:s3:::artifacts/model.tar.gz")
    assert may("kms:Decrypt", KEY)
    assert may("sagemaker:CreateEndpoint", f"{endpoint}/scoring-1")
    assert not may("sagemaker:DeleteEndpoint", f"{endpoint}/payments")
    assert json.loads(recorder.only("iam/role:Role").inputs["assumeRolePolicy"])["Statement"][0]["Principal"] == {
        "Service": "sagemaker.amazonaws.com"
    }
    assert recorder.only("s3/bucket:Bucket").inputs["forceDestroy"] is True
    assert recorder.only("PublicAccessBlock").inputs["restrictPublicBuckets"] is True
    [rule] = recorder.only("ServerSideEncryptionConfiguration").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == KEY


# --- in the program -------------------------------------------------------------------------------------------------

PROGRAM_LOOKUPS = {
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "arn": "arn:aws:iam::111122223333:user/x",
        "accountId": "111122223333",
        "userId": "x",
        "id": "x",
    },
    "aws:index/getRegion:getRegion": {"region": "eu-central-1", "name": "eu-central-1", "id": "x"},
    ZONES: {"id": "x", "names": ["eu-central-1a", "eu-central-1b"], "zoneIds": [], "groupNames": []},
    "aws:ec2/getPrefixList:getPrefixList": {"id": "pl-3", "cidrBlocks": [], "name": "s3"},
}
CONFIGURATION = "sagemaker/endpointConfiguration:EndpointConfiguration"


@pytest.fixture
def deploy(recorder: Recorder, artifact: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the program with these settings."""
    monkeypatch.setattr(guards, "install", lambda: None, raising=False)
    monkeypatch.delenv("HOLDFAST_SET", raising=False)
    recorder.lookups = dict(PROGRAM_LOOKUPS)

    def run(**given: Any) -> Recorder:
        image = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/sample@sha256:{'a' * 64}"
        settings = {"image": image, "artifact": str(artifact), "name": "sample"} | given
        texts = {name: each if isinstance(each, str) else json.dumps(each) for name, each in settings.items()}
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps({f"holdfast:{name}": each for name, each in texts.items()}))
        config.set_all_config({})
        recorder.run(lambda: runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__"))
        return recorder

    return run


@pytest.mark.parametrize(
    ("given", "serves"),
    [({}, True), ({"modelPackageGroup": {"name": "trees"}, "modelVersion": {"description": "first"}}, False)],
    ids=["serving", "registering"],
)
def test_a_stack_with_the_setting_has_what_jobs_need(deploy: Any, given: dict[str, Any], serves: bool) -> None:
    """Beside an endpoint, and where a version is only registered; one network, with one way to Amazon S3."""
    recorder = deploy(recommender={"job": "Default"}, **given)
    types = [each.type.rpartition(":")[2] for each in recorder.registered]

    assert (types.count("RecommenderNetwork"), types.count("RecommenderJobs")) == (1, 1)
    assert (types.count("Vpc"), types.count("VpcEndpoint")) == (1, 1)
    assert ("Endpoint" in types) is serves


def test_a_stack_without_it_has_nothing_of_it_and_one_with_all_of_it_makes_no_role_and_no_bucket(deploy: Any) -> None:
    assert not [each for each in deploy().registered if "ecommend" in each.type]

    role = "arn:aws:iam::111122223333:role/jobs"
    made = deploy(recommender={"role": role, "bucket": "payloads", "securityGroups": ["sg-1"]})

    assert not [each for each in made.registered if each.name.endswith(("-recommender", "-recommender-jobs"))]


def test_the_configuration_says_where_its_instance_type_comes_from(deploy: Any) -> None:
    source = {"job": "trees-1", "instanceType": "ml.c5.large", "completed": "2026-11-22T18:00:00Z"}
    tags = deploy(instanceType="ml.c5.large", recommendation=source).only(CONFIGURATION).inputs["tags"]
    simulated = deploy(recommendation={**source, "simulated": True}).only(CONFIGURATION).inputs["tags"]

    assert tags["holdfast:recommendation"] == "ml.c5.large 2026-11-22T18:00:00Z trees-1"
    assert simulated["holdfast:recommendation"].endswith(" simulated")
    assert "holdfast:recommendation" not in deploy().only(CONFIGURATION).inputs["tags"]
