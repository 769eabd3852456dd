"""`holdfast resolve`: against real registries, and against the ECR of an account that boto3 alone has made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import boto3
import oci_images
import pytest
from moto import mock_aws
from oci_images import INDEX, image, index
from typer.testing import CliRunner

from pipeline import resolution
from pipeline.command import app
from pipeline.errors import PipelineError
from pipeline.registry import of_stack
from pipeline.registry.of_stack import PASSWORD, USERNAME
from pipeline.resolve import RESOLVERS, resolve
from pipeline.resolve.resolver import Asking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from certificates import Authority
    from oci_images import Image
    from real_registry import RealRegistry

ACCOUNT, REGION = "123456789012", "eu-west-1"
ECR = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/model"
SECRET_NAME = "registry"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account; nothing leaves this process but what goes to loopback."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, REGION)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", USERNAME, PASSWORD):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: holdfast\nruntime: python\n")
    return tmp_path


def settings(project: Path, **given: Any) -> Path:
    """Write a stack's file, as a person would."""
    lines = ["# reviewed by ml-platform", "config:", f"  aws:region: {REGION}"]
    lines += [f"  holdfast:{key}: {json.dumps(value)}  # {key}" for key, value in given.items()]
    path = project / "Pulumi.dev.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(project: Path, *args: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["resolve", *args, "--stack", "dev", "-C", str(project)])
    return done.exit_code, done.output


# --- a private registry -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("account")
def test_a_tag_is_pinned_by_the_registry_s_digest_with_the_secret_s_credentials(
    registry: RealRegistry, pushed: Image, project: Path
) -> None:
    """Comments and all else stay; what is pinned is what the other client pushed; a second run changes nothing."""
    given: dict[str, Any] = {"image": f"{registry.host}/team/model:1"}
    if registry.authentication != "none":
        value = json.dumps(dict(zip(("username", "password"), registry.user, strict=True)))
        arn = boto3.client("secretsmanager").create_secret(Name=SECRET_NAME, SecretString=value)["ARN"]
        given["registry"] = {"authentication": registry.authentication, "secret": arn}
    path = settings(project, **given)
    before = path.read_text()
    code, said = run(project, "--trust-store", str(registry.authority.store_path))

    assert code == 0, said
    pinned = f"{registry.host}/team/model@{pushed.digest}"
    assert path.read_text() == before.replace(f"{registry.host}/team/model:1", pinned)
    assert f"is {pinned}" in said
    assert run(project, "--trust-store", str(registry.authority.store_path))[1].endswith("pinned to it already.\n")
    assert registry.user[1] not in said


@pytest.mark.usefixtures("account")
def test_the_environment_s_credentials_come_first(
    registry: RealRegistry, pushed: Image, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(project, image=f"{registry.host}/team/model:0")
    monkeypatch.setenv(USERNAME, registry.user[0])
    monkeypatch.setenv(PASSWORD, registry.user[1])
    code, said = run(project, ":1", "--no-pin", "--json", "--trust-store", str(registry.authority.store_path))
    told = json.loads(said)

    assert code == 0
    assert told["value"] == f"{registry.host}/team/model@{pushed.digest}"
    assert (told["before"], told["pinned"]) == (f"{registry.host}/team/model:0", False)


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("registry", ["none"], indirect=True)
@pytest.mark.parametrize(("instance", "taken"), [("ml.m5.large", "amd64"), ("ml.c7g.xlarge", "arm64")])
def test_of_a_list_the_instances_image_is_pinned(  # noqa: PLR0913, PLR0917
    registry: RealRegistry, oras: Any, project: Path, tmp_path: Path, instance: str, taken: str
) -> None:
    """And not the list, which CreateModel may refuse."""
    images = {one: image(one, architecture=one) for one in ("amd64", "arm64")}
    for one in images.values():
        oci_images.push(oras, registry.host, f"team/model:{one.architecture}", one, tmp_path)
    oci_images.push_manifest(oras, registry.host, "team/model:both", index(*images.values()), INDEX)
    path = settings(project, image=f"{registry.host}/team/model:both", instanceType=instance)
    code, said = run(project, "--trust-store", str(registry.authority.store_path))

    assert code == 0
    assert f"team/model@{images[taken].digest}" in path.read_text()
    assert f"for linux/{taken} of its list" in said


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("registry", ["basic"], indirect=True)
@pytest.mark.parametrize(
    ("case", "code", "says"),
    [
        ("wrong", 2, "refuses the user name and password"),
        ("none", 2, "wants a user name and password, and none were given"),
        ("gone", 4, "answered ResourceNotFoundException"),
        ("form", 2, "must hold a JSON object"),
        ("nowhere", 2, "neither registry.secret"),
        ("private", 3, "doesn't chain to the public certificate authorities"),
        ("unknown", 2, "has no such image"),
    ],
)
def test_what_can_t_be_resolved_is_told_and_the_file_is_as_it_was(  # noqa: PLR0913, PLR0917
    registry: RealRegistry, pushed: Image, project: Path, case: str, code: int, says: str
) -> None:
    secrets = boto3.client("secretsmanager")
    value = json.dumps({"username": "robot", "password": "not-it" if case == "wrong" else registry.user[1]})
    arn = secrets.create_secret(Name=SECRET_NAME, SecretString="{}" if case == "form" else value)["ARN"]
    if case == "gone":
        secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    how = {"authentication": "none" if case == "none" else "basic"}
    if case not in ("none", "nowhere"):
        how["secret"] = arn
    path = settings(project, image=f"{registry.host}/team/model:{'9' if case == 'unknown' else '1'}", registry=how)
    before = path.read_text()
    trusted = [] if case == "private" else ["--trust-store", str(registry.authority.store_path)]
    found, said = run(project, *trusted)

    assert (found, path.read_text()) == (code, before)
    assert says in " ".join(said.split())
    assert "Traceback" not in said
    assert "not-it" not in said


@pytest.mark.usefixtures("account")
def test_a_rehearsal_s_own_authorities_stand_for_the_public_ones(project: Path, authority: Authority) -> None:
    """On any other stack that setting does nothing."""
    for stack in ("rehearsal-x", "dev"):
        (project / f"Pulumi.{stack}.yaml").write_text(f"config:\n  rehearsal:trustStore: {authority.store_path}\n")
    stores = [of_stack.trust_store(resolution.StackFile(project, stack), None) for stack in ("rehearsal-x", "dev")]
    named = of_stack.trust_store(resolution.StackFile(project, "rehearsal-x"), authority.store_path)

    assert [(store.path == authority.store_path, store.public) for store in stores] == [(True, True), (False, True)]
    assert named.public is False


# --- what the user gave -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "text", "says"),
    [
        ({}, "", "sets no image, and none was given"),
        ({}, ":1", "sets none. Give the whole reference"),
        ({"image": "a/b:1"}, "has space:1", "is nothing that can be resolved"),
        ({"image": "a/b:1", "registry": {"authentication": "x"}}, "", "registry.authentication"),
        ({"image": "a/b:1", "registry": "[not json"}, "", "registry is to be a map"),
    ],
)
@pytest.mark.usefixtures("account")
def test_what_was_given_wrongly_is_told(project: Path, given: dict[str, Any], text: str, says: str) -> None:
    settings(project, **given)
    code, said = run(project, *([text] if text else []))

    assert code == 2
    assert says in " ".join(said.split())


