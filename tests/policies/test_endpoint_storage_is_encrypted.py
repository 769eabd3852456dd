"""A key for the storage volumes, and none where SageMaker refuses it."""

import pytest
from judging import UNKNOWN, Given, Judge

from knowledge.instance_storage import has_local_storage
from policies.rules.endpoint_storage_is_encrypted import rule
from policies.tokens import ENDPOINT_CONFIGURATION, MODEL


def configuration(*types: str, key: str | None = None) -> Given:
    variants = [{"instanceType": each} for each in types]
    properties = {"productionVariants": variants, **({} if key is None else {"kmsKeyArn": key})}
    return Given(ENDPOINT_CONFIGURATION, properties)


@pytest.mark.parametrize("instance_type", ["ml.m5.large", "ml.c6g.xlarge", "ml.inf2.xlarge", "ml.p3.2xlarge"])
def test_volumes_without_a_key_are_refused(judge: Judge, instance_type: str) -> None:
    [violation] = judge(rule, configuration(instance_type)).violations

    assert "kmsKeyArn is not set" in violation
    assert judge(rule, configuration(instance_type, key=UNKNOWN)).passed


@pytest.mark.parametrize("instance_type", ["ml.g5.xlarge", "ml.m5d.large", "ml.p4d.24xlarge", "ml.trn1.2xlarge"])
def test_a_key_for_local_storage_is_refused_and_none_passes(judge: Judge, instance_type: str) -> None:
    """The other way round: SageMaker fails such a configuration in the middle of an `up`."""
    [violation] = judge(rule, configuration("ml.m5.large", instance_type, key="k")).violations

    assert f"{instance_type} has local storage" in violation
    assert judge(rule, configuration("ml.m5.large", instance_type)).passed


@pytest.mark.parametrize(
    ("instance_type", "local"),
    [
        ("ml.m5.large", False), ("ml.m5d.large", True), ("ml.c5.large", False), ("ml.c5d.large", True),
        ("ml.c6g.large", False), ("ml.c6gd.large", True), ("ml.c6gn.large", False), ("ml.r6gd.large", True),
        ("ml.m6i.large", False), ("ml.m6id.large", True), ("ml.t2.medium", False), ("ml.m4.xlarge", False),
        ("ml.g4dn.xlarge", True), ("ml.g5.xlarge", True), ("ml.g6.xlarge", True), ("ml.g6e.xlarge", True),
        ("ml.p2.xlarge", False), ("ml.p3.2xlarge", False), ("ml.p3dn.24xlarge", True), ("ml.p4de.24xlarge", True),
        ("ml.p5.48xlarge", True), ("ml.p5en.48xlarge", True), ("ml.inf1.xlarge", False), ("ml.inf2.xlarge", False),
        ("ml.trn1n.32xlarge", True), ("ml.i3en.large", True), ("", False), ("m5d.large", False),
    ],
)  # fmt: skip
def test_local_storage_is_known_by_family(instance_type: str, local: bool) -> None:
    """The letter d behind the generation, and the accelerated families that always have it."""
    assert has_local_storage(instance_type) is local


def test_an_instance_type_that_is_not_known_is_undecided(judge: Judge) -> None:
    judgement = judge(rule, configuration(UNKNOWN, key="k"))

    assert len(judgement.undecided) == 1
    assert "productionVariants[0].instanceType is not known" in judgement.undecided[0]


def test_serverless_variants_and_models_are_not_applicable(judge: Judge) -> None:
    """No instances, no volumes."""
    serverless = Given(ENDPOINT_CONFIGURATION, {"productionVariants": [{"serverlessConfig": {"maxConcurrency": 1}}]})

    assert judge(rule, serverless).not_applicable == ["no variant has instances"]
    assert judge(rule, Given(MODEL)).not_applicable == ["is about EndpointConfiguration"]
