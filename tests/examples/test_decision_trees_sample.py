"""The sample: really trained, packed to the same bytes everywhere, and served as scikit-learn would answer."""

import gzip
import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from sample_scripts import SAMPLE, load

# Pinned here, in Pulumi.rehearsal.yaml and in the sample's README. When the sample changes, so do these.
DIGESTS = {
    "model.tar.gz": "sha256:c313ce4f6b3f6357c0f3308e6f3aa8af3dda94ba5639adb16b48f1aeb9adeedf",
    "image-1": "sha256:4f154f9829c84ad9eab4097ec2aba51014e19436c49fe3d6c3df73e928e32cec",
    "image-2": "sha256:6a858df4848c737dd48cf87cd3b61a7844c07a0b16a630b7e1bff95a3daedfeb",
}


def ask(address: str, path: str, body: str | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and text of the server's answer."""
    request = urllib.request.Request(
        address + path,
        data=None if body is None else body.encode(),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, dict(response.headers), response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode()


def test_training_again_gives_the_committed_tree() -> None:
    """Nobody has to believe that tree.json was trained: train.py says it again, node for node."""
    train = load("train")

    assert train.as_json(train.train()[1]) == (SAMPLE / "tree.json").read_text(encoding="utf-8")


def test_packing_gives_the_pinned_digests_every_time(build: ModuleType, tmp_path: Path) -> None:
    """The same bytes on every machine, or a digest in the settings would name nothing."""
    assert build.build(tmp_path / "first") == DIGESTS
    assert build.build(tmp_path / "second") == DIGESTS


def test_the_settings_and_the_readme_name_the_digests_that_are_built() -> None:
    """They name digests for people and for the stacks; none may go stale."""
    root = SAMPLE.parents[1]

    images = yaml.safe_load((SAMPLE / "images.yaml").read_text())

    assert {f"image-{version}": reference.split("@")[1] for version, reference in images.items()} == {
        name: digest for name, digest in DIGESTS.items() if name.startswith("image")
    }
    for stack in ("rehearsal", "rehearsal-tenant"):
        settings = yaml.safe_load((root / f"Pulumi.{stack}.yaml").read_text())["config"]
        assert settings["holdfast:image"] == images["1"]
    for digest in DIGESTS.values():
        assert digest in (SAMPLE / "README.md").read_text()


def test_the_artifact_is_a_gzip_that_anybody_can_read(built: Path) -> None:
    """The stored blocks are written by hand; the standard library's reader has to agree, checksum and all."""
    with gzip.open(built / "model.tar.gz") as stream:
        assert len(stream.read()) % 512 == 0


@pytest.mark.parametrize("length", [0, 1, 65535, 65536, 200_000])
def test_stored_gzip_holds_any_length(build: ModuleType, length: int) -> None:
    """A stored block ends at 65535 bytes; what is longer needs several."""
    content = bytes(number % 251 for number in range(length))

    assert gzip.decompress(build.gzip_stored(content)) == content


@pytest.mark.parametrize("version", ["1", "2"])
def test_every_descriptor_of_a_layout_fits_its_blob(built: Path, version: str) -> None:
    """Digest and size of index, config and layers are those of the bytes: what a registry would check."""
    layout = built / f"image-{version}"
    descriptors = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads((layout / "blobs/sha256" / descriptors[0]["digest"][7:]).read_text())
    descriptors += [manifest["config"], *manifest["layers"]]
    config = json.loads((layout / "blobs/sha256" / manifest["config"]["digest"][7:]).read_text())

    assert len(descriptors) == 4
    for descriptor in descriptors:
        content = (layout / "blobs/sha256" / descriptor["digest"].removeprefix("sha256:")).read_bytes()
        assert descriptor["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert descriptor["size"] == len(content)
    assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]
    assert config["config"]["Entrypoint"] == ["python3", "/opt/program/serve.py"]


def test_both_versions_answer_ping_and_say_which_they_are(serving: Callable[[str], str]) -> None:
    """SageMaker asks /ping until it answers 200; the version in the header shows a roll from outside."""
    for version in ("1", "2"):
        status, headers, _ = ask(serving(version), "/ping")

        assert (status, headers["X-Image-Version"]) == (200, version)


def test_what_is_served_equals_scikit_learn_on_every_iris(serving: Callable[[str], str]) -> None:
    """The tree walked in plain Python gives what the trained classifier gives, labels and probabilities."""
    classifier, _ = load("train").train()
    from sklearn.datasets import load_iris

    iris = load_iris()
    address = serving("2")
    body = json.dumps({"instances": iris.data.tolist()})
    _, _, answer = ask(address, "/invocations", body, Content_Type="application/json")
    csv = "".join(",".join(map(str, row)) + "\n" for row in iris.data.tolist())
    _, _, lines = ask(address, "/invocations", csv, Content_Type="text/csv")
    predictions = json.loads(answer)["predictions"]
    expected = [str(iris.target_names[label]) for label in classifier.predict(iris.data)]

    assert len(expected) == 150
    assert [each["label"] for each in predictions] == expected
    assert [line.split(",")[0] for line in lines.splitlines()] == expected
    assert [list(each["probabilities"].values()) for each in predictions] == pytest.approx(
        classifier.predict_proba(iris.data)
    )


def test_version_1_answers_the_sample_with_a_label_and_version_2_with_a_probability(
    serving: Callable[[str], str],
) -> None:
    """The two versions differ where a caller sees it."""
    sample = (SAMPLE / "sample.csv").read_text()

    assert ask(serving("1"), "/invocations", sample, Content_Type="text/csv")[2] == "setosa\n"
    assert ask(serving("2"), "/invocations", sample, Content_Type="text/csv")[2] == "setosa,1.0000\n"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "says"),
    [
        ("1,2,3", "text/csv", 400, "row 1 has 3 values"),
        ("a,b,c,d", "text/csv", 400, "rows of numbers"),
        ("", "text/csv", 400, "no rows"),
        ("nan,1,1,1", "text/csv", 400, "finite"),
        ("1e999,1,1,1", "text/csv", 400, "finite"),
        ("{", "application/json", 400, "application/json"),
        ('{"rows": []}', "application/json", 400, "application/json"),
        ("5", "application/json", 400, "application/json"),
        ("<xml/>", "text/xml", 415, "text/csv or application/json"),
    ],
)
def test_a_bad_body_is_answered_with_what_is_wrong_and_the_server_lives(
    serving: Callable[[str], str], body: str, content_type: str, status: int, says: str
) -> None:
    """The caller's mistake is the caller's: a 4xx with a sentence, and the next request is served."""
    address = serving("1")
    answered, _, text = ask(address, "/invocations", body, Content_Type=content_type)

    assert answered == status
    assert says in text
    assert ask(address, "/ping")[0] == 200


def test_publishing_twice_changes_nothing_and_latest_is_version_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that repeats finds its layers and tags there; the references are those by digest."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    import boto3
    from moto import mock_aws

    publish = load("publish")
    with mock_aws():
        ecr = boto3.client("ecr", region_name="us-east-1")
        first = publish.publish_all(ecr, "sample", tmp_path)
        images = ecr.describe_images(repositoryName="sample")["imageDetails"]
        second = publish.publish_all(ecr, "sample", tmp_path)
        again = ecr.describe_images(repositoryName="sample")["imageDetails"]

    assert first == second
    assert [reference.split("@")[1] for reference in first] == [DIGESTS["image-1"], DIGESTS["image-2"]]
    assert {tag: image["imageDigest"] for image in images for tag in image["imageTags"]} == {
        "1": DIGESTS["image-1"],
        "2": DIGESTS["image-2"],
        "latest": DIGESTS["image-2"],
    }
    assert images == again
