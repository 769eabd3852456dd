"""What a run leaves behind, and what the next one does with it: roll-backs, pending deletions, failed steps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
INDEX = "application/vnd.oci.image.manifest.v1+json"
ON = [(), ("--continue-on-error",)]
IDS = ["plain", "continue-on-error"]
WAITING = ["aws:sagemaker/endpointConfiguration:EndpointConfiguration", "aws:sagemaker/model:Model"]


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


@dataclass
class Released:
    """The stack, and the account as boto3 sees it."""

    house: Any
    variables: dict[str, str]

    def up(self, *args: str, version: str = "1", **environment: str) -> subprocess.CompletedProcess[str]:
        """An `up` without a preview."""
        done: subprocess.CompletedProcess[str] = self.house.run(
            "up", "--yes", "--skip-preview", *args, VERSION=version, **self.variables, **environment
        )
        return done

    def serving(self) -> tuple[str, str]:
        """The configuration and the model that serve, as far as they are still there: else it raises."""
        sagemaker = self.house.client("sagemaker")
        name = sagemaker.describe_endpoint(EndpointName="released")["EndpointConfigName"]
        described = sagemaker.describe_endpoint_config(EndpointConfigName=name)
        model = described["ProductionVariants"][0]["ModelName"]
        sagemaker.describe_model(ModelName=model)
        return name, model

    def pending(self) -> list[str]:
        """Types that state holds for deletion."""
        exported = json.loads(self.house.run("stack", "export").stdout)
        return sorted(one["type"] for one in exported["deployment"]["resources"] if one.get("delete"))


def make(house: Any) -> dict[str, str]:
    """Role, artifact and image, by boto3 alone."""
    iam, s3, ecr = (house.client(service) for service in ("iam", "s3", "ecr"))
    trust = document(Principal={"Service": "sagemaker.amazonaws.com"}, Action="sts:AssumeRole")
    role = iam.create_role(RoleName="serving", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="serving", PolicyName="all", PolicyDocument=document(Action="*", Resource="*"))
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="model.tar.gz", Body=b"model")
    ecr.create_repository(repositoryName="serving")
    pushed = ecr.put_image(
        repositoryName="serving",
        imageManifest=json.dumps({"schemaVersion": 2, "mediaType": INDEX, "layers": []}),
        imageManifestMediaType=INDEX,
        imageTag="1",
    )
    return {"ROLE": role, "IMAGE": f"{REGISTRY}/serving@{pushed['image']['imageId']['imageDigest']}"}


@pytest.fixture(scope="module")
def first(new_house: Any) -> Released:
    """Version 1 serves."""
    made = Released(new_house, make(new_house))
    done = made.up()
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture
def released(first: Released, tmp_path: Path) -> Iterator[Released]:
    """The same, for each test."""
    with first.house.copy("embedded", tmp_path) as house:
        yield Released(house, first.variables)


@pytest.mark.parametrize("on", ON, ids=IDS)
def test_after_silent_roll_backs_no_run_deletes_what_serves(on: tuple[str, ...], released: Released) -> None:
    """The old release waits for deletion in state, from run to run, until the endpoint has left it."""
    old = released.serving()
    for _ in range(2):
        done = released.up(*on, version="2", REHEARSAL_FAULT="silent-roll-back")

        assert done.returncode != 0
        assert "endpoint-update-is-verified" in done.stdout + done.stderr
        assert released.serving() == old
        assert released.pending() == WAITING

    done = released.up(*on, version="2")

    assert done.returncode == 0, done.stdout + done.stderr
    assert released.pending() == []
    assert released.serving() != old
    with pytest.raises(ClientError, match=r"Could not find"):
        released.house.client("sagemaker").describe_endpoint_config(EndpointConfigName=old[0])


@pytest.mark.parametrize("on", ON, ids=IDS)
def test_an_update_that_nobody_verified_does_not_delete_what_serves(on: tuple[str, ...], released: Released) -> None:
    """The engine goes on to the deletions: they are refused one by one."""
    old = released.serving()
    done = released.up(*on, version="2", VERIFY="no", REHEARSAL_FAULT="silent-roll-back")

    assert done.returncode != 0
    assert "endpoint-configuration-in-use-stays" in done.stdout + done.stderr
    assert released.serving() == old
    assert released.pending() == WAITING


def test_what_waits_for_deletion_is_judged_anew(released: Released) -> None:
    """Left over from an earlier run, and used by a foreign endpoint since: it stays after the stack's own has moved."""
    old = released.serving()
    released.up(version="2", REHEARSAL_FAULT="silent-roll-back")
    released.house.client("sagemaker").create_endpoint(EndpointName="foreign", EndpointConfigName=old[0])

    done = released.up(version="2")

    assert done.returncode != 0
    assert "endpoint-configuration-in-use-stays" in done.stdout + done.stderr
    assert "endpoint foreign" in done.stdout + done.stderr
    assert released.serving() != old
    assert released.pending() == WAITING


def test_a_refused_deletion_does_not_keep_others_when_the_run_goes_on(released: Released) -> None:
    """`--continue-on-error`: the key that a foreign endpoint uses stays, in the account and in state; its twin goes."""
    keys = released.house.outputs()
    sagemaker = released.house.client("sagemaker")
    variant = {"VariantName": "v", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "ModelName": keys["model"]}
    sagemaker.create_endpoint_config(EndpointConfigName="foreign", KmsKeyId=keys["held"], ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="foreign", EndpointConfigName="foreign")

    done = released.up("--continue-on-error", GONE="held,spare")

    kms = released.house.client("kms")
    states = [kms.describe_key(KeyId=keys[name])["KeyMetadata"]["KeyState"] for name in ("held", "spare")]
    assert done.returncode != 0
    assert "key-in-use-stays" in done.stdout + done.stderr
    assert states == ["Enabled", "PendingDeletion"]
    assert [urn.rpartition("::")[2] for urn in released.house.resources() if "kms/key" in urn] == ["held"]
