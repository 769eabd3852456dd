"""Images by digest: every container, `latest` as the worst case."""

import pytest
from judging import DIGEST, IMAGE, UNKNOWN, Given, Judge

from policies.rules.model_images_are_pinned_by_digest import rule
from policies.tokens import KEY, MODEL

REPOSITORY = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/decision-trees"


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (f"{REPOSITORY}:latest", "with the tag latest"),
        (REPOSITORY, "with no tag at all"),
        ("localhost:5000/scoring", "with no tag at all"),
    ],
)
def test_latest_and_no_tag_are_critical(judge: Judge, image: str, says: str) -> None:
    """No tag means `latest`; a port is no tag."""
    judgement = judge(rule, Given(MODEL, {"primaryContainer": {"image": image}}))

    [violation] = judgement.violations
    assert violation.startswith(f"Model decision-trees: primaryContainer.image is {image}, {says};")
    assert violation.endswith(f"Fix: Set primaryContainer.image to {image.removesuffix(':latest')}@sha256:<digest>.")


@pytest.mark.parametrize("tag", [":1.2", ":v3", "@sha256:short", "@md5:" + "0" * 64])
def test_any_other_tag_is_high(judge: Judge, tag: str) -> None:
    """A version's tag moves less often, and moves; a digest that is none pins nothing."""
    [violation] = judge(rule, Given(MODEL, {"primaryContainer": {"image": REPOSITORY + tag}})).violations

    assert "Severity: high" in violation
    assert f"Set primaryContainer.image to {REPOSITORY}@sha256:<digest>." in violation


@pytest.mark.parametrize("image", [IMAGE, f"{REPOSITORY}:1.2@{DIGEST}", f"registry.example.com:5000/a/b@{DIGEST}"])
def test_a_digest_passes_with_or_without_a_tag(judge: Judge, image: str) -> None:
    """With both, the digest decides."""
    assert judge(rule, Given(MODEL, {"primaryContainer": {"image": image}})).passed


def test_every_container_of_a_pipeline_is_judged_by_itself(judge: Judge) -> None:
    """One unknown image hides neither what was decided before nor what comes after it."""
    images = [f"{REPOSITORY}:latest", UNKNOWN, IMAGE, f"{REPOSITORY}:1"]

    judgement = judge(rule, Given(MODEL, {"containers": [{"image": image} for image in images]}))

    assert [violation.partition(" is ")[0] for violation in judgement.violations] == [
        "Model decision-trees: containers[0].image",
        "Model decision-trees: containers[3].image",
    ]
    assert judgement.undecided == ["undecided: Model decision-trees: containers[1].image is not known before `up`."]


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"primaryContainer": {"image": UNKNOWN}}, "primaryContainer.image"),
        ({"primaryContainer": UNKNOWN}, "primaryContainer"),
        ({"containers": UNKNOWN}, "containers"),
        ({"containers": [UNKNOWN]}, "containers[0]"),
    ],
)
def test_what_is_not_known_is_undecided_at_every_depth(judge: Judge, properties: dict, path: str) -> None:
    """At preview an image may be another resource's output: neither pass nor fail."""
    judgement = judge(rule, Given(MODEL, properties))

    assert judgement.undecided == [f"undecided: Model decision-trees: {path} is not known before `up`."]
    assert judgement.violations == []


def test_a_container_from_a_model_package_names_no_image(judge: Judge) -> None:
    """Looks similar and must stay silent."""
    assert judge(rule, Given(MODEL, {"primaryContainer": {"modelPackageName": "arn:aws:sagemaker:::p"}})).passed


def test_other_resources_are_not_applicable(judge: Judge) -> None:
    """A key has no image."""
    assert judge(rule, Given(KEY)).not_applicable == ["is about Model"]
