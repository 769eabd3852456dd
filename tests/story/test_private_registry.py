"""A model from a private registry, from its tag to an endpoint in service: the real registry, the real program."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import oci_images
import pytest
import yaml
from certificates import Authority
from real_registry import RealRegistry
from story import REPOSITORY, Rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterator

STACK = "rehearsal-registry"
REGION = "us-east-1"


class Story(Rehearsal):
    """A stack of the repository's own program whose image lies in a private registry."""

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.account().url,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="not-a-secret",
        )

    def network(self) -> dict[str, Any]:
        """A VPC that somebody else made, with the registry's group in it."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
            for number, zone in ((1, "a"), (2, "b"))
        ]
        groups = [
            ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
            for name in ("containers", "registry")
        ]
        return {
            "subnets": [one["Subnet"]["SubnetId"] for one in subnets],
            "securityGroups": groups[:1],
            "registry": {"network": groups[1]},
        }

    def killed(self, left: Path, *, at: str) -> Path:
        """An `up` that is killed, engine, program and provider at once, when the account has had the call `at`."""
        left.mkdir()
        command = [str(REPOSITORY / "rehearsal" / "bin" / "pulumi"), "up", "--yes", "--skip-preview", "-s", STACK]
        environment = {**self._environment({}), "TMPDIR": str(left)}
        environment.pop("REHEARSAL_PREFORK", None)
        with (left / "said").open("wb") as said:
            process = subprocess.Popen(
                [*command, "--event-log", str(left / "events")],
                cwd=self.project,
                env=environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        while process.poll() is None and not any(one["action"] == at for one in self.account().calls()):
            time.sleep(0.05)
        assert process.poll() is None, (left / "said").read_text()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return left

    def artifact(self) -> str:
        s3 = self.client("s3")
        s3.create_bucket(Bucket="somebody-s-artifacts")
        s3.put_object(Bucket="somebody-s-artifacts", Key="model.tar.gz", Body=b"\x1f\x8b\x08")
        return "s3://somebody-s-artifacts/model.tar.gz"

    def settings(self, **given: Any) -> Path:
        path = self.project / f"Pulumi.{STACK}.yaml"
        config = {"aws:region": REGION, **given}
        path.write_text(f"# who reviewed it stands here\n{yaml.safe_dump({'config': config}, sort_keys=False)}")
        return path


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority("tests", tmp_path, public=True)


@pytest.fixture
def registry(authority: Authority, tmp_path: Path) -> Iterator[RealRegistry]:
    made = RealRegistry(tmp_path / "registry", authority, "bearer")
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture
def story(tmp_path: Path, registry: RealRegistry) -> Iterator[Story]:
    """The program in a folder of its own, so that its settings can be pinned."""
    project = tmp_path / "project"
    project.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(REPOSITORY / name, project)
    made = Story(tmp_path / "home", project=project)
    yield made
    made.stop()


def put(registry: RealRegistry, tmp_path: Path) -> str:
    """Push the image as team/model:1; its digest."""
    auth = "token" if registry.authentication == "bearer" else "basic"
    client = oci_images.client(registry.host, registry.authority.store_path, auth, registry.user)
    return oci_images.push(client, registry.host, "team/model:1", oci_images.image(), tmp_path)


def written(folder: Path, *, but: tuple[str, ...]) -> Iterator[tuple[Path, bytes]]:
    """Every file below a folder, those left out whose path holds one of the words."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(word in str(path.relative_to(folder)) for word in but):
            yield path, path.read_bytes()


def forms_of(secret: str) -> list[bytes]:
    """A secret as it is, JSON-escaped once and twice, and in base64 at each of the three offsets."""
    escaped = json.dumps(secret)[1:-1]
    texts = {secret, escaped, json.dumps(escaped)[1:-1]}
    encoded = [base64.b64encode(b"x" * offset + secret.encode())[4:-4] for offset in range(3)]
    return [text.encode() for text in texts] + encoded


def test_from_a_tag_to_an_endpoint_and_nothing_of_the_credentials_anywhere(
    story: Story, registry: RealRegistry, tmp_path: Path
) -> None:
    """Resolve, preflight, a killed up, up, up again, doctor; then what opens the registry goes, and doctor tells it."""
    digest = put(registry, tmp_path)
    network = story.network()
    network["registry"] |= {"authentication": "bearer"}
    path = story.settings(
        **{
            "rehearsal:trustStore": str(registry.authority.store_path),
            "holdfast:image": f"{registry.host}/team/model:1",
            "holdfast:artifact": story.artifact(),
            **{f"holdfast:{key}": value for key, value in network.items()},
        }
    )
    kept = json.dumps(dict(zip(("username", "password"), registry.user, strict=True)))
    for command in (("stack", "init", STACK), ("config", "set", "--secret", "registryCredentials", kept, "-s", STACK)):
        assert story.pulumi(*command).returncode == 0
    said: list[str] = []

    def run(*args: str, code: int = 0) -> dict[str, Any]:
        found, report = story.holdfast(*args, stack=STACK)
        said.append(json.dumps(report))
        assert found == code, json.dumps(report, indent=1)[-5000:]
        return report

    assert run("resolve")["pinned"]
    assert f"team/model@{digest}" in path.read_text()
    assert path.read_text().startswith("# who reviewed it stands here\n")
    checks = {one["name"]: one["outcome"] for one in run("preflight")["findings"]}
    assert set(checks.values()) == {"passed"}
    left = story.killed(tmp_path / "left", at="CreateFunction")
    (endpoint,) = run("up")["endpoints"]
    assert endpoint["well"]
    assert endpoint["runs_on"]["image"] == f"{registry.host}/team/model@{digest}"
    model = story.client("sagemaker").describe_model(ModelName=endpoint["runs_on"]["model"])
    config = model["PrimaryContainer"]["ImageConfig"]
    assert config["RepositoryAccessMode"] == "Vpc"
    assert ":function:decision-trees-registry-" in config["RepositoryAuthConfig"]["RepositoryCredentialsProviderArn"]
    assert model["VpcConfig"]["Subnets"] == network["subnets"]
    assert run("up")["runs"][-1]["steps"] == []
    assert story.account().patch()[0]["problems"] == []
    run("doctor")

    # All but the emulated AWS's own storage, which keeps the secret as AWS does.
    places = [story.home, story.project, left]
    found = [(file, content) for place in places for file, content in written(place, but=("journal.jsonl", "blobs"))]
    found += [(Path("said"), "\n".join(said).encode()), (Path("dump"), story.account().dump().encode())]
    for file, content in found:
        for form in forms_of(registry.user[1]):
            assert form not in content, file
    assert len(found) > 10
    (secret,) = story.client("secretsmanager").list_secrets()["SecretList"]
    held = story.client("secretsmanager").get_secret_value(SecretId=secret["ARN"])["SecretString"]
    assert json.loads(held)["password"] == registry.user[1]
    story.client("secretsmanager").delete_secret(SecretId=secret["ARN"], RecoveryWindowInDays=7)
    assert "credentials-providers-are-there" in json.dumps(run("doctor", code=1))
    (broken,) = story.account().patch()
    assert broken["status"] == "Failed"
