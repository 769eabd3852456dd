"""Which images are SageMaker's built-in algorithms: in AWS's registries, not those of one's own of the same name."""

from __future__ import annotations

import pytest

from knowledge.built_in_images import algorithm_of

OWN = "111122223333"


@pytest.mark.parametrize(
    ("image", "algorithm"),
    [
        ("685385470294.dkr.ecr.eu-west-1.amazonaws.com/linear-learner:1", "linear-learner"),
        ("141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1", "sagemaker-xgboost"),
        ("763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:2.3-cpu-py311", ""),
        (f"{OWN}.dkr.ecr.eu-west-1.amazonaws.com/xgboost:1", ""),
        ("registry.example.com/xgboost:1", ""),
        ("", ""),
    ],
)
def test_an_algorithm_is_known_by_registry_and_repository(image: str, algorithm: str) -> None:
    """AWS's deep learning containers can be connected to, and so can images of one's own."""
    assert algorithm_of(image, OWN) == algorithm
