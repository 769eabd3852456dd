"""Each component: what it registers, what it depends on, and with which options."""

import hashlib
import json
from pathlib import Path

import pytest
from recording import KEY, Recorder

from components import tags
from components.account import Account, current
from components.artifact_bucket import ArtifactBucket, object_key
from components.encryption_key import EncryptionKey
from components.execution_role import ExecutionRole
from components.model import Model, ModelArgs
from components.network import Network
from components.realtime_endpoint import VARIANT, RealtimeEndpoint, RealtimeEndpointArgs

IMAGE = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/sample@sha256:{'a' * 64}"
URL = "s3://artifacts/models/abc/own/model.tar.gz"
ZONES = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "names": ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
        "id": "x",
        "groupNames": [],
        "zoneIds": [],
    }
}


def model_args(**changed: object) -> ModelArgs:
    """Arguments of a model that works."""
    return ModelArgs(
        image=IMAGE,
        artifact_url=URL,
        execution_role_arn="arn:aws:iam::111122223333:role/sample",
        subnet_ids=["subnet-1", "subnet-2"],
        security_group_ids=["sg-1"],
        stage="production",
        **changed,
    )


def endpoint_args(**changed: object) -> RealtimeEndpointArgs:
    """Arguments of an endpoint that works."""
    return RealtimeEndpointArgs(
        **{
            "endpoint_name": "sample",
            "model_name": "sample-0123456",
            "instance_type": "ml.m5.large",
            "instance_count": 2,
            "ssm_access": False,
            "key_arn": KEY,
            "release_tags": tags.of_release("production", IMAGE, URL),
            **changed,
        }
    )


