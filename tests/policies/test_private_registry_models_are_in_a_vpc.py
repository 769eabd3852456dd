"""Images outside Amazon ECR are pulled through a VPC."""

import pytest
from judging import DIGEST, IMAGE, UNKNOWN, Given, Judge

from policies.rules.private_registry_models_are_in_a_vpc import rule
from policies.tokens import KEY, MODEL

PRIVATE = f"registry.example.com/scoring@{DIGEST}"
VPC = {"repositoryAccessMode": "Vpc"}
NETWORK = {"subnets": [UNKNOWN, UNKNOWN], "securityGroupIds": [UNKNOWN]}


def model(container: dict, network: object = None) -> Given:
    return Given(MODEL, {"primaryContainer": container, **({} if network is None else {"vpcConfig": network})})


@pytest.mark.parametrize(
    "network", [None, {}, {"subnets": ["s"]}, {"securityGroupIds": ["g"]}, {"subnets": [], "securityGroupIds": ["g"]}]
)
def test_mode_vpc_without_a_network_is_refused(judge: Judge, network: dict | None) -> None:
    [violation] = judge(rule, model({"image": PRIVATE, "imageConfig": VPC}, network)).violations

    assert "repositoryAccessMode is Vpc and vpcConfig names no subnets or no security groups" in violation


@pytest.mark.parametrize("config", [{}, {"imageConfig": {"repositoryAccessMode": "Platform"}}])
@pytest.mark.parametrize("image", [PRIVATE, "public.ecr.aws/docker/library/python:3.11"])
def test_an_image_outside_ecr_needs_the_mode(judge: Judge, config: dict, image: str) -> None:
    """SageMaker pulls from Amazon ECR's private registries otherwise, and from nowhere else."""
    [violation] = judge(rule, model({"image": image, **config}, NETWORK)).violations

    assert "isn't in Amazon ECR" in violation


@pytest.mark.parametrize(
    "given",
    [
        model({"image": PRIVATE, "imageConfig": VPC}, NETWORK),
        model({"image": UNKNOWN, "imageConfig": VPC}, NETWORK),
        model({"image": IMAGE}),
        model({"modelPackageName": "p"}),
    ],
)
def test_a_network_or_an_image_in_ecr_passes(judge: Judge, given: Given) -> None:
    """Which subnets is another question: their ids are unknown until they exist."""
    assert judge(rule, given).passed


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (model({"image": UNKNOWN}), "primaryContainer.image"),
        (model({"image": PRIVATE, "imageConfig": VPC}, UNKNOWN), "vpcConfig"),
        (model({"image": PRIVATE, "imageConfig": VPC}, {"subnets": UNKNOWN}), "vpcConfig.subnets"),
        (model({"image": IMAGE, "imageConfig": {"repositoryAccessMode": UNKNOWN}}), "imageConfig.repositoryAccessMode"),
    ],
)
def test_what_is_not_known_is_undecided(judge: Judge, given: Given, path: str) -> None:
    judgement = judge(rule, given)

    assert len(judgement.undecided) == 1
    assert f"{path} is not known" in judgement.undecided[0]


def test_keys_are_not_applicable(judge: Judge) -> None:
    assert judge(rule, Given(KEY)).not_applicable == ["is about Model"]
