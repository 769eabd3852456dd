"""The account's own interface: faults, log of calls, dump; and calls that AWS has and the emulation hasn't."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from account_world import TRUST, World, put_configuration, put_ground, put_model, wait
from botocore.exceptions import ClientError

from rehearsal.account import AccountError, UnknownFault
from rehearsal.account.faults import KNOWN


@pytest.fixture(scope="module")
def ground(world: World) -> dict[str, Any]:
    """What endpoints need, and a model."""
    ground = put_ground(world, "trees")
    put_model(world, ground, "trees", Environment={"PASSWORD": "hunter2"})
    return ground


def error(action: Any, **arguments: Any) -> dict[str, Any]:
    """AWS's error for a call that must be refused, with the HTTP status."""
    with pytest.raises(ClientError) as caught:
        action(**arguments)
    response = caught.value.response
    return {**response["Error"], "status": response["ResponseMetadata"]["HTTPStatusCode"]}


def test_an_unknown_fault_is_refused_with_the_known_ones(world: World) -> None:
    """The error lists every name."""
    with pytest.raises(UnknownFault) as caught:
        world.account.arm("silent-rollback")

    assert all(name in str(caught.value) for name in KNOWN)
    assert world.account.faults() == []


def test_an_action_that_no_service_has_cannot_be_denied(world: World) -> None:
    """A misspelt action would never be met."""
    for name in ("access-denied:CreateModell", "access-denied:kms:CreateModel", "access-denied:"):
        with pytest.raises(UnknownFault):
            world.account.arm(name)
    world.account.arm("access-denied:cloudwatch:DescribeAlarms")
    with pytest.raises(ClientError, match="AccessDenied"):
        world.client("cloudwatch").describe_alarms()


def test_throttling_hits_the_next_calls_in_their_own_protocols(world: World) -> None:
    """Each service's own code, and then it is over."""
    world.account.arm("throttling", count=4)
    codes = [
        error(world.sagemaker.list_models)["Code"],
        error(world.client("ec2").describe_vpcs)["Code"],
        error(world.client("iam").list_roles)["Code"],
        error(world.client("cloudwatch").describe_alarms)["Code"],
    ]

    assert codes == ["ThrottlingException", "RequestLimitExceeded", "Throttling", "ThrottlingException"]
    assert world.account.faults() == []
    assert "Models" in world.sagemaker.list_models()


@pytest.mark.parametrize("name", ["access-denied:CreateModel", "access-denied:sagemaker:CreateModel"])
def test_access_is_denied_to_one_action_once(world: World, ground: dict[str, Any], name: str) -> None:
    """Other actions pass; the second try passes too."""
    world.account.arm(name)
    world.sagemaker.list_models()
    with pytest.raises(ClientError, match=r"AccessDeniedException.*sagemaker:CreateModel"):
        put_model(world, ground, "denied")
    put_model(world, ground, "denied")
    world.sagemaker.delete_model(ModelName="denied")


def test_armed_faults_can_be_taken_back(world: World) -> None:
    """disarm() leaves none."""
    world.account.arm("capacity-error")
    armed = world.account.faults()
    world.account.disarm()

    assert armed == [{"name": "capacity-error", "count": 1}]
    assert world.account.faults() == []


def test_the_log_says_what_was_asked_and_never_a_secret(world: World, ground: dict[str, Any]) -> None:
    """Service, action, names, result; no environment, no policy, no body."""
    error(world.sagemaker.describe_model, ModelName="none")
    calls = world.account.calls()
    made = next(call for call in calls if call["action"] == "CreateModel")
    last = calls[-1]

    assert (made["service"], made["parameters"]["ModelName"], made["result"]) == ("sagemaker", "trees", 200)
    assert (last["action"], last["parameters"], last["result"]) == (
        "DescribeModel",
        {"ModelName": "none"},
        "ValidationException",
    )
    assert "hunter2" not in json.dumps(calls)
    assert any(call["service"] == "s3" and call["action"] == "PutObject" for call in calls)


