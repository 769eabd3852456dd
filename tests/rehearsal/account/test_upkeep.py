"""The event of AWS's health page: a patch breaks what lacks something, and only that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from account_world import REGION, TRUST, World, put_configuration, put_ground, put_model, wait

from rehearsal.account.errors import AccountError

if TYPE_CHECKING:
    from collections.abc import Callable


def deploy(world: World, name: str, **options: Any) -> dict[str, Any]:
    """An endpoint in service on ground of its own, with a key and a network."""
    ground = put_ground(world, name)
    vpc = {"Subnets": [ground["subnet"]], "SecurityGroupIds": [ground["group"]]}
    put_model(world, ground, name, VpcConfig=vpc)
    put_configuration(world, name, name, KmsKeyId=ground["alias"])
    world.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    assert wait(world, name, "InService", "Failed")["EndpointStatus"] == "InService"
    return ground


def delete_role(world: World, ground: dict[str, Any]) -> None:
    world.client("iam").delete_role_policy(RoleName=ground["name"], PolicyName="rights")
    world.client("iam").delete_role(RoleName=ground["name"])


def distrust(world: World, ground: dict[str, Any]) -> None:
    document = json.dumps(TRUST).replace("sagemaker.", "lambda.")
    world.client("iam").update_assume_role_policy(RoleName=ground["name"], PolicyDocument=document)


def narrow(action: str) -> Callable[[World, dict[str, Any]], None]:
    """Denies one action to the role, as somebody does who edits its policy in place."""

    def change(world: World, ground: dict[str, Any]) -> None:
        statement = [{"Effect": "Deny", "Action": action, "Resource": "*"}]
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        world.client("iam").put_role_policy(RoleName=ground["name"], PolicyName="less", PolicyDocument=document)

    return change


def recreate_model(world: World, ground: dict[str, Any]) -> None:
    world.sagemaker.delete_model(ModelName=ground["name"])
    put_model(world, ground, ground["name"])


BREAKAGES: list[tuple[str, Callable[[World, dict[str, Any]], Any], str]] = [
    ("model", lambda w, g: w.sagemaker.delete_model(ModelName=g["name"]), "model"),
    ("model-again", recreate_model, "model"),
    ("configuration", lambda w, g: w.sagemaker.delete_endpoint_config(EndpointConfigName=g["name"]), "configuration"),
    ("artifact", lambda w, g: w.client("s3").delete_object(Bucket=g["bucket"], Key="m/model.tar.gz"), "artifact"),
    (
        "image",
        lambda w, g: w.client("ecr").batch_delete_image(repositoryName=g["name"], imageIds=[{"imageTag": "v1"}]),
        "image",
    ),
    ("repository", lambda w, g: w.client("ecr").delete_repository(repositoryName=g["name"], force=True), "image"),
    ("role", delete_role, "role"),
    ("trust", distrust, "role"),
    ("right-to-read", narrow("s3:GetObject"), "permission"),
    ("right-to-pull", narrow("ecr:BatchGetImage"), "permission"),
    ("key-disabled", lambda w, g: w.client("kms").disable_key(KeyId=g["key"]), "key"),
    ("key-scheduled", lambda w, g: w.client("kms").schedule_key_deletion(KeyId=g["key"]), "key"),
    ("alias", lambda w, g: w.client("kms").delete_alias(AliasName=g["alias"]), "key"),
    ("subnet", lambda w, g: w.client("ec2").delete_subnet(SubnetId=g["subnet"]), "subnet"),
    ("group", lambda w, g: w.client("ec2").delete_security_group(GroupId=g["group"]), "security group"),
]


@pytest.mark.parametrize(("name", "damage", "kind"), BREAKAGES, ids=[name for name, _, _ in BREAKAGES])
def test_a_patch_breaks_an_endpoint_that_lacks_something(
    world: World, name: str, damage: Callable[[World, dict[str, Any]], Any], kind: str
) -> None:
    """InService until AWS touches it; then Failed, with the reason, and of the kind that is missing."""
    ground = deploy(world, name)
    damage(world, ground)
    before = world.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
    (report,) = world.account.patch([name])
    after = world.sagemaker.describe_endpoint(EndpointName=name)

    assert before == "InService"
    assert report["status"] == after["EndpointStatus"] == "Failed"
    assert {problem["kind"] for problem in report["problems"]} == {kind}
    assert report["problems"][0]["reason"] in after["FailureReason"]


def test_a_sound_endpoint_survives_a_patch(world: World) -> None:
    """It may be SystemUpdating for a while, when it can be neither updated nor deleted."""
    deploy(world, "sound")
    at_once = world.account.patch(["sound"])
    slowly = world.account.patch(["sound"], seconds=600)
    with pytest.raises(world.sagemaker.exceptions.ClientError, match="Cannot update in-progress endpoint"):
        world.sagemaker.delete_endpoint(EndpointName="sound")
    done = wait(world, "sound", "InService")

    assert at_once[0]["endpoint"].startswith(f"arn:aws:sagemaker:{REGION}:")
    assert (at_once[0]["status"], at_once[0]["problems"]) == ("InService", [])
    assert slowly[0]["status"] == "SystemUpdating"
    assert "FailureReason" not in done


def test_an_encrypted_artifact_needs_its_key_and_the_right_to_use_it(world: World) -> None:
    """SSE-KMS: kms:Decrypt for the role, on a key that is enabled."""
    ground = put_ground(world, "sealed")
    world.client("s3").put_object(
        Bucket=ground["bucket"],
        Key="m/model.tar.gz",
        Body=b"x",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=ground["key"],
    )
    with pytest.raises(world.sagemaker.exceptions.ClientError, match="kms:Decrypt"):
        put_model(world, ground, "sealed")
    statement = [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": ground["key"]}]
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    world.client("iam").put_role_policy(RoleName="sealed", PolicyName="key", PolicyDocument=document)
    put_model(world, ground, "sealed")
    put_configuration(world, "sealed", "sealed")
    world.sagemaker.create_endpoint(EndpointName="sealed", EndpointConfigName="sealed")
    served = wait(world, "sealed", "InService", "Failed")["EndpointStatus"]
    world.client("kms").disable_key(KeyId=ground["key"])
    (report,) = world.account.patch(["sealed"])

    assert served == "InService"
    assert [problem["kind"] for problem in report["problems"]] == ["key"]


def test_a_key_is_gone_after_its_waiting_period(world: World) -> None:
    """Pending deletion forbids its use; a week of virtual time later neither key nor alias exists."""
    ground = put_ground(world, "leaving")
    kms = world.client("kms")
    kms.schedule_key_deletion(KeyId=ground["key"], PendingWindowInDays=7)
    with pytest.raises(kms.exceptions.KMSInvalidStateException):
        kms.encrypt(KeyId=ground["alias"], Plaintext=b"x")
    world.account.advance(6 * 86400)
    pending = kms.describe_key(KeyId=ground["alias"])["KeyMetadata"]["KeyState"]
    world.account.advance(2 * 86400)

    assert pending == "PendingDeletion"
    with pytest.raises(kms.exceptions.NotFoundException):
        kms.describe_key(KeyId=ground["key"])
    assert ground["alias"] not in [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]]


def test_a_disabled_key_does_nothing_until_it_is_enabled(world: World) -> None:
    """DisabledException; CancelKeyDeletion of a key that isn't pending: KMSInvalidStateException."""
    kms = world.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    secret = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    with pytest.raises(kms.exceptions.DisabledException):
        kms.decrypt(CiphertextBlob=secret)
    with pytest.raises(kms.exceptions.KMSInvalidStateException):
        kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)

    assert kms.decrypt(CiphertextBlob=secret)["Plaintext"] == b"x"


