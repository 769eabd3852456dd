"""
Push the sample's images into an Amazon ECR repository, with boto3 alone: no Docker, no registry client.

    python examples/decision-trees-sample/publish.py [--repository NAME]

Packs the images first, creates the repository if there is none, uploads what it lacks and tags: version 1 as `1`,
version 2 as `2` and `latest`. A second run changes nothing. Account and region are those of boto3's own chain
(AWS_ENDPOINT_URL leads to an emulated account). Prints a line for each version: the reference by digest, which is what
the setting `image` wants. Image tags are mutable in this repository, because a tag `latest` has to move; that is one
more reason to deploy by digest.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import build

if TYPE_CHECKING:
    from botocore.client import BaseClient

REPOSITORY = "decision-trees-sample"
TAGS = {"1": ("1",), "2": ("2", "latest")}


def publish(ecr: "BaseClient", layout: Path, repository: str, tags: tuple[str, ...]) -> str:
    """
    Push the image of an OCI image layout and tag it; returns its reference by digest.

    `ecr` is a boto3 client. What AWS refuses comes as botocore's ClientError.
    API: CreateRepository, BatchCheckLayerAvailability, Initiate-, Upload- and CompleteLayerUpload, PutImage.
    """
    uri = _repository_uri(ecr, repository)
    descriptor = json.loads((layout / "index.json").read_text())["manifests"][0]
    manifest = _blob(layout, descriptor["digest"])
    blobs = json.loads(manifest)
    for digest in _missing(ecr, repository, [each["digest"] for each in [blobs["config"], *blobs["layers"]]]):
        _upload(ecr, repository, digest, _blob(layout, digest))
    for tag in tags:
        if _digest_of(ecr, repository, tag) != descriptor["digest"]:
            ecr.put_image(
                repositoryName=repository,
                imageManifest=manifest.decode("utf-8"),
                imageManifestMediaType=descriptor["mediaType"],
                imageTag=tag,
                imageDigest=descriptor["digest"],
            )
    return f"{uri}@{descriptor['digest']}"


def _repository_uri(ecr: Any, repository: str) -> str:
    try:
        made = ecr.create_repository(repositoryName=repository, imageTagMutability="MUTABLE")
        return str(made["repository"]["repositoryUri"])
    except ecr.exceptions.RepositoryAlreadyExistsException:
        return str(ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryUri"])


def _missing(ecr: Any, repository: str, digests: list[str]) -> list[str]:
    answer = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=digests)
    there = {layer["layerDigest"] for layer in answer["layers"] if layer.get("layerAvailability") == "AVAILABLE"}
    return [digest for digest in digests if digest not in there]


def _upload(ecr: Any, repository: str, digest: str, content: bytes) -> None:
    upload = ecr.initiate_layer_upload(repositoryName=repository)
    for first in range(0, len(content), upload["partSize"]):
        part = content[first : first + upload["partSize"]]
        ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload["uploadId"],
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload["uploadId"], layerDigests=[digest])


def _digest_of(ecr: Any, repository: str, tag: str) -> str | None:
    found = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"]
    return str(found[0]["imageId"]["imageDigest"]) if found else None


def _blob(layout: Path, digest: str) -> bytes:
    algorithm, _, value = digest.partition(":")
    return (layout / "blobs" / algorithm / value).read_bytes()


def publish_all(ecr: "BaseClient", repository: str, built: Path) -> list[str]:
    """Pack both versions into `built` and push them; returns their references by digest, version 1 first."""
    build.build(built)
    return [publish(ecr, built / f"image-{version}", repository, TAGS[version]) for version in build.VERSIONS]


def main() -> None:
    """Push with the account, region and endpoint of boto3's own chain."""
    parser = argparse.ArgumentParser(description="Push the sample's images into an Amazon ECR repository.")
    parser.add_argument("--repository", default=REPOSITORY, help=f"its name; {REPOSITORY} unless told otherwise")
    repository = parser.parse_args().repository

    import boto3  # here, so that --help needs no half second
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        # boto3 alone knows AWS_DEFAULT_REGION only; every other tool of AWS's reads AWS_REGION.
        ecr = boto3.client("ecr", region_name=os.environ.get("AWS_REGION"))
        references = publish_all(ecr, repository, Path(__file__).parent / "build")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"Amazon ECR was asked to take the images into {repository!r} and didn't: {error}")
    for reference in references:
        print(reference)


if __name__ == "__main__":
    main()