def test_each_resolver_says_what_it_takes() -> None:
    """In the order in which they are asked; an image of Amazon ECR is none of a package."""
    assert [resolver.takes(f"{ECR}:1") for resolver in RESOLVERS][:2] == [False, True]
    assert all(resolver.form for resolver in RESOLVERS)
    with pytest.raises(PipelineError, match=r"of Amazon ECR; <registry>"):
        resolve("has space", None)  # type: ignore[arg-type]


# --- Amazon ECR ---------------------------------------------------------------------------------------------------


@pytest.fixture
def ecr(account: None) -> Any:
    client = boto3.client("ecr")
    client.create_repository(repositoryName="team/model")
    return client


def put(client: Any, content: bytes, kind: str, **tag: str) -> str:
    put = client.put_image(
        repositoryName="team/model", imageManifest=content.decode(), imageManifestMediaType=kind, **tag
    )
    return str(put["image"]["imageId"]["imageDigest"])


def test_a_tag_in_ecr_is_pinned(ecr: Any, project: Path) -> None:
    digest = put(ecr, image().manifest, oci_images.MANIFEST, imageTag="1")
    path = settings(project, image=f"{ECR}:1")
    code, said = run(project)

    assert code == 0, said
    assert f'"{ECR}@{digest}"  # image' in path.read_text()


def test_an_image_that_ecr_has_not_is_told(ecr: Any, project: Path) -> None:
    path = settings(project, image=f"{ECR}:9")
    before = path.read_text()
    code, said = run(project)

    assert code == 2
    assert "answered ImageNotFoundException" in " ".join(said.split())
    assert path.read_text() == before


class IndexedEcr:
    """ECR's two answers for an index (moto keeps none)."""

    def __init__(self, listed: bytes) -> None:
        self.listed = listed

    def describe_images(self, **_: Any) -> dict[str, Any]:
        return {"imageDetails": [{"imageDigest": oci_images.digest_of(self.listed), "imageManifestMediaType": INDEX}]}

    def batch_get_image(self, **_: Any) -> dict[str, Any]:
        return {"images": [{"imageManifest": self.listed.decode()}]}


def test_of_a_list_in_ecr_the_instances_image_is_pinned(authority: Authority) -> None:
    arm, intel = image("arm", architecture="arm64"), image("intel")
    client = IndexedEcr(index(arm, intel))

    def asking(architecture: str) -> Asking:
        return Asking(Mock(), lambda *_, **__: client, authority.store, lambda: None, architecture)

    assert resolve(f"{ECR}:1", asking("arm64")).value == f"{ECR}@{arm.digest}"
    assert resolve(f"{ECR}:1", asking("amd64")).value == f"{ECR}@{intel.digest}"
    client.listed = index(arm)
    with pytest.raises(PipelineError, match="a list of images for linux/arm64; none is for linux/amd64"):
        resolve(f"{ECR}:1", asking("amd64"))
