"""The guards under an engine: a program of somebody else's, and an endpoint made in its account by boto3 alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engine_house import ACCOUNT, REGION, House, engine_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).parent / "program"


def serve(house: House) -> None:
    """Another team's endpoint, by boto3 alone, on everything that the stack owns without `spare-`."""
    owned = house.outputs()
    sagemaker = house.client("sagemaker")
    pushed = house.client("ecr").put_image(
        repositoryName="house-serving",
        imageManifest=json.dumps(
            {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}
        ),
        imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
        imageTag="1",
    )
    digest = pushed["image"]["imageId"]["imageDigest"]
    sagemaker.create_model(
        ModelName="foreign",
        ExecutionRoleArn=owned["role"],
        PrimaryContainer={
            "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/house-serving@{digest}",
            "ModelDataUrl": "s3://house-models/model.tar.gz",
        },
        VpcConfig={"Subnets": [owned["subnet"]], "SecurityGroupIds": [owned["group"]]},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="foreign",
        KmsKeyId="alias/house",
        ProductionVariants=[
            {"VariantName": "v", "ModelName": "foreign", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
    )
    sagemaker.create_endpoint(EndpointName="foreign", EndpointConfigName="foreign")


@pytest.fixture(scope="module", params=["embedded", pytest.param("pulumi", marks=pytest.mark.pulumi_cli)])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Deployed, and in use; on each engine there is."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(PROGRAM, folder / "project")
    (folder / "project" / "requirements.txt").write_text("pulumi-aws\n")
    with engine_of(request.param, folder) as engine:
        made = House(folder / "project", folder / "home", engine)
        try:
            for args in (("stack", "init"), ("up", "--yes", "--skip-preview")):
                done = made.run(*args)
                assert done.returncode == 0, done.stdout + done.stderr
            serve(made)
            yield made
        finally:
            made.account().stop()


@pytest.fixture(scope="module")
def new_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The program `release` on the embedded engine, nothing deployed."""
    folder = tmp_path_factory.mktemp("release")
    shutil.copytree(Path(__file__).parent / "release", folder / "project")
    (folder / "project" / "requirements.txt").write_text("pulumi-aws\n")
    with engine_of("embedded", folder) as engine:
        made = House(folder / "project", folder / "home", engine)
        try:
            done = made.run("stack", "init")
            assert done.returncode == 0, done.stdout + done.stderr
            yield made
        finally:
            made.account().stop()
