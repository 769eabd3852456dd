"""The program as a whole: what it registers for a stack, and what waits for what."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
from pulumi import RunError
from pulumi.runtime import config
from recording import KEY, Recorder

import guards

ROOT = Path(__file__).parents[2]
IMAGE = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/sample@sha256:{'a' * 64}"
LOOKUPS = {
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "arn": "arn:aws:iam::111122223333:user/x",
        "accountId": "111122223333",
        "userId": "x",
        "id": "x",
    },
    "aws:index/getRegion:getRegion": {
        "region": "eu-central-1",
        "name": "eu-central-1",
        "id": "x",
        "description": "",
        "endpoint": "",
    },
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "names": ["eu-central-1a", "eu-central-1b"],
        "id": "x",
        "groupNames": [],
        "zoneIds": [],
    },
}
GET_KEY = "aws:kms/getKey:getKey"


@pytest.fixture
def deploy(recorder: Recorder, artifact: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the program with these settings; the guards are another room's and stay out."""
    monkeypatch.setattr(guards, "install", lambda: None, raising=False)
    monkeypatch.delenv("HOLDFAST_SET", raising=False)
    recorder.lookups.update(LOOKUPS)

    def run(**given: object) -> Recorder:
        settings = {"image": IMAGE, "artifact": str(artifact), "name": "sample"} | given
        monkeypatch.setenv(
            "PULUMI_CONFIG",
            json.dumps(
                {
                    f"holdfast:{key}": each if isinstance(each, str) else json.dumps(each)
                    for key, each in settings.items()
                }
            ),
        )
        config.set_all_config({})
        recorder.run(lambda: runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__"))
        return recorder

    return run


CONFIGURATION = "sagemaker/endpointConfiguration:EndpointConfiguration"
MODEL = "sagemaker/model:Model"


def test_a_roll_keeps_the_old_release_whole_until_the_endpoint_has_moved(deploy: Any) -> None:
    """What is created in order of dependence is deleted against it: configuration, then model, then rights."""
    recorder = deploy()

    assert recorder.depends("sagemaker/endpoint:Endpoint", on=CONFIGURATION)
    assert recorder.depends(CONFIGURATION, on=MODEL)
    assert recorder.depends(MODEL, on="iam/rolePolicy:RolePolicy")
    assert recorder.depends("iam/rolePolicy:RolePolicy", on="iam/role:Role")


@pytest.mark.parametrize(
    "used",
    [
        "kms/key:Key",
        "kms/alias:Alias",
        "iam/rolePolicy:RolePolicy",
        "s3/bucketObjectv2:BucketObjectv2",
        "s3/bucketVersioning:BucketVersioning",
        "ec2/vpcEndpoint:VpcEndpoint",
        "vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    ],
)
def test_destroy_takes_the_endpoint_before_anything_it_lives_on(deploy: Any, used: str) -> None:
    """Also what no property names: the rights, the way to Amazon S3, the alias that others may use."""
    recorder = deploy()

    for dependent in (MODEL, CONFIGURATION, "sagemaker/endpoint:Endpoint"):
        assert recorder.depends(dependent, on=used)


def test_an_existing_key_is_looked_up_and_named_by_its_arn(deploy: Any, recorder: Recorder) -> None:
    """An alias can be pointed at another key; the configuration names the key itself."""
    recorder.lookups[GET_KEY] = {"arn": KEY, "id": "x"}
    deploy(key="alias/decision-trees")

    assert recorder.only(CONFIGURATION).inputs["kmsKeyArn"] == KEY
    assert not [each for each in recorder.registered if each.type.startswith("aws:kms/")]


@pytest.mark.parametrize(("here", "there"), [(":eu-central-1:", ":eu-west-1:"), ("arn:aws:", "arn:aws-cn:")])
def test_a_key_of_another_region_or_partition_is_a_setting_that_cannot_be_used(
    deploy: Any, recorder: Recorder, here: str, there: str
) -> None:
    """Said before AWS is asked, whose answer to that is `Invalid arn`."""
    recorder.lookups[GET_KEY] = {"arn": KEY, "id": "x"}
    deploy(key=KEY)

    with pytest.raises(
        RunError, match=r"settings can't be used:\n  - key: .* deploys to eu-central-1 \(partition aws\)"
    ):
        deploy(key=KEY.replace(here, there))


def test_a_key_that_is_not_there_ends_the_program_with_one_sentence(deploy: Any, recorder: Recorder) -> None:
    """A RunError has no traceback; it names the key and the setting."""
    recorder.lookups[GET_KEY] = "NotFoundException: Alias alias/nowhere is not found."

    with pytest.raises(
        RunError,
        match=r"AWS was asked for the KMS key 'alias/nowhere' \(setting key\), and didn't say.*destroy --set key=none",
    ):
        deploy(key="alias/nowhere")


def test_without_a_key_nothing_names_one(deploy: Any) -> None:
    """`key: none` passes through; it is for the packs to say what they think of it."""
    recorder = deploy(key="none")

    assert "kmsKeyArn" not in recorder.only(CONFIGURATION).inputs
    assert not [each for each in recorder.registered if each.type.startswith("aws:kms/")]


def test_local_storage_takes_no_key_and_the_artifact_keeps_its_own(deploy: Any) -> None:
    """SageMaker refuses a KmsKeyId for instances with local NVMe storage."""
    recorder = deploy(instanceType="ml.g5.xlarge")

    assert "kmsKeyArn" not in recorder.only(CONFIGURATION).inputs
    assert recorder.only("s3/bucketObjectv2:BucketObjectv2").inputs["kmsKeyId"] == KEY
    assert "kms:CreateGrant" not in recorder.only("iam/rolePolicy:RolePolicy").inputs["policy"]


def test_an_artifact_in_amazon_s3_is_used_where_it_is(deploy: Any) -> None:
    """No bucket, and the role may read that object."""
    recorder = deploy(artifact="s3://elsewhere/model.tar.gz")

    assert not [each for each in recorder.registered if each.type.startswith("aws:s3/")]
    assert recorder.only(MODEL).inputs["primaryContainer"]["modelDataUrl"] == "s3://elsewhere/model.tar.gz"
    assert "arn:aws:s3:::elsewhere/model.tar.gz" in recorder.only("iam/rolePolicy:RolePolicy").inputs["policy"]


def test_given_subnets_and_groups_need_no_network(deploy: Any) -> None:
    """The containers go where they are told to."""
    recorder = deploy(subnets=["subnet-1"], securityGroups=["sg-1"])

    assert recorder.only(MODEL).inputs["vpcConfig"] == {"subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    assert not [each for each in recorder.registered if each.type.startswith("aws:ec2/")]


def test_a_disabled_key_passes(deploy: Any) -> None:
    """It is the guards that refuse to disable a key in use."""
    assert deploy(keyEnabled=False).only("kms/key:Key").inputs["isEnabled"] is False


def test_permissions_of_a_users_own_become_the_rights(deploy: Any, permissions: Path) -> None:
    """In the place of the generated ones."""
    recorder = deploy(permissions=str(permissions))

    assert json.loads(recorder.only("iam/rolePolicy:RolePolicy").inputs["policy"]) == json.loads(
        permissions.read_text()
    )


def test_a_name_of_63_characters_deploys(deploy: Any) -> None:
    """The endpoint gets the whole name; what has generated names gets a logical name that leaves room."""
    recorder = deploy(name="n" * 63)

    assert recorder.only("sagemaker/endpoint:Endpoint").inputs["name"] == "n" * 63
    assert len(recorder.only(MODEL).name) == 55
    assert len(recorder.only(CONFIGURATION).name) == 55


def test_the_state_holds_no_path_of_this_machine(deploy: Any, artifact: Path) -> None:
    """Two people's clones have the same artifact, wherever they lie."""
    source = deploy().only("s3/bucketObjectv2:BucketObjectv2").inputs["source"]

    assert not Path(source.path).is_absolute()
    assert Path(source.path).resolve() == artifact