def test_a_key_is_known_in_its_own_region_and_partition_alone(world: World) -> None:
    """KMS answers `Invalid arn` with the ARN's Region; SageMaker finds no such key."""
    ground = put_ground(world, "elsewhere")
    put_model(world, ground, "elsewhere")
    kms = world.client("kms")
    arn = kms.describe_key(KeyId=ground["key"])["KeyMetadata"]["Arn"]

    for named in (arn.replace(":eu-west-1:", ":us-east-1:"), arn.replace("arn:aws:", "arn:aws-cn:")):
        with pytest.raises(kms.exceptions.NotFoundException, match=f"Invalid arn {named.split(':')[3]}"):
            kms.describe_key(KeyId=named)
        with pytest.raises(world.sagemaker.exceptions.ClientError, match="Invalid KMS key"):
            put_configuration(world, "elsewhere", "elsewhere", KmsKeyId=named)
    put_configuration(world, "elsewhere", "elsewhere", KmsKeyId=arn)


def test_a_configuration_with_a_disabled_key_cannot_start(world: World) -> None:
    """CreateEndpoint begins and ends Failed, naming the key."""
    ground = put_ground(world, "locked")
    put_model(world, ground, "locked")
    put_configuration(world, "locked", "locked", KmsKeyId=ground["key"])
    world.client("kms").disable_key(KeyId=ground["key"])
    world.sagemaker.create_endpoint(EndpointName="locked", EndpointConfigName="locked")
    failed = wait(world, "locked", "InService", "Failed")

    assert failed["EndpointStatus"] == "Failed"
    assert ground["key"] in failed["FailureReason"]
    assert "disabled" in failed["FailureReason"]


def test_a_replaced_instance_needs_what_its_own_variant_needs(world: World) -> None:
    """The variant whose model is there goes on; the other's instance can't be started, and the endpoint says why."""
    ground = put_ground(world, "replaced")
    for name in ("replaced-a", "replaced-b"):
        put_model(world, ground, name)
    variants = [
        {"VariantName": each, "ModelName": f"replaced-{each}", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        for each in "ab"
    ]
    world.sagemaker.create_endpoint_config(EndpointConfigName="replaced", ProductionVariants=variants)
    world.sagemaker.create_endpoint(EndpointName="replaced", EndpointConfigName="replaced")
    wait(world, "replaced", "InService")
    world.sagemaker.delete_model(ModelName="replaced-b")
    sound = world.account.replace_instance("replaced")
    after = world.sagemaker.describe_endpoint(EndpointName="replaced")["EndpointStatus"]
    broken = world.account.replace_instance("replaced", "b")
    described = world.sagemaker.describe_endpoint(EndpointName="replaced")

    assert (sound["variant"], sound["status"], sound["problems"], after) == ("a", "InService", [], "InService")
    assert [each["kind"] for each in broken["problems"]] == ["model"]
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"] == broken["problems"][0]["reason"]


@pytest.mark.parametrize(
    ("endpoint", "variant", "words"),
    [("nobody", None, "no endpoint is called 'nobody'"), ("whole", "b", "has no variant 'b'; it has main")],
)
def test_what_is_not_there_has_no_instance_to_replace(
    world: World, endpoint: str, variant: str | None, words: str
) -> None:
    if endpoint == "whole":
        ground = put_ground(world, "whole")
        put_model(world, ground, "whole")
        put_configuration(world, "whole", "whole")
        world.sagemaker.create_endpoint(EndpointName="whole", EndpointConfigName="whole")
        with pytest.raises(AccountError, match="is Creating"):
            world.account.replace_instance("whole")
        wait(world, "whole", "InService")
    with pytest.raises(AccountError, match=words):
        world.account.replace_instance(endpoint, variant)
