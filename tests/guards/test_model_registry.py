"""The Model Registry under guard: what is deployed is approved and can be run, what crosses accounts is open."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from guards import foreign, kinds, packaged_rights
from guards.errors import AccountUnknown
from guards.live import Account
from guards.report import Refused
from guards.rights import Rights
from knowledge.cross_account import Reader, bucket_policy, group_policy, key_statements, repository_policy
from knowledge.model_packages import ARTIFACT_KEY, Place

ACCOUNT, REGION = "123456789012", "eu-west-1"
OTHER, REGISTRY = "222222222222", "111111111111"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/trees/1"
THEIRS = ARN.replace(ACCOUNT, REGISTRY)
GROUP = f"arn:aws:sagemaker:{REGION}:{REGISTRY}:model-package-group/trees"
DIGEST = "sha256:" + "a" * 64
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/trees@{DIGEST}"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/trees"
READER = [Reader(REGISTRY, "registry")]


def described(approval: str = "Approved", *, account: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    image = IMAGE.replace(ACCOUNT, account)
    return {
        "ModelPackageGroupName": "trees",
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": approval,
        "InferenceSpecification": {"Containers": [{"Image": image, "ModelDataUrl": "s3://artifacts/model.tar.gz"}]},
        "CustomerMetadataProperties": {ARTIFACT_KEY: KEY.replace(ACCOUNT, account)},
        **more,
    }


def denied(call: str) -> AccountUnknown:
    return AccountUnknown(f"{call} answered AccessDeniedException: not authorized. Give the deploying identity {call}.")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the account answers, by operation; and how often it was asked, under `asked`."""
    answers: dict[str, Any] = {
        "asked": [],
        "describe_model_package": described(),
        "describe_model_package_group": {"ModelPackageGroupName": "trees"},
        "describe_images": {"imageDetails": [{}]},
        "batch_get_image": {"images": [{}]},
        "head_object": {"SSEKMSKeyId": KEY},
        "get_object": {"Body": io.BytesIO(b"x")},
        "describe_key": {"KeyMetadata": {"Enabled": True}},
        "get_repository_policy": {"policyText": json.dumps(repository_policy(READER))},
        "get_bucket_policy": {"Policy": json.dumps(bucket_policy(READER, "artifacts"))},
        "get_key_policy": {"Policy": json.dumps({"Statement": key_statements(READER)})},
        "get_caller_identity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:root"},
    }

    def ask(_: Any, service: str, operation: str, **parameters: Any) -> Any:
        answers["asked"].append(operation)
        found = answers.get(operation)
        if isinstance(found, Exception):
            raise found
        return found(**parameters) if callable(found) else found

    monkeypatch.setattr(Account, "ask", ask)
    monkeypatch.setattr(Account, "pages", lambda *_, **__: [])
    monkeypatch.setattr(packaged_rights, "live_rights", lambda *_: Rights())
    return answers


def model(package: Any = ARN, role: str = ROLE) -> dict[str, Any]:
    return {"name": "m", "executionRoleArn": role, "primaryContainer": {"modelPackageName": package}}


def said(run: Any) -> list[tuple[str, str]]:
    return [(one.name, one.message) for one in run.report.found]


def test_a_model_of_an_approved_version_passes(run: Any, account: dict[str, Any]) -> None:
    run.create(kinds.MODEL, "m", model())

    assert said(run) == []
    assert "describe_model_package" in account["asked"]


@pytest.mark.parametrize("approval", ["PendingManualApproval", "Rejected"])
@pytest.mark.parametrize("arn", [ARN, THEIRS], ids=["own", "another-account-s"])
def test_a_model_of_a_version_that_is_not_approved_is_refused(
    run: Any, account: dict[str, Any], approval: str, arn: str
) -> None:
    """In the preview and again at `up`, with the reason that somebody gave."""
    account["describe_model_package"] = described(approval, ApprovalDescription="drifts (Ada)")

    with pytest.raises(Refused, match=rf"model-package-is-approved: .*status is {approval} \(drifts \(Ada\)\)"):
        run.create(kinds.MODEL, "m", model(arn))


