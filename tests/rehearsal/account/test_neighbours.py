"""Accounts that reach one another: registering into, and deploying from, another account's registry."""

from __future__ import annotations

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from account_world import REGION
from botocore.exceptions import ClientError
from registry_world import (
    BUCKET,
    DEPLOYING,
    DOCUMENTS,
    GROUP,
    GROUP_ARN,
    REGISTRY,
    TRAINING,
    Registry,
    document,
    root,
    statement,
)

from rehearsal.account import ensure

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Three furnished accounts; their clocks move only when they are told to."""
    home = tmp_path_factory.mktemp("registry")
    accounts = {each: ensure(each, home, idle_minutes=5, speed=0) for each in (REGISTRY, TRAINING, DEPLOYING)}
    yield Registry(accounts).furnish()
    for account in accounts.values():
        account.stop()


@pytest.fixture(scope="module")
def version(registry: Registry) -> str:
    """A version that was registered from the training account and approved."""
    arn = registry.register()
    registry.approve(arn)
    return arn


def name() -> str:
    """A new name."""
    return f"trees-{next(NUMBERS)}"


def test_a_version_of_another_account_is_registered_there_approved_and_deployed(
    registry: Registry, version: str
) -> None:
    endpoint = registry.deploy(version, name())
    told = registry.admin(REGISTRY, "sagemaker").describe_model_package(ModelPackageName=version)

    assert version.startswith(f"arn:aws:sagemaker:{REGION}:{REGISTRY}:model-package/{GROUP}/")
    assert told["InferenceSpecification"]["Containers"][0]["ImageDigest"] == registry.image.partition("@")[2]
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["ProductionVariants"][0]["DeployedImages"][0]["ResolvedImage"] == registry.image


def test_a_model_of_another_account_answers(registry: Registry, version: str) -> None:
    endpoint = name()
    registry.deploy(version, endpoint)
    runtime = registry.admin(DEPLOYING, "sagemaker-runtime")

    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1", ContentType="text/csv")
    said = json.loads(answer["Body"].read())

    assert (said["word"], said["greeting"]) == ("iris", "from the image")


def test_cloud_control_registers_and_reads_across_accounts_and_deletes_only_with_the_right(
    registry: Registry,
) -> None:
    control = registry.as_role(TRAINING, "registrar", "cloudcontrol")
    state = {
        "ModelPackageGroupName": GROUP_ARN,
        "InferenceSpecification": {
            "Containers": [{"Image": registry.image, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    }
    asked = control.create_resource(TypeName="AWS::SageMaker::ModelPackage", DesiredState=json.dumps(state))
    token = asked["ProgressEvent"]["RequestToken"]
    made = control.get_resource_request_status(RequestToken=token)["ProgressEvent"]
    gone = control.delete_resource(TypeName="AWS::SageMaker::ModelPackage", Identifier=made["Identifier"])
    ended = control.get_resource_request_status(RequestToken=gone["ProgressEvent"]["RequestToken"])["ProgressEvent"]
    read = control.get_resource(TypeName="AWS::SageMaker::ModelPackage", Identifier=made["Identifier"])

    assert made["OperationStatus"] == "SUCCESS"
    assert made["Identifier"].startswith(f"arn:aws:sagemaker:{REGION}:{REGISTRY}:model-package/{GROUP}/")
    assert json.loads(read["ResourceDescription"]["Properties"])["ModelApprovalStatus"] == "PendingManualApproval"
    assert (ended["OperationStatus"], ended["ErrorCode"]) == ("FAILED", "AccessDenied")


STATEMENTS = [(kind, number) for kind, held in DOCUMENTS.items() for number in range(len(held))]


@pytest.mark.parametrize(("kind", "number"), STATEMENTS, ids=[f"{kind}-{number}" for kind, number in STATEMENTS])
def test_without_any_one_statement_registering_or_deploying_fails(registry: Registry, kind: str, number: int) -> None:
    registry.put(kind, without=number)
    failed = ""
    try:
        arn = registry.register()
        registry.approve(arn)
        endpoint = registry.deploy(arn, name())
        failed = endpoint.get("FailureReason", "")
    except ClientError as error:
        failed = str(error)
    finally:
        registry.put(kind)

    assert failed


@pytest.mark.parametrize("approval", ["PendingManualApproval", "Rejected"])
def test_a_version_that_is_not_approved_makes_no_model_in_another_account(registry: Registry, approval: str) -> None:
    arn = registry.register()
    if approval == "Rejected":
        registry.admin(REGISTRY, "sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus=approval)

    with pytest.raises(ClientError, match=f"has the approval status {approval}"):
        registry.deploy(arn, name())


@pytest.mark.parametrize("kind", ["repository", "bucket", "key", "execution"])
def test_an_endpoint_breaks_at_a_patch_when_another_account_takes_a_right_away(
    registry: Registry, version: str, kind: str
) -> None:
    endpoint = name()
    registry.deploy(version, endpoint)
    registry.put(kind, without=1)

    report = registry.accounts[DEPLOYING].patch([endpoint])
    registry.put(kind)

    assert report[0]["status"] == "Failed"
    assert report[0]["problems"]


def test_a_caller_is_answered_by_its_own_account_whatever_address_it_asks(registry: Registry) -> None:
    told = registry.as_role(TRAINING, "registrar", "sts", by_way_of=DEPLOYING).get_caller_identity()

    assert told["Account"] == TRAINING
    assert told["Arn"].endswith("assumed-role/registrar/test")


def test_a_role_of_another_account_is_assumed_if_it_trusts_the_caller(registry: Registry) -> None:
    arn = f"arn:aws:iam::{REGISTRY}:role/approver"
    iam = registry.admin(REGISTRY, "iam")
    trust = document(statement(["sts:AssumeRole"], None, root(TRAINING)))
    iam.create_role(RoleName="approver", AssumeRolePolicyDocument=trust)
    assumed = registry.admin(TRAINING, "sts").assume_role(RoleArn=arn, RoleSessionName="test")["AssumedRoleUser"]["Arn"]

    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        registry.admin(DEPLOYING, "sts").assume_role(RoleArn=arn, RoleSessionName="test")

    assert assumed == f"arn:aws:sts::{REGISTRY}:assumed-role/approver/test"


def test_an_object_of_another_account_is_read_as_the_bucket_policy_lets_one(registry: Registry) -> None:
    body = registry.admin(DEPLOYING, "s3").get_object(Bucket=BUCKET, Key="model.tar.gz")["Body"].read()

    with pytest.raises(ClientError, match="AccessDenied"):
        registry.admin(DEPLOYING, "s3").put_object(Bucket=BUCKET, Key="other", Body=b"")

    assert body


def test_a_group_is_listed_elsewhere_once_it_is_shared_and_the_invitation_accepted(registry: Registry) -> None:
    ram, client = registry.admin(REGISTRY, "ram"), registry.admin(TRAINING, "sagemaker")

    def shared() -> list[str]:
        found = client.list_model_package_groups(CrossAccountFilterOption="CrossAccount")
        return [each["ModelPackageGroupArn"] for each in found["ModelPackageGroupSummaryList"]]

    ram.create_resource_share(name="trees", resourceArns=[GROUP_ARN], principals=[TRAINING])
    before = shared()
    consumer = registry.admin(TRAINING, "ram")
    invitation = consumer.get_resource_share_invitations()["resourceShareInvitations"][0]
    consumer.accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])

    assert before == []
    assert shared() == [GROUP_ARN]


def test_registrations_at_once_from_two_accounts_get_a_number_each(registry: Registry) -> None:
    """None is lost, and none is given twice, whoever comes first."""
    here, there = registry.as_role(TRAINING, "registrar", "sagemaker"), registry.admin(REGISTRY, "sagemaker")

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(registry.register, [here, there] * 4))
    listed = there.list_model_packages(ModelPackageGroupName=GROUP, MaxResults=100)["ModelPackageSummaryList"]

    assert len(set(made)) == 8
    assert set(made) <= {each["ModelPackageArn"] for each in listed}


def test_a_neighbour_that_has_stopped_is_started_when_it_is_asked(registry: Registry, version: str) -> None:
    registry.deploy(version, name())
    stopped = registry.accounts[TRAINING]
    stopped.stop()

    found = [each["problems"] for each in registry.accounts[DEPLOYING].examine()]
    registry.accounts[TRAINING] = ensure(TRAINING, stopped.directory.parent.parent)
    registry.clients.clear()

    assert [] in found
    assert registry.accounts[TRAINING].pid != stopped.pid


def test_an_account_that_is_not_emulated_is_named_in_the_refusal(registry: Registry) -> None:
    arn = GROUP_ARN.replace(REGISTRY, "444444444444")

    with pytest.raises(ClientError, match="no emulated account of that id lies beside it") as refused:
        registry.admin(TRAINING, "sagemaker").describe_model_package_group(ModelPackageGroupName=arn)

    assert refused.value.response["Error"]["Code"] == "NotImplemented"


def test_an_account_comes_back_as_it_was_while_its_neighbours_do_not_answer(registry: Registry) -> None:
    before = {each: account.fingerprint() for each, account in registry.accounts.items()}
    home = registry.accounts[DEPLOYING].directory.parent.parent
    for account in registry.accounts.values():
        account.stop()
    took = registry.accounts[TRAINING].directory
    took.rename(took.with_name("222222222222-away"))

    back = ensure(DEPLOYING, home, idle_minutes=5, speed=0)
    took.with_name("222222222222-away").rename(took)
    registry.accounts = {each: ensure(each, home, idle_minutes=5, speed=0) for each in (REGISTRY, TRAINING, DEPLOYING)}
    registry.clients.clear()

    assert back.fingerprint() == before[DEPLOYING]
    assert {each: account.fingerprint() for each, account in registry.accounts.items()} == before
