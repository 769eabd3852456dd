"""The Model Registry in a program: groups, versions, access for other accounts, models of versions and pipelines."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pulumi import RunError
from pulumi.runtime import config
from recording import KEY, Recorder
from test_program import LOOKUPS

import guards
from components.deploying_account_access import DeployingAccountAccess
from components.encryption_key import EncryptionKey
from components.model import Model, ModelArgs
from components.model_package_group import ModelPackageGroup
from components.model_version import ModelVersion, ModelVersionArgs
from components.settings import Settings, SettingsError
from components.training_account_access import TrainingAccountAccess
from knowledge.cross_account import Reader
from knowledge.model_packages import ARTIFACT_DIGEST, ARTIFACT_KEY, Place

if TYPE_CHECKING:
    from components.account import Account

ROOT = Path(__file__).parents[2]
OWN, REGISTRY, DEPLOYING = "111122223333", "111111111111", "333333333333"
IMAGE = f"{OWN}.dkr.ecr.eu-central-1.amazonaws.com/sample@sha256:{'a' * 64}"
URL = "s3://artifacts/model.tar.gz"
ARN = f"arn:aws:sagemaker:eu-central-1:{OWN}:model-package/sample/3"
ELSEWHERE = f"arn:aws:sagemaker:eu-central-1:{REGISTRY}:model-package-group/sample"
READERS = [Reader(REGISTRY, "registry"), Reader(DEPLOYING, "deploying")]
VERSION = "cloudcontrol/resource:Resource"
MODEL = "sagemaker/model:Model"
GET_RESOURCE = "aws:cloudcontrol/getResource:getResource"


def version_args(**changed: Any) -> ModelVersionArgs:
    return ModelVersionArgs(
        **{
            "group": "sample",
            "containers": [{"image": IMAGE, "artifact_url": URL}],
            "content_types": ["text/csv"],
            "response_types": ["text/csv"],
            "instance_types": ["ml.m5.large"],
            **changed,
        }
    )


def state(recorder: Recorder) -> dict[str, Any]:
    return json.loads(recorder.only(VERSION).inputs["desiredState"])


# --- components -----------------------------------------------------------------------------------------------------


def test_a_version_is_a_cloud_control_resource_that_waits_for_approval(recorder: Recorder) -> None:
    recorder.run(lambda: ModelVersion("sample", version_args(artifact_key_arn=KEY, artifact_digest="0" * 64)))
    made = state(recorder)

    assert recorder.only(VERSION).inputs["typeName"] == "AWS::SageMaker::ModelPackage"
    assert made["ModelApprovalStatus"] == "PendingManualApproval"
    assert made["InferenceSpecification"]["Containers"][0]["ImageDigest"] == f"sha256:{'a' * 64}"
    assert made["CustomerMetadataProperties"][ARTIFACT_KEY] == KEY
    assert made["CustomerMetadataProperties"][ARTIFACT_DIGEST] == "0" * 64


def test_a_version_stays_in_the_registry_when_the_next_takes_its_place(recorder: Recorder) -> None:
    """The new one is registered before the old one leaves the stack, and the old one is not deleted."""
    recorder.run(lambda: ModelVersion("sample", version_args()))
    request = recorder.only(VERSION).request

    assert request.retainOnDelete
    assert request.deleteBeforeReplaceDefined
    assert not request.deleteBeforeReplace


def test_another_approval_or_reason_changes_nothing_else(recorder: Recorder) -> None:
    """Both are changed in place: the token by which CloudFormation replaces a version stays."""
    recorder.run(lambda: ModelVersion("sample", version_args()))
    before = state(recorder)
    recorder.run(
        lambda: ModelVersion("sample", version_args(approval="Approved", approval_description="Better on Virginica"))
    )
    after = state(recorder)

    assert after.pop("ApprovalDescription") == "Better on Virginica"
    assert (before.pop("ModelApprovalStatus"), after.pop("ModelApprovalStatus")) == (
        "PendingManualApproval",
        "Approved",
    )
    assert before == after


def test_a_pipeline_is_registered_with_the_variables_of_each_container(recorder: Recorder) -> None:
    steps = [
        {"image": IMAGE, "artifact_url": f"s3://a/{n}", "environment": {"STEP": str(n)}, "hostname": f"step-{n}"}
        for n in range(2)
    ]
    recorder.run(lambda: ModelVersion("sample", version_args(containers=steps)))
    containers = state(recorder)["InferenceSpecification"]["Containers"]

    assert [one["Environment"] for one in containers] == [{"STEP": "0"}, {"STEP": "1"}]
    assert [one["ContainerHostname"] for one in containers] == ["step-0", "step-1"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"containers": []}, "0 containers given"),
        ({"containers": [{"image": IMAGE, "artifact_url": URL}] * 16}, "16 containers given"),
        ({"content_types": ["text/cvs"]}, "did you mean text/csv"),
        ({"group": f"arn:aws:sagemaker:x:{OWN[:-1]}:model-package-group/a"}, "neither the name nor the ARN"),
    ],
    ids=["too-few", "too-many", "content-type", "account"],
)
def test_a_version_that_aws_would_refuse_ends_the_program(
    recorder: Recorder, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(Exception, match=words):
        recorder.run(lambda: ModelVersion("sample", version_args(**changed)))


def test_a_group_alone_has_no_policy(recorder: Recorder) -> None:
    """Within its account IAM decides."""
    recorder.run(lambda: ModelPackageGroup("sample", {"group_name": "sample", "description": "Iris"}))

    assert recorder.only("modelPackageGroup:ModelPackageGroup").inputs["modelPackageGroupDescription"] == "Iris"
    assert [one for one in recorder.registered if "Policy" in one.type] == []


def test_a_group_lets_the_accounts_in_that_are_named(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.registry_account_access._place", lambda _: Place("aws", "x", OWN, "sample"))
    recorder.run(
        lambda: ModelPackageGroup(
            "sample",
            {
                "group_name": "sample",
                "training_accounts": ["222222222222"],
                "deploying_accounts": [DEPLOYING],
                "discoverable": True,
            },
        )
    )
    document = json.loads(recorder.only("ModelPackageGroupPolicy").inputs["resourcePolicy"])
    actions = {one["Principal"]["AWS"].split(":")[4]: set(one["Action"]) for one in document["Statement"]}

    assert "sagemaker:CreateModelPackage" in actions["222222222222"]
    assert "sagemaker:CreateModel" in actions[DEPLOYING]
    assert not any("*" in action or "Update" in action for one in actions.values() for action in one)
    assert {one.inputs["principal"] for one in recorder.registered if one.type.endswith("PrincipalAssociation")} == {
        "222222222222",
        DEPLOYING,
    }


def test_the_training_account_opens_image_artifact_and_key_to_each_reader(recorder: Recorder, account: Account) -> None:
    """With somebody else's key by grants, whose grantee is a principal and not a bare number."""
    recorder.run(
        lambda: TrainingAccountAccess(
            "sample",
            {
                "account": account,
                "readers": READERS,
                "images": [IMAGE, IMAGE.replace(OWN, REGISTRY)],
                "bucket": "artifacts",
                "key_arn": KEY,
                "grants": True,
                "group": Place("aws", "eu-central-1", REGISTRY, "sample"),
                "registrars": ["trainer"],
            },
        )
    )
    bucket = json.loads(recorder.only("bucketPolicy:BucketPolicy").inputs["policy"])
    grants = {one.inputs["granteePrincipal"] for one in recorder.registered if one.type.endswith(":Grant")}

    assert recorder.only("repositoryPolicy:RepositoryPolicy").inputs["repository"] == "sample"
    assert {tuple(one["Resource"]) for one in bucket["Statement"]} == {
        ("arn:aws:s3:::artifacts", "arn:aws:s3:::artifacts/*")
    }
    assert grants == {f"arn:aws:iam::{REGISTRY}:root", f"arn:aws:iam::{DEPLOYING}:root"}
    assert ELSEWHERE in recorder.only("iam/policy:Policy").inputs["policy"]
    assert recorder.only("rolePolicyAttachment:RolePolicyAttachment").inputs["role"] == "trainer"


