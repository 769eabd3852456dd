"""The limits of recommendation jobs, and what their role needs."""

import pytest

from knowledge import recommendations as facts
from knowledge.permissions import document_of
from knowledge.policy_documents import Outcome, evaluate


@pytest.mark.parametrize(
    ("instance_type", "burstable"),
    [("ml.t2.medium", True), ("ml.t4g.medium", True), ("ml.trn1.2xlarge", False), ("ml.m5.large", False)],
)
def test_burstable_types(instance_type: str, burstable: bool) -> None:
    assert facts.is_burstable(instance_type) is burstable


def test_between_phases_at_most_three_users_come_or_go() -> None:
    first = {"users": 1, "spawnRate": 1, "seconds": 120}

    assert facts.traffic_problems([first, {"users": 3, "spawnRate": 0, "seconds": 120}]) == []
    assert facts.traffic_problems([{**first, "spawnRate": 3}, first])


@pytest.mark.parametrize(
    ("tests", "parallel", "instances"), [(4, None, 4), (4, 3, 3), (2, 3, 2), (None, None, 10), (None, 2, 2)]
)
def test_instances_of_the_largest_step(tests: int | None, parallel: int | None, instances: int) -> None:
    """One for each test that runs at once; as many as a result may list where AWS chooses."""
    assert facts.instances_at_once(tests, parallel) == instances


def test_a_job_s_prefix_leaves_room_for_the_rest_of_its_name() -> None:
    assert len(facts.job_prefix("x" * 63)) + facts.DIGITS + facts.STAMP + 2 == facts.LONGEST_NAME
    assert facts.job_prefix("scoring") == "scoring"


def test_the_eleven_and_what_a_job_does_with_its_own_endpoints_and_no_others() -> None:
    needs = facts.job_needs("aws", "eu-west-1", "111122223333", "scoring", "arn:aws:s3:::jobs")
    document = document_of((*needs, *facts.network_needs()))
    base = "arn:aws:sagemaker:eu-west-1:111122223333"

    assert len(facts.NETWORK_PERMISSIONS) == len(set(facts.NETWORK_PERMISSIONS)) == 11
    assert all(evaluate([document], action, "*") is Outcome.ALLOWED for action in facts.NETWORK_PERMISSIONS)
    assert evaluate([document], "sagemaker:DeleteEndpoint", f"{base}:endpoint/scoring-4f-1") is Outcome.ALLOWED
    assert evaluate([document], "sagemaker:DeleteEndpoint", f"{base}:endpoint/payments") is Outcome.NOT_GRANTED
    assert evaluate([document], "s3:GetObject", "arn:aws:s3:::jobs/payloads/1") is Outcome.ALLOWED
    assert evaluate([document], "s3:PutObject", "arn:aws:s3:::jobs/payloads/1") is Outcome.NOT_GRANTED