def test_a_version_that_is_not_there_is_refused(run: Any, account: dict[str, Any]) -> None:
    account["describe_model_package"] = None

    with pytest.raises(Refused, match="there is no such version"):
        run.create(kinds.MODEL, "m", model())


def test_a_version_in_another_region_is_refused(run: Any, account: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="it is in Region us-east-1, and models are made in eu-west-1"):
        run.create(kinds.MODEL, "m", model(ARN.replace(REGION, "us-east-1")))


def test_an_endpoint_does_not_move_to_a_version_that_was_rejected_meanwhile(up: Any, account: dict[str, Any]) -> None:
    """Asked again right before the endpoint's update, also for a model that this run made a moment ago."""
    configuration = {"name": "new", "productionVariants": [{"modelName": "m"}]}
    up.register(kinds.MODEL, "m", model())
    up.register(kinds.CONFIGURATION, "c", configuration)
    up.create(kinds.MODEL, "m", model())
    account["describe_model_package"] = described("Rejected")
    old = {"name": "e", "endpointConfigName": "old"}

    with pytest.raises(Refused, match=r"Endpoint e .*made from model package .* but its approval status is Rejected"):
        up.update(kinds.ENDPOINT, "e", "endpoint-1", old, {**old, "endpointConfigName": "new"})


def test_a_configuration_with_an_older_model_of_a_rejected_version_is_refused(
    run: Any, account: dict[str, Any]
) -> None:
    account["describe_model_package"] = described("Rejected")
    account["describe_model"] = {"PrimaryContainer": {"ModelPackageName": ARN}}

    with pytest.raises(Refused, match="model-package-is-approved"):
        run.create(kinds.CONFIGURATION, "c", {"name": "c", "productionVariants": [{"modelName": "older"}]})


MISSING: dict[str, tuple[str, Any, str]] = {
    "group": (
        "describe_model_package",
        denied("sagemaker:DescribeModelPackage"),
        "group policy of account 111111111111",
    ),
    "image": (
        "batch_get_image",
        denied("ecr:BatchGetImage"),
        "ecr:BatchGetImage on arn:aws:ecr.*the repository policy",
    ),
    "artifact": ("get_object", denied("s3:GetObject"), "s3:GetObject on s3://artifacts/model.*the bucket policy"),
    "decrypt": (
        "get_object",
        denied("s3:GetObject kms:Decrypt"),
        r"kms:Decrypt on arn:aws:kms.*key policy \(or a grant",
    ),
    "key": ("describe_key", denied("kms:DescribeKey"), "kms:DescribeKey on .*the key policy of account 222222222222"),
    "no-image": ("batch_get_image", {"images": []}, "its image .* isn't there"),
    "no-artifact": ("get_object", None, "its artifact .* isn't there"),
}


@pytest.mark.parametrize(("operation", "answer", "words"), MISSING.values(), ids=MISSING)
def test_the_preview_says_which_statement_keeps_this_account_from_deploying(
    preview: Any, account: dict[str, Any], operation: str, answer: Any, words: str
) -> None:
    account["describe_model_package"] = described(account=OTHER)
    account[operation] = answer

    with pytest.raises(Refused, match=rf"model-package-can-be-run: .*{words}"):
        preview.create(kinds.MODEL, "m", model(THEIRS))


def test_a_version_that_another_account_has_opened_passes(run: Any, account: dict[str, Any]) -> None:
    account["describe_model_package"] = described(account=OTHER)
    run.create(kinds.MODEL, "m", model(THEIRS))

    assert said(run) == []


def test_what_could_not_be_asked_is_no_missing_statement(run: Any, account: dict[str, Any]) -> None:
    """A time-out is unknown, and refused as such."""
    account["describe_model_package"] = AccountUnknown("sagemaker:DescribeModelPackage answered ReadTimeoutError: no.")

    with pytest.raises(Refused, match="could not be known"):
        run.create(kinds.MODEL, "m", model(THEIRS))