def test_a_key_of_the_stack_s_own_lets_readers_in_by_its_policy(recorder: Recorder, account: Account) -> None:
    recorder.run(lambda: EncryptionKey("sample", {"account": account, "alias": "sample", "readers": READERS}))
    statements = json.loads(recorder.only("kms/key:Key").inputs["policy"])["Statement"]

    assert {one["Sid"] for one in statements[1:]} == {
        f"Registry{REGISTRY}UsesTheKey",
        f"Deploying{DEPLOYING}UsesTheKey",
    }


def test_who_deploys_may_read_the_group_and_make_models(recorder: Recorder, account: Account) -> None:
    group = Place("aws", "eu-central-1", REGISTRY, "sample")
    recorder.run(
        lambda: DeployingAccountAccess("sample", {"account": account, "group": group, "deployers": ["deployer"]})
    )
    [statement] = json.loads(recorder.only("iam/policy:Policy").inputs["policy"])["Statement"]

    assert statement["Resource"] == [
        ELSEWHERE,
        group.versions_arn,
        f"arn:aws:sagemaker:eu-central-1:{account.id}:model/*",
    ]
    assert "sagemaker:CreateModel" in statement["Action"]
    assert recorder.only("rolePolicyAttachment:RolePolicyAttachment").inputs["role"] == "deployer"


