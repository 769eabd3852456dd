"""Target ids in both forms and what they can't carry; log groups, prefixes; documents for users and sessions."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import session_manager
from knowledge.policy_documents import Outcome, evaluate
from knowledge.session_manager import Target, TargetError, UserFacts, user_document

INSTANCE = "i-003a121c1b21a90a9"
FACTS = UserFacts("aws", "eu-west-1", "111122223333", "Debugging", "Debugging-session")
ENDPOINT = "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/debugging"
DOCUMENT = "arn:aws:ssm:eu-west-1:111122223333:document/Debugging-session"
SESSION = {"ssm:SessionDocumentAccessCheck": "true"}
NAMES = st.from_regex(r"[a-z0-9](-{0,2}[a-z0-9]){0,20}", fullmatch=True)
"""At most 61 characters, of the 63 that SageMaker allows."""


def test_both_documented_forms_of_a_target_id() -> None:
    """The second is the AWS page's own example."""
    assert str(Target("scoring", "main", INSTANCE)) == f"sagemaker-endpoint:scoring_main_{INSTANCE}"
    assert str(Target("prod-image-classifier", "variant1", INSTANCE, "container_1")) == (
        "sagemaker-endpoint:prod-image-classifier_variant1_i-003a121c1b21a90a9_container_1"
    )


@given(endpoint=NAMES, variant=NAMES, container=st.one_of(st.just(""), st.just("container_0"), NAMES))
def test_a_target_id_in_a_line_is_read_back_as_it_was_built(endpoint: str, variant: str, container: str) -> None:
    target = Target(endpoint, variant, INSTANCE, container)

    assert session_manager.targets_in(f"Target ID: {target}, and more") == [target]


@pytest.mark.parametrize(
    ("target", "says"),
    [
        (Target("scor_ing", "main", INSTANCE), "endpoint name 'scor_ing' can't be part"),
        (Target("scoring", "main/1", INSTANCE), "variant name 'main/1' can't be part"),
        (Target("scoring", "", INSTANCE), "variant name ''"),
        (Target("scoring-", "main", INSTANCE), "endpoint name 'scoring-'"),
        (Target("a" * 64, "main", INSTANCE), "1 to 63"),
        (Target("scoring", "main", "mi-1"), "'mi-1' is no instance id"),
        (Target("scoring", "main", INSTANCE, "my_container"), "container name 'my_container'"),
        (Target("scoring", "main", INSTANCE, "pré"), "container name 'pré'"),
    ],
)
def test_a_name_that_a_target_id_can_not_carry_is_told(target: Target, says: str) -> None:
    """Its parts are joined by an underscore: one in a name would make it another target's."""
    with pytest.raises(TargetError) as caught:
        str(target)

    assert says in str(caught.value)


def test_the_log_group_has_both_spellings() -> None:
    """AWS's page on logging has a capital letter, its page on SSM access hasn't; log groups are told apart by case."""
    assert session_manager.log_groups("scoring") == (
        "/aws/sagemaker/Endpoints/scoring",
        "/aws/sagemaker/endpoints/scoring",
    )
    assert session_manager.instance_of(session_manager.log_stream("main", INSTANCE)) == ("main", INSTANCE)
    assert session_manager.instance_of(f"main/{INSTANCE}") is None


@pytest.mark.parametrize(
    ("line", "container", "text"),
    [
        ("[sagemaker ssm logs][container_0] hello", "container_0", "hello"),
        ("[sagemaker ssm logs][my-own] [x] two\nlines", "my-own", "[x] two\nlines"),
        ("[sagemaker ssm logs] [my-own]no space", "my-own", "no space"),
        ("no prefix [sagemaker ssm logs][c]", "", "no prefix [sagemaker ssm logs][c]"),
        ("[sagemaker ssm logs][] empty", "", "[sagemaker ssm logs][] empty"),
    ],
)
def test_the_prefix_says_which_container(line: str, container: str, text: str) -> None:
    assert session_manager.container_of(line) == (container, text)


