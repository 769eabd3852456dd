"""Endpoints of other accounts, which can't be seen from here, and of other Regions: what they may use stays."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from guards import kinds
from guards.live import Account
from guards.readings import Reading
from guards.report import Refused

ACCOUNT = "123456789012"
OTHER = "444455556666"


def shared(principal: str, action: str = "s3:GetObject") -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": principal},
                    "Action": action,
                    "Resource": "arn:aws:s3:::spare/*",
                }
            ],
        }
    )


@pytest.mark.parametrize(
    ("principal", "action", "goes"),
    [
        (f"arn:aws:iam::{OTHER}:root", "s3:GetObject", False),
        (f"arn:aws:iam::{OTHER}:root", "s3:PutObject", True),
        (f"arn:aws:iam::{ACCOUNT}:root", "s3:GetObject", True),
    ],
    ids=["another-account-reads", "another-account-writes", "this-account-reads"],
)
def test_a_bucket_that_another_account_may_read_is_unknown(  # noqa: PLR0913, PLR0917 - the cases and the world
    principal: str, action: str, goes: bool, run: Any, aws: Any, tenant: Any
) -> None:
    """Its endpoints can't be seen from here; each twin differs in one value."""
    aws("s3").create_bucket(Bucket="spare", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    aws("s3").put_bucket_policy(Bucket="spare", Policy=shared(principal, action))
    if goes:
        run.delete(kinds.BUCKET, "b", "spare", {"bucket": "spare"})
        assert run.report.found == []
        return

    with pytest.raises(Refused, match=f"bucket-in-use-stays: .*{OTHER}.*can't be seen from here.*exemption"):
        run.delete(kinds.BUCKET, "b", "spare", {"bucket": "spare"})


def test_another_account_is_not_shut_out_unseen(run: Any, aws: Any, tenant: Any) -> None:
    """The principal goes from the bucket's policy; the twin's policy keeps it."""
    before = {"bucket": tenant.bucket, "policy": shared(f"arn:aws:iam::{OTHER}:root")}
    kept = {**before, "policy": shared(f"arn:aws:iam::{OTHER}:root").replace('"Allow"', '"Allow" ')}
    gone = {**before, "policy": shared(f"arn:aws:iam::{ACCOUNT}:root")}
    before = json.loads(json.dumps(before).replace("spare/", f"{tenant.bucket}/"))
    kept, gone = (json.loads(json.dumps(one).replace("spare/", f"{tenant.bucket}/")) for one in (kept, gone))
    run.update(kinds.BUCKET_POLICY, "p", tenant.bucket, before, kept)
    assert run.report.found == []

    with pytest.raises(Refused, match=r"bucket-in-use-stays-readable: .*444455556666"):
        run.update(kinds.BUCKET_POLICY, "p", tenant.bucket, before, gone)


def test_a_role_that_an_endpoint_of_another_region_uses_stays(run: Any, aws: Any, tenant: Any) -> None:
    """When the other Region is named; the twin is a role that nobody uses."""
    session = boto3.session.Session("testing", "testing", region_name="us-east-1")
    aws("iam").create_role(RoleName="global", AssumeRolePolicyDocument="{}")
    arn = f"arn:aws:iam::{ACCOUNT}:role/global"
    far = session.client("sagemaker")
    far.create_model(ModelName="tenant-model", ExecutionRoleArn=arn, PrimaryContainer={"Image": "x"})
    variant = {
        "VariantName": "v",
        "ModelName": "tenant-model",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    far.create_endpoint_config(EndpointConfigName="tenant-configuration", ProductionVariants=[variant])
    far.create_endpoint(EndpointName="tenant", EndpointConfigName="tenant-configuration")
    run.delete(kinds.ROLE, "unseen", "global", {"arn": arn})
    assert run.report.found == []
    run.guards.judge._accounts = [Account(session, "us-east-1")]
    run.guards.judge._others = Reading(run.guards.judge._read_others, once=run.dry_run)
    run.delete(kinds.ROLE, "twin", "nobody", {"arn": arn + "-2"})
    assert run.report.found == []

    with pytest.raises(Refused, match=r"role-in-use-stays: .*endpoint tenant \(us-east-1\)"):
        run.delete(kinds.ROLE, "r", "global", {"arn": arn})


@pytest.fixture
def shared_key(aws: Any, tenant: Any) -> Any:
    """A key that this account's endpoints don't use; `open` lets another account use it, by its policy or a grant."""
    kms = aws("kms")
    made = kms.create_key()["KeyMetadata"]

    def opened(by: str, action: str = "Decrypt") -> dict[str, Any]:
        theirs = f"arn:aws:iam::{OTHER}:role/serving"
        if by == "grant":
            kms.create_grant(KeyId=made["KeyId"], GranteePrincipal=theirs, Operations=[action])
        else:
            own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}
            other = {"Effect": "Allow", "Principal": {"AWS": theirs}, "Action": f"kms:{action}"}
            statements = [{**one, "Resource": "*"} for one in (own, other)]
            kms.put_key_policy(
                KeyId=made["KeyId"],
                PolicyName="default",
                Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}),
            )
        return {"arn": made["Arn"], "keyId": made["KeyId"], "isEnabled": True}

    return opened