def model_args(**made_of: Any) -> ModelArgs:
    return ModelArgs(
        execution_role_arn=f"arn:aws:iam::{OWN}:role/sample",
        subnet_ids=["subnet-1"],
        security_group_ids=["sg-1"],
        stage="production",
        **made_of,
    )


def test_a_model_of_a_version_names_it_and_nothing_of_what_it_is_made_of(recorder: Recorder) -> None:
    recorder.run(lambda: Model("sample", model_args(model_package_arn=ARN, environment={"LEVEL": "info"})))
    inputs = recorder.only(MODEL).inputs

    assert inputs["primaryContainer"] == {"modelPackageName": ARN, "environment": {"LEVEL": "info"}}
    assert inputs["tags"] == {"holdfast:stage": "production", "holdfast:model-package": ARN}


def test_a_model_of_a_pipeline_has_its_containers_in_order(recorder: Recorder) -> None:
    steps = [{"image": IMAGE, "artifact_url": URL, "hostname": "a"}, {"image": IMAGE, "environment": {"B": "1"}}]
    recorder.run(lambda: Model("sample", model_args(containers=steps)))

    assert recorder.only(MODEL).inputs["containers"] == [
        {"image": IMAGE, "modelDataUrl": URL, "containerHostname": "a"},
        {"image": IMAGE, "environment": {"B": "1"}},
    ]


@pytest.mark.parametrize(
    ("made_of", "words"),
    [
        ({}, "not none"),
        ({"image": IMAGE, "artifact_url": URL, "model_package_arn": ARN}, "not image, model_package_arn"),
        ({"containers": [{"image": IMAGE}]}, "1 container given; an inference pipeline has 2 to 15"),
        ({"containers": [{"image": IMAGE}] * 16}, "16 containers given"),
    ],
    ids=["nothing", "two-ways", "too-few", "too-many"],
)
def test_a_model_is_made_in_one_way(recorder: Recorder, made_of: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        recorder.run(lambda: Model("sample", model_args(**made_of)))


# --- settings -------------------------------------------------------------------------------------------------------

REGISTERS = {"image": IMAGE, "artifact": URL, "modelVersion": {"group": "sample"}}


def told(**given: Any) -> str:
    with pytest.raises(SettingsError) as error:
        Settings.from_mapping(given)
    return str(error.value)


@pytest.mark.parametrize(
    ("given", "serves"),
    [
        ({"image": IMAGE, "artifact": URL}, True),
        (REGISTERS, False),
        ({**REGISTERS, "modelPackage": ARN}, True),
        ({"modelPackage": ARN}, True),
        ({"modelPackage": ARN, "image": "", "artifact": "", "environment": "{}"}, True),
        ({"modelPackageGroup": {"name": "sample"}}, False),
    ],
    ids=["alone", "registers", "registers-and-deploys", "deploys", "deploys-with-pulumis-defaults", "group"],
)
def test_what_is_registered_is_deployed_only_where_the_settings_name_it(given: dict[str, Any], serves: bool) -> None:
    assert Settings.from_mapping(given).serves is serves


def container(**changed: Any) -> dict[str, Any]:
    return {"image": IMAGE, "artifact": URL, **changed}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "too-few": ({"modelVersion": {"group": "g", "containers": [container()]}}, "1 container given; an inference"),
    "too-many": ({"modelVersion": {"group": "g", "containers": [container()] * 16}}, "16 containers given"),
    "no-image": (
        {"modelVersion": {"group": "g", "containers": [container(image=""), container()]}},
        "container 1: image '' is no reference of an image",
    ),
    "local-artifact": (
        {"modelVersion": {"group": "g", "containers": [container(), container(artifact="model.tar.gz")]}},
        "container 2: artifact 'model.tar.gz' is no s3:// URL",
    ),
    "container-key": (
        {"modelVersion": {"group": "g", "containers": [container(imgae=1), container()]}},
        "there is no imgae",
    ),
    "content-type": (
        {**REGISTERS, "modelVersion": {"group": "g", "contentTypes": ["text/cvs"]}},
        "did you mean text/csv",
    ),
    "account": (
        {"modelPackageGroup": {"name": "g", "trainingAccounts": ["12345678901"]}},
        "'12345678901' is no account: an AWS account id has 12 digits",
    ),
    "account-number": (
        {"modelPackageGroup": {"name": "g", "deployingAccounts": [12345678901]}},
        "in quotation marks, so that YAML leaves it as it is",
    ),
    "group": ({**REGISTERS, "modelVersion": {"group": "a/b"}}, "'a/b' is neither the name nor the ARN"),
    "no-group": ({**REGISTERS, "modelVersion": {"description": "x"}}, "modelVersion.group: missing"),
    "metric": (
        {**REGISTERS, "modelVersion": {"group": "g", "metrics": {"accuracy": "s3://a/b"}}},
        "no metric 'accuracy'",
    ),
    "metadata": ({**REGISTERS, "modelVersion": {"group": "g", "metadata": {"a": "*"}}}, "the value of 'a' doesn't fit"),
    "approval": ({**REGISTERS, "modelVersion": {"group": "g", "approval": "Yes"}}, "'Yes' was given"),
    "role": ({"deployers": ["arn:aws:iam::1:role/a"]}, "is no name of an IAM role"),
    "moving": ({"modelPackage": "sample@latest-approved"}, "pin what it means now with `holdfast resolve"),
    "no-package": ({"modelPackage": "sample"}, "'sample' is no ARN of a model package"),
    "two-sources": ({"modelPackage": ARN, "image": IMAGE}, "image: modelPackage says what is deployed"),
    "variables": ({"modelPackage": ARN, "environment": {"A": "1"}}, "environment: modelPackage says what is deployed"),
    "pipeline-and-image": (
        {"image": IMAGE, "modelVersion": {"group": "g", "containers": [container()] * 2}},
        "image: modelVersion.containers says what is registered",
    ),
    "no-key": (
        {**REGISTERS, "key": "none", "modelVersion": {"group": "g", "deployingAccounts": [DEPLOYING]}},
        "is encrypted with a KMS key of your own",
    ),
    "nothing": ({"modelVersion": {"group": "g"}}, "image: missing"),
}


