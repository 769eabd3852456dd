"""Images that are really stored, and predictions by what the account holds."""

from __future__ import annotations

import io
import json
import os
import signal
import tarfile
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from account_world import (
    SERVE,
    World,
    artifact,
    image_layer,
    push_image,
    put_configuration,
    put_ground,
    put_model,
    until,
    wait,
)
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def ground(world: World) -> dict[str, Any]:
    """An endpoint `trees` in service."""
    ground = put_ground(world, "trees")
    put_model(world, ground, "trees", Environment={"GREETING": "hello"})
    put_configuration(world, "trees", "trees")
    world.sagemaker.create_endpoint(EndpointName="trees", EndpointConfigName="trees")
    wait(world, "trees", "InService")
    return ground


def ask(world: World, endpoint: str = "trees", body: bytes = b"1,2") -> dict[str, Any]:
    """A prediction as its container said it."""
    runtime = world.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType="text/csv")
    assert answer["InvokedProductionVariant"] == "main"
    return dict(json.loads(answer["Body"].read()))


def model_error(world: World, endpoint: str = "trees", body: bytes = b"1,2") -> dict[str, Any]:
    """The answer to a prediction that must fail with ModelError."""
    with pytest.raises(ClientError) as caught:
        world.client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=body)
    assert caught.value.response["Error"]["Code"] == "ModelError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    return dict(caught.value.response)


def test_the_stored_artifact_and_the_images_code_make_the_prediction(world: World, ground: dict[str, Any]) -> None:
    """Request, type and the model's environment reach the container; the artifact's word comes back."""
    assert ask(world) == {"word": "iris", "sent": "1,2", "greeting": "hello", "type": "text/csv"}


def test_another_artifact_gives_another_answer_and_none_gives_model_error(world: World, ground: dict[str, Any]) -> None:
    """Nothing is remembered of an artifact that is no longer stored."""
    s3 = world.client("s3")
    s3.put_object(Bucket=ground["bucket"], Key="m/model.tar.gz", Body=artifact("rose"))
    other = ask(world)
    s3.delete_object(Bucket=ground["bucket"], Key="m/model.tar.gz")
    gone = model_error(world)
    s3.put_object(Bucket=ground["bucket"], Key="m/model.tar.gz", Body=artifact("iris"))
    again = ask(world)

    assert other["word"] == "rose"
    assert "Failed to download model data" in gone["Error"]["Message"]
    assert again["word"] == "iris"


def test_an_error_of_the_container_is_a_model_error(world: World, ground: dict[str, Any]) -> None:
    """HTTP 424 with the container's own status and words."""
    error = model_error(world, body=b"boom")

    assert error["OriginalStatusCode"] == 500
    assert "Received server error (500) from primary" in error["Error"]["Message"]


def test_an_artifact_that_would_leave_its_folder_is_refused(world: World, ground: dict[str, Any]) -> None:
    """A member called ../../x is not unpacked."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("../../../../escaped")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    world.client("s3").put_object(Bucket=ground["bucket"], Key="bad/model.tar.gz", Body=buffer.getvalue())
    put_model(world, ground, "bad", ModelDataUrl=f"s3://{ground['bucket']}/bad/model.tar.gz")
    put_configuration(world, "bad", "bad")
    world.sagemaker.create_endpoint(EndpointName="bad", EndpointConfigName="bad")
    wait(world, "bad", "InService")

    assert "Refused to unpack" in model_error(world, "bad")["Error"]["Message"]


def test_an_unknown_endpoint_is_refused(world: World, ground: dict[str, Any]) -> None:
    """ValidationError, as the runtime says it."""
    with pytest.raises(ClientError, match=r"ValidationError.*Endpoint none of account \d+ not found"):
        world.client("sagemaker-runtime").invoke_endpoint(EndpointName="none", Body=b"")


def test_layers_are_kept_byte_for_byte(world: World, ground: dict[str, Any]) -> None:
    """GetDownloadUrlForLayer's address gives the bytes that were pushed; an unknown layer is refused."""
    ecr = world.client("ecr")
    layer, _ = image_layer({"opt/program/serve.py": SERVE})
    image = ecr.batch_get_image(repositoryName="trees", imageIds=[{"imageTag": "v1"}])["images"][0]
    digest = json.loads(image["imageManifest"])["layers"][0]["digest"]
    url = ecr.get_download_url_for_layer(repositoryName="trees", layerDigest=digest)["downloadUrl"]
    with urllib.request.urlopen(url) as response:
        content = response.read()

    assert content == layer
    with pytest.raises(ClientError, match="LayersNotFoundException"):
        ecr.get_download_url_for_layer(repositoryName="trees", layerDigest=f"sha256:{'0' * 64}")


def test_an_image_without_its_layers_is_refused(world: World, ground: dict[str, Any]) -> None:
    """PutImage: LayersNotFoundException; the wrong digest of a layer: InvalidLayerException."""
    ecr = world.client("ecr")
    manifest = json.dumps({"schemaVersion": 2, "config": {"digest": f"sha256:{'1' * 64}"}, "layers": []})
    upload = ecr.initiate_layer_upload(repositoryName="trees")["uploadId"]
    ecr.upload_layer_part(repositoryName="trees", uploadId=upload, partFirstByte=0, partLastByte=0, layerPartBlob=b"x")

    with pytest.raises(ClientError, match="LayersNotFoundException"):
        ecr.put_image(repositoryName="trees", imageManifest=manifest, imageTag="broken")
    with pytest.raises(ClientError, match="InvalidLayerException"):
        ecr.complete_layer_upload(repositoryName="trees", uploadId=upload, layerDigests=[f"sha256:{'2' * 64}"])


def test_containers_end_with_the_account_even_when_it_is_killed(started: Callable[..., World]) -> None:
    """After kill -9 of the account, the container's process ends by itself."""
    world = started()
    ground = put_ground(world, "mortal")
    image = push_image(
        world, "mortal", "v2", {"opt/program/serve.py": SERVE.replace(b'"word": word', b'"word": os.getpid()')}
    )
    put_model(world, ground, "mortal", Image=image)
    put_configuration(world, "mortal", "mortal")
    world.sagemaker.create_endpoint(EndpointName="mortal", EndpointConfigName="mortal")
    wait(world, "mortal", "InService")
    pid = ask(world, "mortal")["word"]
    os.kill(world.account.pid, signal.SIGKILL)

    assert until(lambda: not _alive(pid))


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except FileNotFoundError:
        return False