def test_an_own_version_whose_artifact_is_gone_is_refused(up: Any, account: dict[str, Any]) -> None:
    account["head_object"] = None

    with pytest.raises(Refused, match=r"model-package-can-be-run: .*nothing lies there"):
        up.create(kinds.MODEL, "m", model())


@pytest.mark.parametrize("lacking", ["s3:GetObject", "kms:Decrypt", "ecr:BatchGetImage"])
def test_an_artifact_that_the_role_can_t_read_is_told(
    run: Any, account: dict[str, Any], monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    """By the role's own documents: another account's bucket, key or repository opens nothing by itself."""
    account["describe_model_package"] = described(account=OTHER)
    actions = {"s3:GetObject", "kms:Decrypt", "ecr:BatchGetImage", "ecr:Get*", "ecr:BatchCheck*"} - {lacking}
    document = {"Statement": [{"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}]}
    monkeypatch.setattr(packaged_rights, "live_rights", lambda *_: Rights({("inline", "r"): document}))

    with pytest.raises(
        Refused, match=rf"model-package-can-be-run: .*{lacking} on .* is not granted for its role trees"
    ):
        run.create(kinds.MODEL, "m", model(THEIRS))


@pytest.mark.parametrize("code", ["AccessDenied", "MethodNotAllowed"])
def test_what_the_role_lacks_is_named_though_the_bucket_s_policy_is_kept_from_this_account(
    run: Any, account: dict[str, Any], monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """A bucket's ARN has no account: its owner keeps the policy, and it opens nothing without the role's own.

    Of an own bucket, the policy may allow what the role's don't: it is told what would have to be known.
    """
    account["get_bucket_policy"] = AccountUnknown(f"s3:GetBucketPolicy answered {code}: no.")
    document = {"Statement": [{"Effect": "Allow", "Action": ["kms:Decrypt", "ecr:*"], "Resource": "*"}]}
    monkeypatch.setattr(packaged_rights, "live_rights", lambda *_: Rights({("inline", "r"): document}))
    missing = r"s3:GetObject on arn:aws:s3:::artifacts/model\.tar\.gz is not granted"

    with pytest.raises(Refused, match=rf"could not be known.*{missing} by the policies of role trees; whether"):
        run.create(kinds.MODEL, "own", model())
    account["describe_model_package"] = described(account=OTHER)
    with pytest.raises(Refused, match=rf"model-package-can-be-run: .*{missing} for its role trees"):
        run.create(kinds.MODEL, "m", model(THEIRS))


# --- registering in another account's group ---------------------------------------------------------------------------


def version(**changed: Any) -> dict[str, Any]:
    state = {**described(), "ModelPackageGroupName": GROUP, **changed}
    return {"typeName": kinds.MODEL_PACKAGE, "desiredState": json.dumps(state)}


def test_a_version_that_the_registry_can_read_passes(run: Any, account: dict[str, Any]) -> None:
    run.create(kinds.CLOUD_CONTROL, "v", version())

    assert said(run) == []


def test_a_version_of_an_own_group_asks_nothing(run: Any, account: dict[str, Any]) -> None:
    run.create(kinds.CLOUD_CONTROL, "v", version(ModelPackageGroupName="trees"))

    assert set(account["asked"]) <= {"get_caller_identity"}


CLOSED: dict[str, tuple[str, Any, str]] = {
    "repository": ("get_repository_policy", None, "by the repository policy of arn:aws:ecr"),
    "bucket": ("get_bucket_policy", None, "by the bucket policy of arn:aws:s3:::artifacts"),
    "key": ("get_key_policy", None, "by the key policy of arn:aws:kms"),
    "group": ("describe_model_package_group", denied("sagemaker:DescribeModelPackageGroup"), "the group policy"),
    "no-key": ("head_object", {}, "models cross accounts only with a customer key"),
    "no-artifact": ("head_object", None, "its artifact .* isn't there"),
}


@pytest.mark.parametrize(("operation", "answer", "words"), CLOSED.values(), ids=CLOSED)
def test_the_preview_says_which_statement_keeps_the_registry_from_reading(
    preview: Any, account: dict[str, Any], operation: str, answer: Any, words: str
) -> None:
    account[operation] = answer

    with pytest.raises(Refused, match=rf"registry-can-read-the-version: .*{words}"):
        preview.create(kinds.CLOUD_CONTROL, "v", version())


def test_planned_documents_count_before_the_live_ones(preview: Any, account: dict[str, Any]) -> None:
    """Opened by this run, what is closed now passes; closed by it, what is open now is refused."""
    account["get_bucket_policy"] = None
    opened = {"bucket": "artifacts", "policy": json.dumps(bucket_policy(READER, "artifacts"))}
    preview.register(kinds.BUCKET_POLICY, "opens", opened)
    preview.create(kinds.CLOUD_CONTROL, "v", version())
    closing = {"repository": "trees", "policy": json.dumps({"Statement": []})}
    preview.register(kinds.REPOSITORY_POLICY, "closes", closing)

    assert said(preview) == []
    with pytest.raises(Refused, match="by the repository policy"):
        preview.create(kinds.CLOUD_CONTROL, "w", version())


def test_a_grant_is_as_good_as_the_key_s_policy(preview: Any, account: dict[str, Any]) -> None:
    account["get_key_policy"] = None
    grant = {
        "keyId": KEY,
        "granteePrincipal": f"arn:aws:iam::{REGISTRY}:root",
        "operations": ["Decrypt", "GenerateDataKey"],
    }
    preview.register(kinds.GRANT, "g", grant)
    preview.create(kinds.CLOUD_CONTROL, "v", version())

    assert said(preview) == []


def test_a_group_in_another_region_is_refused(run: Any, account: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="that is in Region us-east-1, and the stack in eu-west-1"):
        run.create(kinds.CLOUD_CONTROL, "v", version(ModelPackageGroupName=GROUP.replace(REGION, "us-east-1")))


def test_a_group_whose_name_is_taken_is_refused_before_anything_is_made(preview: Any, account: dict[str, Any]) -> None:
    """Groups with versions outlive their stacks; one that isn't there may be made."""
    account["describe_model_package_group"] = None
    preview.create(kinds.PACKAGE_GROUP, "new", {"modelPackageGroupName": "new"})
    account["describe_model_package_group"] = {"ModelPackageGroupName": "trees"}

    with pytest.raises(Refused, match=r"model-package-group-is-new: .*set modelVersion\.group to trees"):
        preview.create(kinds.PACKAGE_GROUP, "trees", {"modelPackageGroupName": "trees"})


# --- deleting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "identity"), [(kinds.CLOUD_CONTROL, ARN), (kinds.PACKAGE_GROUP, "trees")], ids=["version", "group"]
)
def test_what_other_accounts_may_deploy_is_not_deleted_on_this_one_s_word(
    run: Any, account: dict[str, Any], monkeypatch: pytest.MonkeyPatch, token: str, identity: str
) -> None:
    """Their endpoints can't be seen from here; a group that only trains or is nobody else's may go."""
    place = Place("aws", REGION, ACCOUNT, "trees")
    policies = {"open": group_policy(place, [], [OTHER]), "closed": group_policy(place, [OTHER], [])}
    monkeypatch.setattr(foreign, "live_policy", lambda *_: policies["closed"])
    state = {"typeName": kinds.MODEL_PACKAGE} if token == kinds.CLOUD_CONTROL else {"modelPackageGroupName": "trees"}
    run.delete(token, "twin", identity, state)
    monkeypatch.setattr(foreign, "live_policy", lambda *_: policies["open"])

    with pytest.raises(Refused, match=rf"-in-use-stays: .*by its policy .*{OTHER}.* may read it"):
        run.delete(token, "one", identity, state)