@pytest.mark.parametrize(("given", "words"), BAD.values(), ids=BAD)
def test_settings_of_the_registry_that_are_wrong_are_told(given: dict[str, Any], words: str) -> None:
    assert words in told(**given)


# --- the program ----------------------------------------------------------------------------------------------------


@pytest.fixture
def deploy(recorder: Recorder, artifact: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the program with these settings; the guards are another room's and stay out."""
    monkeypatch.setattr(guards, "install", lambda: None, raising=False)
    monkeypatch.setattr("components.registry_account_access._place", lambda _: Place("aws", "x", OWN, "sample"))
    monkeypatch.delenv("HOLDFAST_SET", raising=False)
    recorder.lookups.update(LOOKUPS)

    def run(**given: object) -> Recorder:
        settings = {"name": "sample", **given}
        text = {
            f"holdfast:{key}": each if isinstance(each, str) else json.dumps(each) for key, each in settings.items()
        }
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(text))
        config.set_all_config({})
        recorder.run(lambda: runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__"))
        return recorder

    return run


@pytest.fixture
def local(artifact: Path) -> dict[str, Any]:
    return {"image": IMAGE, "artifact": str(artifact)}


def types(recorder: Recorder) -> set[str]:
    return {one.type.rpartition(":")[2] for one in recorder.registered}


def test_a_stack_that_registers_deploys_nothing(deploy: Any, local: dict[str, Any]) -> None:
    made = types(deploy(**local, modelPackageGroup={"name": "sample"}, modelVersion={"commit": "abc"}))

    assert {"ModelPackageGroup", "Resource", "BucketObjectv2"} <= made
    assert not {"Model", "Endpoint", "Network", "Role"} & made


def kept(recorder: Recorder) -> set[str]:
    return {one.type.rpartition(":")[2] for one in recorder.registered if one.request.retainOnDelete}


def test_what_a_version_names_stays_when_the_stack_moves_on_or_goes(deploy: Any, local: dict[str, Any]) -> None:
    """Group, artifacts, their bucket as it is closed now, and the key that opens them; nothing without a registry."""
    registered = kept(deploy(**local, modelPackageGroup={"name": "sample"}, modelVersion={"commit": "a"}))
    alone = kept(deploy(**local))

    assert {"ModelPackageGroup", "Resource", "Bucket", "BucketObjectv2", "BucketPublicAccessBlock", "Key"} <= registered
    assert alone == set()


def test_a_version_for_another_account_s_group_waits_for_the_access(deploy: Any, local: dict[str, Any]) -> None:
    """Repository, bucket and key are open before anybody there could look."""
    recorder = deploy(**local, modelVersion={"group": ELSEWHERE, "deployingAccounts": [DEPLOYING]})

    assert state(recorder)["ModelPackageGroupName"] == ELSEWHERE
    for document in ("bucketPolicy:BucketPolicy", "repositoryPolicy:RepositoryPolicy", "kms/key:Key"):
        assert recorder.depends(VERSION, on=document)


def test_the_roles_that_register_elsewhere_get_their_rights(deploy: Any, local: dict[str, Any]) -> None:
    recorder = deploy(**local, modelVersion={"group": ELSEWHERE, "registrars": ["trainer"]})

    assert ELSEWHERE in recorder.only("iam/policy:Policy").inputs["policy"]
    assert recorder.only("rolePolicyAttachment:RolePolicyAttachment").inputs["role"] == "trainer"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"modelVersion": {"group": "g", "registrars": ["a"]}}, r"modelVersion\.registrars: the group isn't another"),
        (
            {"modelVersion": {"group": "g"}, "modelPackage": ARN, "deployers": ["a"]},
            "deployers: what is deployed isn't",
        ),
        ({"deployers": ["a"]}, "deployers: what is deployed isn't"),
    ],
    ids=["registrars", "deployers", "no-package"],
)
def test_roles_of_one_account_are_iam_s_to_let_in(
    deploy: Any, local: dict[str, Any], given: dict[str, Any], words: str
) -> None:
    with pytest.raises(RunError, match=words):
        deploy(**local, **given)