def test_reading_does_not_change_the_dump_and_writing_does(world: World, ground: dict[str, Any]) -> None:
    """Even the first look at a region, or at services never used."""
    before = world.account.fingerprint()
    world.client("ec2", "ap-southeast-2").describe_vpcs()
    world.client("ec2").describe_security_groups()
    world.client("iam").get_role(RoleName="trees")
    world.client("s3").get_object(Bucket=ground["bucket"], Key="m/model.tar.gz")["Body"].read()
    world.client("secretsmanager").list_secrets()
    world.client("logs").describe_log_groups()
    world.client("kms").describe_key(KeyId=ground["alias"])
    world.sagemaker.list_endpoints()
    world.account.advance(1000)
    after_reading = world.account.fingerprint()
    statement = [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    world.client("iam").put_role_policy(RoleName="trees", PolicyName="more", PolicyDocument=document)
    changed = world.account.fingerprint()
    world.client("iam").delete_role_policy(RoleName="trees", PolicyName="more")

    assert after_reading == before
    assert changed != before
    assert world.account.fingerprint() == before


def test_an_older_version_that_goes_changes_the_dump(world: World, ground: dict[str, Any]) -> None:
    """Everything in a versioned bucket counts, not only the newest."""
    s3 = world.client("s3")
    s3.create_bucket(Bucket="versions", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket="versions", Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket="versions", Key="k", Body=b"2")
    before = world.account.fingerprint()
    s3.delete_object(Bucket="versions", Key="k", VersionId=old)

    assert world.account.fingerprint() != before


def test_mutations_are_counted(world: World) -> None:
    """Refused ones and reads are not."""
    before = world.account.health()["mutations"]
    world.client("kms").list_keys()
    error(world.sagemaker.delete_model, ModelName="none")
    world.client("kms").create_key()

    assert world.account.health()["mutations"] == before + 1


def test_what_the_emulation_lacks_says_so(world: World) -> None:
    """501 with words, in the caller's protocol."""
    said = error(world.sagemaker.describe_inference_experiment, Name="trees")
    rest = error(world.client("sagemaker-runtime").invoke_endpoint_async, EndpointName="x", InputLocation="s3://a/b")

    assert said["status"] == rest["status"] == 501
    assert "does not have the operation sagemaker:DescribeInferenceExperiment" in said["Message"]
    assert "InvokeEndpointAsync" in rest["Message"]


def test_a_service_that_the_emulation_lacks_says_so(world: World) -> None:
    """The same words; and moto's own interface, which would go past the journal, is closed."""
    said = error(world.client("braket").get_job, jobArn="arn:aws:braket:eu-west-1:111122223333:job/x")
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(f"{world.account.url}/moto-api/reset", b"")

    assert said["status"] == 501
    assert "does not have the operation braket:GetJob" in said["Message"]


def test_an_operation_that_aws_has_not_is_refused_as_aws_does(world: World) -> None:
    """It is no gap of the emulation, and no fault of it."""
    scope = "Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-west-1/{}/aws4_request"
    said = {}
    for service, headers, body in (
        ("sagemaker", {"X-Amz-Target": "SageMaker.Nonsense", "Content-Type": "application/x-amz-json-1.1"}, b"{}"),
        ("kms", {"X-Amz-Target": "TrentService.Nonsense", "Content-Type": "application/x-amz-json-1.1"}, b"{}"),
    ):
        signed = {"Authorization": f"AWS4-HMAC-SHA256 {scope.format(service)}, SignedHeaders=host, Signature=0"}
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(world.account.url, body, {**headers, **signed}))
        said[service] = (caught.value.code, json.loads(caught.value.read())["__type"])

    assert said == dict.fromkeys(("sagemaker", "kms"), (400, "UnknownOperationException"))


def test_shapes_are_checked_by_the_account_too(world: World) -> None:
    """A client that checks nothing itself: a wrong type, a missing member, a body that isn't JSON."""
    scope = "Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-west-1/sagemaker/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        "X-Amz-Target": "SageMaker.CreateModel",
        "Content-Type": "application/x-amz-json-1.1",
    }
    said = []
    for body in (b'{"ModelName": 1}', b"{}", b"not json"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(world.account.url, body, headers))
        said.append(json.loads(caught.value.read()))

    assert [entry["__type"] for entry in said] == [
        "SerializationException",
        "ValidationException",
        "SerializationException",
    ]
    assert "Value null at 'modelName' failed to satisfy constraint: Member must not be null" in said[1]["message"]


def test_a_web_page_cannot_reach_the_control_api(world: World) -> None:
    """Origin, or a host name that isn't loopback: 403."""
    for headers in ({"Origin": "https://example.com"}, {"Host": "example.com"}):
        request = urllib.request.Request(f"{world.account.url}/_rehearsal/stop", b"{}", headers)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request)

    assert world.account.health()["account"] == world.account.id


def test_the_clock_only_goes_forward(world: World) -> None:
    """A negative number is refused; advance moves it by exactly that much when it stands still."""
    before = world.account.now()
    with pytest.raises(AccountError, match="only goes forward"):
        world.account.advance(-1)

    assert world.account.advance(90.5) == before + 90.5