@pytest.mark.parametrize("by", ["policy", "grant"])
@pytest.mark.parametrize(("action", "passes"), [("Decrypt", False), ("CreateGrant", False), ("DescribeKey", True)])
@pytest.mark.parametrize("change", ["deleted", "disabled"])
def test_a_key_that_another_account_uses_stays_by_whatever_opens_it(  # noqa: PLR0913, PLR0917 - the cases and the world
    by: str, action: str, passes: bool, change: str, run: Any, shared_key: Any
) -> None:
    """An artifact's is decrypted, a volume's is used by a grant; who only looks at it loses nothing."""
    known = shared_key(by, action)

    def act() -> None:
        if change == "deleted":
            run.delete(kinds.KEY, "k", known["keyId"], known)
        else:
            run.update(kinds.KEY, "k", known["keyId"], known, {**known, "isEnabled": False})

    if passes:
        act()
        assert run.report.found == []
        return

    with pytest.raises(Refused, match=f"key-in-use-stays.*{OTHER}.*can't be seen from here"):
        act()


def test_a_grant_of_another_account_is_not_withdrawn_unseen(run: Any, aws: Any, shared_key: Any) -> None:
    """Unless another grant, or the key's policy, opens the same."""
    known = shared_key("grant")
    grants = aws("kms").list_grants(KeyId=known["keyId"])["Grants"]
    grant = {"keyId": known["arn"], "grantId": grants[0]["GrantId"]}

    with pytest.raises(Refused, match=f"key-in-use-stays-usable: .*{OTHER}"):
        run.delete(kinds.GRANT, "g", "g", grant)
    run.report.found.clear()
    shared_key("policy")
    run.delete(kinds.GRANT, "g", "g", grant)
    assert run.report.found == []


def test_a_new_denial_shuts_another_account_out(run: Any, aws: Any, tenant: Any) -> None:
    """Beside the statement that lets it in; the twin denies another action."""
    before = {"bucket": "spare", "policy": shared(f"arn:aws:iam::{OTHER}:root")}
    aws("s3").create_bucket(Bucket="spare", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def denied(action: str) -> dict[str, Any]:
        document = json.loads(before["policy"])
        denial = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": "arn:aws:s3:::spare/*"}
        return {**before, "policy": json.dumps({**document, "Statement": [*document["Statement"], denial]})}

    run.update(kinds.BUCKET_POLICY, "p", "spare", before, denied("s3:PutObject"))
    assert run.report.found == []
    with pytest.raises(Refused, match=f"bucket-in-use-stays-readable: .*{OTHER}"):
        run.update(kinds.BUCKET_POLICY, "p", "spare", before, denied("s3:GetObject"))


def test_what_another_account_may_read_is_not_overwritten_and_does_not_expire(run: Any, aws: Any, tenant: Any) -> None:
    """Only what it may read, and no rule that was there before."""
    aws("s3").create_bucket(Bucket="spare", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    policy = shared(f"arn:aws:iam::{OTHER}:root").replace("spare/*", "spare/models/*")
    aws("s3").put_bucket_policy(Bucket="spare", Policy=policy)
    twin, stored = ({"bucket": "spare", "key": f"{folder}/m.tar.gz"} for folder in ("own", "models"))

    def rules(prefix: str) -> dict[str, Any]:
        rule = {"id": "r", "status": "Enabled", "filter": {"prefix": prefix}, "expiration": {"days": 30}}
        return {"bucket": "spare", "rules": [rule]}

    run.update(kinds.OBJECT, "twin", "x", {**twin, "content": "1"}, {**twin, "content": "2"})
    run.update(kinds.BUCKET_LIFECYCLE, "l", "spare", rules("logs/"), rules("own/"))
    run.update(kinds.BUCKET_LIFECYCLE, "l", "spare", rules("models/"), {**rules("models/"), "region": "eu-west-1"})
    assert run.report.found == []
    with pytest.raises(Refused, match=f"artifact-in-use-is-not-overwritten: .*{OTHER}"):
        run.update(kinds.OBJECT, "o", "x", {**stored, "content": "1"}, {**stored, "content": "2"})
    with pytest.raises(Refused, match=f"artifact-in-use-does-not-expire: .*{OTHER}"):
        run.update(kinds.BUCKET_LIFECYCLE, "l", "spare", rules("logs/"), rules("models/"))


def test_an_image_that_another_account_may_pull_does_not_expire(run: Any, aws: Any, tenant: Any) -> None:
    """A policy that takes an image which is there; the twin takes none."""
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="spare")
    kind = "application/vnd.oci.image.manifest.v1+json"
    ecr.put_image(repositoryName="spare", imageManifest="{}", imageManifestMediaType=kind, imageTag="served")
    policy = shared(f"arn:aws:iam::{OTHER}:root", "ecr:BatchGetImage")
    ecr.set_repository_policy(
        repositoryName="spare", policyText=policy.replace('"Resource": "arn:aws:s3:::spare/*"', '"Sid": "x"')
    )

    def expiring(tag: str) -> dict[str, Any]:
        selection = {"tagStatus": "tagged", "tagPrefixList": [tag], "countType": "imageCountMoreThan", "countNumber": 1}
        rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
        return {"repository": "spare", "policy": json.dumps({"rules": [rule]})}

    run.create(kinds.REPOSITORY_LIFECYCLE, "twin", expiring("build-"))
    assert run.report.found == []
    with pytest.raises(Refused, match=f"image-in-use-does-not-expire: .*{OTHER}"):
        run.create(kinds.REPOSITORY_LIFECYCLE, "l", expiring("served"))