def test_repositories_whose_policy_is_kept_elsewhere_are_left_alone(deploy: Any, local: dict[str, Any]) -> None:
    made = types(deploy(**local, modelVersion={"group": ELSEWHERE, "repositoryPolicy": False}))

    assert "RepositoryPolicy" not in made
    assert "BucketPolicy" in made


def test_a_model_that_crosses_accounts_has_a_customer_key(deploy: Any, local: dict[str, Any]) -> None:
    with pytest.raises(RunError, match="a model that crosses accounts is encrypted with a KMS key of your own"):
        deploy(**local, key="none", modelVersion={"group": ELSEWHERE})


@pytest.mark.parametrize(
    ("setting", "given"),
    [
        ("modelVersion.group", {"modelVersion": {"group": ELSEWHERE.replace("eu-central-1", "us-east-1")}}),
        ("modelPackage", {"modelVersion": {"group": "g"}, "modelPackage": ARN.replace("eu-central-1", "us-east-1")}),
    ],
    ids=["group", "package"],
)
def test_a_group_or_version_in_another_region_is_told(
    deploy: Any, local: dict[str, Any], setting: str, given: dict[str, Any]
) -> None:
    with pytest.raises(RunError, match=rf"{setting}: .* is in Region us-east-1 and the stack in eu-central-1"):
        deploy(**local, **given)


def test_the_role_gets_what_the_deployed_version_needs_and_no_more(deploy: Any, recorder: Recorder) -> None:
    """Image, artifact and key are read from the version; the settings have none, but the roles that deploy it."""
    image, key = IMAGE.replace(OWN, REGISTRY), KEY.replace(OWN, REGISTRY)
    described = {
        "InferenceSpecification": {"Containers": [{"Image": image, "ModelDataUrl": "s3://theirs/model.tar.gz"}]},
        "CustomerMetadataProperties": {ARTIFACT_KEY: key},
    }
    recorder.lookups[GET_RESOURCE] = {"properties": json.dumps(described), "id": ARN}
    deployed = deploy(modelPackage=ARN.replace(OWN, REGISTRY), deployers=["ci"])
    statements = json.loads(deployed.only("iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    resources = {one["Resource"] for one in statements}

    assert {"arn:aws:s3:::theirs/model.tar.gz", key} <= resources
    assert f"arn:aws:ecr:eu-central-1:{REGISTRY}:repository/sample" in resources
    assert not any("ownkey" in one for one in resources)
    assert ELSEWHERE in deployed.only("iam/policy:Policy").inputs["policy"]
    assert deployed.only("rolePolicyAttachment:RolePolicyAttachment").inputs["role"] == "ci"


def test_a_version_that_cannot_be_read_is_told_with_what_may_be_missing(deploy: Any, recorder: Recorder) -> None:
    theirs = ARN.replace(OWN, REGISTRY)
    recorder.lookups[GET_RESOURCE] = "AccessDeniedException: not authorized"

    with pytest.raises(RunError, match="group sample in account 111111111111 has to allow this account sagemaker:Desc"):
        deploy(modelPackage=theirs)