def test_account_and_alarms_are_the_accounts_own(world: World) -> None:
    """STS says the account's id; CloudWatch's own protocol works, dates included."""
    cloudwatch = world.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": "trees"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["errors"])["MetricAlarms"]

    assert world.client("sts").get_caller_identity()["Account"] == world.account.id
    assert alarm["Threshold"] == 1.5
    assert alarm["Dimensions"] == [{"Name": "EndpointName", "Value": "trees"}]
    assert abs(alarm["AlarmConfigurationUpdatedTimestamp"].timestamp() - world.account.now()) < 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ExecutionRoleArn": "arn:aws:iam::111122223333:role/nobody"}, "Could not assume role"),
        ({"Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/trees:none"}, "Requested image"),
        ({"Image": "python:3.11"}, "Using non-ECR image"),
        ({"ModelDataUrl": "s3://trees-artifacts/none.tar.gz"}, "Could not find model data"),
        ({"VpcConfig": {"Subnets": ["subnet-0"], "SecurityGroupIds": ["sg-0"]}}, "subnet-0"),
    ],
)
def test_a_model_is_refused_when_what_it_names_is_not_there(
    world: World, ground: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    """CreateModel, in the words that users know."""
    with pytest.raises(ClientError) as caught:
        put_model(world, ground, "refused", **change)

    assert words in str(caught.value)
    assert "refused" not in [model["ModelName"] for model in world.sagemaker.list_models()["Models"]]


def test_a_model_is_refused_when_its_role_may_not_read_the_artifact(world: World, ground: dict[str, Any]) -> None:
    """Simulated authorisation: s3:GetObject; and a trust policy that doesn't name SageMaker."""
    iam = world.client("iam")
    role = iam.create_role(RoleName="blind", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    with pytest.raises(ClientError, match="s3:GetObject"):
        put_model(world, ground, "blind", ExecutionRoleArn=role)
    iam.update_assume_role_policy(RoleName="blind", PolicyDocument=json.dumps(TRUST).replace("sagemaker", "lambda"))
    with pytest.raises(ClientError, match="Could not assume role"):
        put_model(world, ground, "blind", ExecutionRoleArn=role)


def test_a_configuration_is_refused_without_its_model_or_key(world: World, ground: dict[str, Any]) -> None:
    """CreateEndpointConfig: unknown model, unknown key, a key on instances with local storage, unknown type."""
    with pytest.raises(ClientError, match=r'Could not find model ".*model/none"'):
        put_configuration(world, "c", "none")
    with pytest.raises(ClientError, match="alias/none"):
        put_configuration(world, "c", "trees", KmsKeyId="alias/none")
    with pytest.raises(ClientError, match="local storage"):
        put_configuration(world, "c", "trees", KmsKeyId=ground["key"], variant={"InstanceType": "ml.g5.xlarge"})
    with pytest.raises(ClientError, match="Member must satisfy enum value set"):
        put_configuration(world, "c", "trees", variant={"InstanceType": "ml.none"})
    for key in (ground["key"], ground["alias"], ground["key"].rpartition("/")[2]):
        put_configuration(world, f"key-{len(key)}", "trees", KmsKeyId=key)


def test_an_aws_managed_policy_can_be_attached(world: World, ground: dict[str, Any]) -> None:
    """AmazonSageMakerFullAccess exists, as it does in every account."""
    iam = world.client("iam")
    arn = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    iam.attach_role_policy(RoleName="trees", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="trees")["AttachedPolicies"]
    iam.detach_role_policy(RoleName="trees", PolicyArn=arn)

    assert attached == [{"PolicyName": "AmazonSageMakerFullAccess", "PolicyArn": arn}]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.attach_role_policy(RoleName="trees", PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy")


def test_an_endpoint_is_slow_by_the_virtual_clock_only(world: World, ground: dict[str, Any]) -> None:
    """Three virtual minutes pass at once when the clock is advanced."""
    put_configuration(world, "clocked", "trees")
    world.sagemaker.create_endpoint(EndpointName="clocked", EndpointConfigName="clocked")
    world.account.advance(179)
    early = world.sagemaker.describe_endpoint(EndpointName="clocked")
    world.account.advance(2)
    done = wait(world, "clocked", "InService")

    assert early["EndpointStatus"] == "Creating"
    assert (done["LastModifiedTime"] - done["CreationTime"]).total_seconds() == 180


def test_a_key_policy_may_be_one_statement(world: World) -> None:
    """A policy whose Statement is an object, which IAM's grammar allows, is a policy."""
    kms = world.client("kms")
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{world.account.id}:root"}, "Action": "kms:*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": {**statement, "Resource": "*"}})
    key = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]

    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