def test_the_agent_gets_its_four_actions() -> None:
    """All on `*`, as the page has them; and the session log, which the agent writes under the same role."""
    needs = session_manager.agent_needs("aws", "eu-west-1", "111122223333")
    channels = {need.action for need in needs if need.resource == "*" and need.action.startswith("ssmmessages:")}

    assert channels == {
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }
    assert {need.action.partition(":")[0] for need in needs} == {"ssmmessages", "logs"}


def outcome(action: str, resource: str, facts: UserFacts = FACTS, **context: str) -> Outcome:
    """What the user's policy says."""
    return evaluate([json.loads(json.dumps(user_document(facts)))], action, resource, context={**SESSION, **context})


def test_a_user_may_connect_to_the_named_endpoint_and_no_other() -> None:
    """SageMaker writes names in ARNs in lower case."""
    assert outcome("ssm:StartSession", ENDPOINT) is Outcome.ALLOWED
    assert outcome("ssm:StartSession", DOCUMENT) is Outcome.ALLOWED
    assert outcome("ssm:StartSession", ENDPOINT + "-2") is Outcome.NOT_GRANTED
    assert outcome("ssm:StartSession", DOCUMENT.replace("Debugging-session", "SSM-SessionManagerRunShell")) is (
        Outcome.NOT_GRANTED
    )
    assert outcome("ssm:StartSession", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1") is Outcome.NOT_GRANTED


@pytest.mark.parametrize("action", ["ssm:TerminateSession", "ssm:ResumeSession", "ssmmessages:OpenDataChannel"])
def test_own_sessions_are_named_by_the_callers_variables(action: str) -> None:
    """TerminateSession takes session ARNs, not endpoints."""
    statements = [each for each in user_document(FACTS)["Statement"] if action in each["Action"]]
    resources = [each for statement in statements for each in statement["Resource"]]
    own = "arn:aws:ssm:eu-west-1:111122223333:session/${aws:%s}-*"

    assert {own % "username", own % "userid"} <= set(resources)
    assert all(
        "${aws:" in each or "StringLike" in statement["Condition"]
        for statement in statements
        for each in statement["Resource"]
    )
    assert outcome(action, ENDPOINT) is Outcome.NOT_GRANTED


def test_the_right_to_connect_ends_with_the_access() -> None:
    """IAM itself closes the door, whether or not somebody deploys again."""
    dated = dataclasses.replace(FACTS, until=dt.datetime.fromisoformat("2026-12-31T18:00:00+01:00"))

    assert (
        outcome("ssm:StartSession", ENDPOINT, dated, **{"aws:CurrentTime": "2026-12-31T16:59:59Z"}) is Outcome.ALLOWED
    )
    assert outcome("ssm:StartSession", ENDPOINT, dated, **{"aws:CurrentTime": "2026-12-31T17:00:00Z"}) is (
        Outcome.NOT_GRANTED
    )


def test_sessions_are_logged_to_the_endpoints_group_as_they_happen() -> None:
    """Logging is a preference of the session's document; with a key it refuses a group without one."""
    document = session_manager.session_document("scoring", encrypted=True)

    assert (document["schemaVersion"], document["sessionType"]) == ("1.0", "Standard_Stream")
    assert document["inputs"]["cloudWatchLogGroupName"] == "/aws/sagemaker/Endpoints/scoring"
    assert document["inputs"]["cloudWatchStreamingEnabled"] is True
    assert document["inputs"]["cloudWatchEncryptionEnabled"] is True
    assert all(isinstance(document["inputs"][name], str) for name in ("idleSessionTimeout", "maxSessionDuration"))


def test_interface_endpoints_are_those_that_the_region_has() -> None:
    assert session_manager.interface_services("eu-west-1") == ("ssm", "ssmmessages", "ec2messages", "logs")
    assert session_manager.interface_services("mx-central-1") == ("ssm", "ssmmessages", "logs")
