"""Fixtures of the Model Registry's commands."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from registry_house import ACCOUNT, GROUPS, MANIFEST, REGION, STACK, House
from users_environment import without_the_users

from guards.live import Account
from rehearsal import environment
from rehearsal.account import ensure

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Image and artifact; one account for a module."""
    before = dict(os.environ)
    home = tmp_path_factory.mktemp("home")
    os.environ.clear()
    os.environ.update(
        {**{key: before[key] for key in before if key in without_the_users()}, "REHEARSAL_HOME": str(home)}
    )
    project = tmp_path_factory.mktemp("project")
    (project / "Pulumi.yaml").write_text("name: holdfast\nruntime: python\n")
    prepared = environment.prepare(project, STACK)
    os.environ.update({name: value for name, value in prepared.items() if name.startswith("AWS_")})
    house = House(project)
    ecr, s3 = house.client("ecr"), house.client("s3")
    ecr.create_repository(repositoryName="trees")
    pushed = ecr.put_image(repositoryName="trees", imageManifest=MANIFEST, imageTag="1")["image"]
    s3.create_bucket(Bucket="artifacts")
    s3.put_object(Bucket="artifacts", Key="model.tar.gz", Body=b"\x1f\x8b")
    house.image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/trees@{pushed['imageId']['imageDigest']}"
    with pytest.MonkeyPatch.context() as patch:  # a client costs far more than what is asked with it
        patch.setattr(Account, "client", lambda _, service: house.client(service))
        yield house
    ensure(ACCOUNT, home).stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def house(account: House) -> House:
    """With a group of the test's own."""
    account.group = f"trees-{next(GROUPS)}"
    account.client("sagemaker").create_model_package_group(ModelPackageGroupName=account.group)
    account.settings(
        image=account.image,
        artifact="s3://artifacts/model.tar.gz",
        modelVersion={"group": account.group, "commit": "abc"},
    )
    return account