def rights(recorder: Recorder, account: Account, **changed: object) -> list[dict]:
    """The statements of the rights that an ExecutionRole registers."""
    args = {
        "account": account,
        "images": [IMAGE],
        "artifact_urls": [URL],
        "artifact_key_arns": [KEY],
        "volume_key_arn": KEY,
        "ssm_access": False,
        **changed,
    }
    recorder.run(lambda: ExecutionRole("sample", args))
    return json.loads(recorder.only("iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]


def allowed(statements: list[dict], action: str) -> list[str]:
    """The resources on which the statements allow the action."""
    return [each["Resource"] for each in statements if action in each["Action"]]


@pytest.mark.parametrize("type_", ["model:Model", "endpointConfiguration:EndpointConfiguration", "endpoint:Endpoint"])
def test_nothing_of_sagemaker_is_deleted_before_its_replacement_is_there(recorder: Recorder, type_: str) -> None:
    """The provider asks for delete-before-replace where a name is given; only this option overrides it."""
    recorder.run(lambda: (Model("sample", model_args()), RealtimeEndpoint("sample", endpoint_args())))
    request = recorder.only(f"sagemaker/{type_}").request

    assert request.deleteBeforeReplaceDefined
    assert not request.deleteBeforeReplace


def test_models_and_configurations_have_generated_names_and_the_endpoint_keeps_its_own(recorder: Recorder) -> None:
    """A name that is never reused can't collide; the endpoint's name is what its callers know."""
    recorder.run(lambda: (Model("sample", model_args()), RealtimeEndpoint("sample", endpoint_args())))

    assert "name" not in recorder.only("sagemaker/model:Model").inputs
    assert "name" not in recorder.only("sagemaker/endpointConfiguration:EndpointConfiguration").inputs
    assert recorder.only("sagemaker/endpoint:Endpoint").inputs["name"] == "sample"


@pytest.mark.parametrize("component", [Model, RealtimeEndpoint])
def test_a_logical_name_without_room_for_the_generated_suffix_is_told(recorder: Recorder, component: type) -> None:
    """SageMaker takes 63 characters; the engine would fail with a name that nobody wrote."""
    args = model_args() if component is Model else endpoint_args()

    with pytest.raises(ValueError, match=r"has 56 characters; 55 leave room"):
        recorder.run(lambda: component("a" * 56, args))


def test_a_model_is_one_container_in_the_given_network(recorder: Recorder) -> None:
    """Everything of the container in one block, and its stage and provenance as tags."""
    recorder.run(lambda: Model("sample", model_args(environment={"LEVEL": "info"})))
    inputs = recorder.only("sagemaker/model:Model").inputs

    assert inputs["primaryContainer"] == {
        "image": IMAGE,
        "modelDataUrl": URL,
        "environment": {"LEVEL": "info"},
    }
    assert inputs["vpcConfig"] == {"subnets": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}
    assert inputs["tags"] == {"holdfast:stage": "production", "holdfast:image": IMAGE, "holdfast:artifact": URL}


def test_what_aws_accepts_passes(recorder: Recorder) -> None:
    """A tag, SSM on production, no key: packs and guards refuse those, not the components."""
    latest = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/sample:latest"
    recorder.run(
        lambda: (
            Model("sample", {**model_args(), "image": latest}),
            RealtimeEndpoint("sample", endpoint_args(ssm_access=True, key_arn=None)),
        )
    )
    configuration = recorder.only("sagemaker/endpointConfiguration:EndpointConfiguration").inputs

    assert recorder.only("sagemaker/model:Model").inputs["primaryContainer"]["image"] == latest
    assert configuration["productionVariants"][0]["enableSsmAccess"] is True
    assert "kmsKeyArn" not in configuration


def test_the_endpoint_rolls_back_on_its_error_alarm_from_the_first_day(recorder: Recorder) -> None:
    """Adding the block later would replace the endpoint; the alarm watches this endpoint's variant."""
    recorder.run(lambda: RealtimeEndpoint("sample", endpoint_args()))
    endpoint = recorder.only("sagemaker/endpoint:Endpoint").inputs
    alarm = recorder.only("cloudwatch/metricAlarm:MetricAlarm")

    assert endpoint["deploymentConfig"]["autoRollbackConfiguration"] == {"alarms": [{"alarmName": "sample-0123456"}]}
    assert alarm.inputs["dimensions"] == {"EndpointName": "sample", "VariantName": VARIANT}
    assert alarm.inputs["treatMissingData"] == "notBreaching"
    assert recorder.depends("sagemaker/endpoint:Endpoint", on="cloudwatch/metricAlarm:MetricAlarm")


def test_the_configuration_has_one_variant_with_a_stable_name(recorder: Recorder) -> None:
    """Another variant name would make SageMaker ignore the deployment configuration."""
    recorder.run(lambda: RealtimeEndpoint("sample", endpoint_args()))
    inputs = recorder.only("sagemaker/endpointConfiguration:EndpointConfiguration").inputs

    assert inputs["kmsKeyArn"] == KEY
    assert inputs["productionVariants"] == [
        {
            "variantName": "AllTraffic",
            "modelName": "sample-0123456",
            "instanceType": "ml.m5.large",
            "initialInstanceCount": 2,
            "initialVariantWeight": 1.0,
            "enableSsmAccess": False,
        }
    ]


def test_the_rights_of_a_release_are_replaced_and_the_old_ones_stay_until_the_end(
    recorder: Recorder, account: Account
) -> None:
    """An edited policy would take the right away before the endpoint has moved."""
    rights(recorder, account)
    request = recorder.only("iam/rolePolicy:RolePolicy").request

    assert list(request.replaceOnChanges) == ["policy"]
    assert request.deleteBeforeReplaceDefined
    assert not request.deleteBeforeReplace


def test_the_generated_rights_name_this_artifact_this_repository_and_this_key(
    recorder: Recorder, account: Account
) -> None:
    """Least privilege: nothing that the model refers to is missing, and nothing else is there."""
    statements = rights(recorder, account)
    repository = "arn:aws:ecr:eu-central-1:111122223333:repository/sample"

    assert allowed(statements, "s3:GetObject") == ["arn:aws:s3:::artifacts/models/abc/own/model.tar.gz"]
    assert allowed(statements, "ecr:BatchGetImage") == [repository]
    assert allowed(statements, "kms:Decrypt") == [KEY]
    assert allowed(statements, "ec2:CreateNetworkInterface") == ["*"]
    assert not [each for each in statements if "ssmmessages:OpenDataChannel" in each["Action"]]
    assert not [each for each in statements if any("*" in action for action in each["Action"])]


def test_without_a_key_there_are_no_rights_on_one(recorder: Recorder, account: Account) -> None:
    """`key: none` is AWS's default encryption, for which nobody needs a right."""
    statements = rights(recorder, account, artifact_key_arns=[], volume_key_arn=None)

    assert not [each for each in statements if any(action.startswith("kms:") for action in each["Action"])]


def test_ssm_access_brings_the_agents_rights(recorder: Recorder, account: Account) -> None:
    """Without its channels the SSM agent can't speak to the service."""
    assert allowed(rights(recorder, account, ssm_access=True), "ssmmessages:OpenDataChannel") == ["*"]


def test_rights_of_a_users_own_take_the_place_of_the_generated_ones(recorder: Recorder, account: Account) -> None:
    """And white space in them is no change of rights."""
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    for text in (json.dumps({"Statement": [statement]}), json.dumps({"Statement": [statement]}, indent=4)):
        rights(recorder, account, permissions=text)

        policy = recorder.only("iam/rolePolicy:RolePolicy").inputs["policy"]
        assert policy == '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


def test_only_sagemaker_may_assume_the_role(recorder: Recorder, account: Account) -> None:
    """The trust policy names one principal."""
    rights(recorder, account)
    trust = json.loads(recorder.only("iam/role:Role").inputs["assumeRolePolicy"])

    assert [each["Principal"] for each in trust["Statement"]] == [{"Service": "sagemaker.amazonaws.com"}]


def test_the_key_rotates_and_the_account_keeps_the_say_over_it(recorder: Recorder, account: Account) -> None:
    """A key policy without the account would lock everybody out."""
    recorder.run(lambda: EncryptionKey("sample", {"account": account, "alias": "sample"}))
    key = recorder.only("kms/key:Key").inputs
    alias = recorder.only("kms/alias:Alias").inputs

    assert key["enableKeyRotation"] is True
    assert key["isEnabled"] is True
    assert json.loads(key["policy"])["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert (alias["name"], alias["targetKeyId"]) == ("alias/sample", "12345678")


def test_the_artifact_lies_under_its_digest_in_a_closed_bucket(recorder: Recorder, artifact: Path) -> None:
    """Another artifact is another object; nobody reaches it from outside; the bucket's rules are there before it."""
    recorder.run(
        lambda: ArtifactBucket("sample", {"artifact": artifact, "key_arn": KEY, "key_name": "alias/team/sample"})
    )
    stored = recorder.only("s3/bucketObjectv2:BucketObjectv2")
    digest = hashlib.sha256(artifact.read_bytes()).hexdigest()
    block = recorder.only("s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs

    assert stored.inputs["key"] == f"models/{digest}/sample/model.tar.gz"
    assert (stored.inputs["serverSideEncryption"], stored.inputs["kmsKeyId"]) == ("aws:kms", KEY)
    assert [value for name, value in block.items() if name != "bucket"] == [True] * 4
    assert recorder.only("s3/bucketVersioning:BucketVersioning").inputs["versioningConfiguration"] == {
        "status": "Enabled"
    }
    assert recorder.only("s3/bucketOwnershipControls:BucketOwnershipControls").inputs["rule"] == {
        "objectOwnership": "BucketOwnerEnforced"
    }
    for setting in ("Versioning", "ServerSideEncryptionConfiguration", "PublicAccessBlock", "OwnershipControls"):
        assert recorder.depends("bucketObjectv2:BucketObjectv2", on=f"s3/bucket{setting}:Bucket{setting}")


def test_another_key_is_another_object(recorder: Recorder, artifact: Path) -> None:
    """Re-encrypted in place, the artifact would be lost to the running release, whose role hasn't the new key."""
    assert object_key("d", "own") != object_key("d", "none") != object_key("d", "alias/other")


def test_without_a_key_amazon_s3_encrypts(recorder: Recorder, artifact: Path) -> None:
    """`key: none` leaves no artifact in clear."""
    recorder.run(lambda: ArtifactBucket("sample", {"artifact": artifact, "key_arn": None, "key_name": "none"}))
    rule = recorder.only("BucketServerSideEncryptionConfiguration").inputs["rules"][0]

    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    assert recorder.only("s3/bucketObjectv2:BucketObjectv2").inputs["serverSideEncryption"] == "AES256"


def test_the_network_reaches_amazon_s3_and_nothing_else(recorder: Recorder, account: Account) -> None:
    """Two zones; HTTPS to Amazon S3's addresses goes out, nothing comes in, and there is no way to the internet."""
    recorder.lookups = ZONES
    recorder.run(lambda: Network("sample", {"account": account}))
    subnets = [each for each in recorder.registered if each.type == "aws:ec2/subnet:Subnet"]
    subnets.sort(key=lambda each: each.name)  # they are registered side by side
    rule = recorder.only("vpc/securityGroupEgressRule:SecurityGroupEgressRule").inputs
    group = recorder.only("ec2/securityGroup:SecurityGroup").inputs

    assert [each.inputs["availabilityZone"] for each in subnets] == ["eu-central-1a", "eu-central-1b"]
    assert [list(each.request.ignoreChanges) for each in subnets] == [["availabilityZone"]] * 2
    assert (rule["prefixListId"], rule["fromPort"], rule["toPort"]) == ("pl-1", 443, 443)
    assert "ingress" not in group
    assert "routes" not in recorder.only("ec2/routeTable:RouteTable").inputs
    assert recorder.only("ec2/vpcEndpoint:VpcEndpoint").inputs["serviceName"] == "com.amazonaws.eu-central-1.s3"


def test_an_unexpected_look_up_fails(recorder: Recorder, account: Account) -> None:
    """The recorder itself: a component that asks AWS for something new has to say so in its test."""
    with pytest.raises(Exception, match="unexpected look-up: aws:index/getAvailabilityZones"):
        recorder.run(lambda: Network("sample", {"account": account}))


def test_the_partition_is_that_of_the_caller(recorder: Recorder) -> None:
    """China and GovCloud have ARNs of their own."""
    recorder.lookups = {
        "aws:index/getCallerIdentity:getCallerIdentity": {
            "arn": "arn:aws-cn:iam::111122223333:user/x",
            "accountId": "111122223333",
            "userId": "x",
            "id": "x",
        },
        "aws:index/getRegion:getRegion": {
            "region": "cn-north-1",
            "name": "cn-north-1",
            "id": "x",
            "description": "",
            "endpoint": "",
        },
    }
    found = []
    recorder.run(lambda: found.append(current()))

    assert found == [Account(partition="aws-cn", region="cn-north-1", id="111122223333")]
