"""Evaluating policy documents: tables out of AWS's evaluation logic, and properties that hold for every document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.policy_changes import is_narrower, may_lose
from knowledge.policy_documents import (
    MalformedDocumentError,
    Outcome,
    covers,
    decide,
    evaluate,
    overlaps,
    read,
    trusts,
)

ROLE = "arn:aws:iam::111122223333:role/team/model"
OBJECT = "arn:aws:s3:::models/a/model.tar.gz"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234"


def doc(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any = "s3:GetObject", resource: Any = OBJECT, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "s3:GetObject", resource: Any = OBJECT, **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


@pytest.mark.parametrize(
    ("statements", "outcome"),
    [
        ([], Outcome.NOT_GRANTED),
        ([allow()], Outcome.ALLOWED),
        ([allow("S3:getobject")], Outcome.ALLOWED),
        ([allow("s3:Get*", "arn:aws:s3:::models/*")], Outcome.ALLOWED),
        ([allow("s3:*", "arn:aws:s3:::models")], Outcome.NOT_GRANTED),
        ([allow("*", "*")], Outcome.ALLOWED),
        ([allow("s3:GetObjec?")], Outcome.ALLOWED),
        ([allow(["ecr:*", "s3:GetObject"], ["x", OBJECT])], Outcome.ALLOWED),
        ([allow("s3:PutObject")], Outcome.NOT_GRANTED),
        ([allow(), deny()], Outcome.DENIED),
        ([deny(), allow()], Outcome.DENIED),
        ([allow(), deny(resource="arn:aws:s3:::models/b/*")], Outcome.ALLOWED),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], Outcome.ALLOWED),
        ([{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}], Outcome.NOT_GRANTED),
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret/*"}], Outcome.ALLOWED),
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::models/*"}], Outcome.NOT_GRANTED),
        ([allow(), {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::models/*"}], Outcome.ALLOWED),
        ([allow(Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})], Outcome.UNKNOWN),
        ([allow(Condition={"Bool": {"aws:SecureTransport": "true"}})], Outcome.ALLOWED),
        ([allow(Condition={"Bool": {"aws:SecureTransport": "false"}})], Outcome.NOT_GRANTED),
        ([allow(), deny(Condition={"Bool": {"aws:SecureTransport": "false"}})], Outcome.ALLOWED),
        ([allow(), deny(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], Outcome.UNKNOWN),
        ([allow(), allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], Outcome.ALLOWED),
        ([deny(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], Outcome.NOT_GRANTED),
        ([allow(resource="arn:aws:s3:::models/${aws:PrincipalTag/team}/*")], Outcome.UNKNOWN),
        ([allow(resource="arn:aws:s3:::other/${aws:PrincipalTag/team}/*")], Outcome.NOT_GRANTED),
    ],
)
def test_identity_policies(statements: list[dict[str, Any]], outcome: Outcome) -> None:
    """One action on one object."""
    assert evaluate([doc(*statements)], "s3:GetObject", OBJECT) is outcome


def test_a_need_of_everything_below_a_prefix_is_unknown_when_a_part_of_it_is_denied() -> None:
    """`models/a/*` as a whole is neither allowed nor denied then."""
    documents = [doc(allow(resource="arn:aws:s3:::models/*"), deny(resource="arn:aws:s3:::models/a/secret"))]

    assert evaluate(documents, "s3:GetObject", "arn:aws:s3:::models/a/*") is Outcome.UNKNOWN
    assert evaluate(documents, "s3:GetObject", "arn:aws:s3:::models/b/*") is Outcome.ALLOWED


@pytest.mark.parametrize(
    ("principal", "outcome"),
    [
        ("*", Outcome.ALLOWED),
        ({"AWS": "*"}, Outcome.ALLOWED),
        ({"AWS": ROLE}, Outcome.ALLOWED),
        ({"AWS": ["arn:aws:iam::111122223333:role/other", ROLE]}, Outcome.ALLOWED),
        ({"AWS": "111122223333"}, Outcome.ALLOWED),
        ({"AWS": "arn:aws:iam::111122223333:root"}, Outcome.ALLOWED),
        ({"AWS": "arn:aws:iam::111122223333:role/other"}, Outcome.NOT_GRANTED),
        ({"AWS": "999999999999"}, Outcome.NOT_GRANTED),
        ({"Service": "sagemaker.amazonaws.com"}, Outcome.NOT_GRANTED),
        ({"AWS": "AROAABCDEFGHIJKLMNOPQ"}, Outcome.UNKNOWN),
    ],
)
def test_principals_of_a_resource_policy(principal: Any, outcome: Outcome) -> None:
    """Who is named."""
    assert evaluate([doc(allow(Principal=principal))], "s3:GetObject", OBJECT, principal=ROLE) is outcome


def test_a_deny_for_everybody_but_one_role_spares_that_role() -> None:
    """NotPrincipal, and the more usual condition on aws:PrincipalArn."""
    for statement in (
        deny(NotPrincipal={"AWS": ROLE}),
        deny(Principal="*", Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/team/*"}}),
    ):
        document = doc(allow(Principal="*"), statement)

        assert evaluate([document], "s3:GetObject", OBJECT, principal=ROLE) is Outcome.ALLOWED
        assert evaluate([document], "s3:GetObject", OBJECT, principal=ROLE + "2/x") is not Outcome.NOT_GRANTED


ROOT = {"AWS": "arn:aws:iam::111122223333:root"}


@pytest.mark.parametrize(
    ("identity", "key_policy", "outcome"),
    [
        (doc(allow("kms:*", "*")), doc(allow("kms:*", "*", Principal=ROOT)), Outcome.ALLOWED),
        (doc(), doc(allow("kms:*", "*", Principal=ROOT)), Outcome.NOT_GRANTED),
        (doc(allow("kms:*", "*")), doc(), Outcome.NOT_GRANTED),
        (doc(), doc(allow("kms:Decrypt", "*", Principal={"AWS": ROLE})), Outcome.ALLOWED),
        (doc(deny("kms:*", "*")), doc(allow("kms:Decrypt", "*", Principal={"AWS": ROLE})), Outcome.DENIED),
        (
            doc(allow("kms:*", "*")),
            doc(allow("kms:*", "*", Principal=ROOT), deny("*", "*", Principal="*")),
            Outcome.DENIED,
        ),
    ],
)
def test_a_key_answers_to_its_key_policy(identity: Any, key_policy: Any, outcome: Outcome) -> None:
    """ "Key policies in AWS KMS": naming the account hands over to IAM, naming the role grants."""
    found = decide([identity], "kms:Decrypt", KEY, resource_policy=key_policy, principal=ROLE)

    assert found is outcome


def test_a_bucket_of_another_account_needs_both_sides() -> None:
    """Cross-account access."""
    identity, bucket = doc(allow()), doc(allow(Principal={"AWS": ROLE}))

    def found(one: Any, other: Any) -> Outcome:
        return decide(
            [one], "s3:GetObject", OBJECT, resource_policy=other, principal=ROLE, resource_account="999999999999"
        )

    assert found(identity, bucket) is Outcome.ALLOWED
    assert found(identity, doc()) is Outcome.NOT_GRANTED
    assert found(doc(), bucket) is Outcome.NOT_GRANTED


@pytest.mark.parametrize(
    ("boundary", "outcome"),
    [
        (doc(allow("*", "*")), Outcome.ALLOWED),
        (doc(allow("logs:*", "*")), Outcome.NOT_GRANTED),
        (doc(allow("*", "*"), deny()), Outcome.DENIED),
        (doc(allow("*", "*", Condition={"StringEquals": {"a": "b"}})), Outcome.UNKNOWN),
    ],
)
def test_a_boundary_only_limits(boundary: Any, outcome: Outcome) -> None:
    """It never grants."""
    assert decide([doc(allow())], "s3:GetObject", OBJECT, boundary=boundary) is outcome
    assert decide([doc()], "s3:GetObject", OBJECT, boundary=boundary) is not Outcome.ALLOWED


def test_trust() -> None:
    """Which service may assume a role."""
    document = doc({"Effect": "Allow", "Principal": {"Service": ["a", "sagemaker.amazonaws.com"]}, "Action": "sts:*"})

    assert trusts(document, "sagemaker.amazonaws.com") is Outcome.ALLOWED
    assert trusts(document, "lambda.amazonaws.com") is Outcome.NOT_GRANTED


@pytest.mark.parametrize("text", ["", "[]", "{", '{"Statement": ["x"]}', '{"Statement": {"Effect": "allow"}}'])
def test_what_is_no_policy_document_is_said_to_be_none(text: str) -> None:
    """With a sentence, never a KeyError."""
    with pytest.raises(MalformedDocumentError):
        read(text)


ACTIONS = st.sampled_from(["*", "s3:*", "s3:GetObject", "s3:Get*", "s3:PutObject", "kms:*"])
RESOURCES = st.sampled_from(["*", OBJECT, "arn:aws:s3:::models/*", "arn:aws:s3:::other/*"])
CONDITIONS = st.sampled_from([{}, {"Condition": {"StringEquals": {"x": "y"}}}])
STATEMENTS = st.builds(
    lambda effect, action, resource, condition: {"Effect": effect, "Action": action, "Resource": resource, **condition},
    st.sampled_from(["Allow", "Deny"]),
    ACTIONS,
    RESOURCES,
    CONDITIONS,
)
DOCUMENTS = st.lists(STATEMENTS, max_size=5).map(lambda statements: doc(*statements))


@given(DOCUMENTS, STATEMENTS)
def test_an_added_deny_never_grants_and_an_added_allow_never_takes(document: Any, statement: Any) -> None:
    """Monotony of the evaluation."""
    before = evaluate([document], "s3:GetObject", OBJECT)
    after = evaluate([document, doc(statement)], "s3:GetObject", OBJECT)

    if statement["Effect"] == "Deny":
        assert after is not Outcome.ALLOWED or before is Outcome.ALLOWED
    else:
        assert before is not Outcome.ALLOWED or after is Outcome.ALLOWED
        assert before is not Outcome.DENIED or after is Outcome.DENIED


@given(DOCUMENTS, DOCUMENTS)
def test_what_is_not_narrower_loses_nothing(before: Any, after: Any) -> None:
    """is_narrower and may_lose may only be wrong on the safe side."""
    for proof in (not is_narrower(before, after), not may_lose([before], [after], "s3:GetObject", OBJECT)):
        if proof and evaluate([before], "s3:GetObject", OBJECT) is Outcome.ALLOWED:
            assert evaluate([after], "s3:GetObject", OBJECT) is Outcome.ALLOWED


@given(DOCUMENTS)
def test_the_order_of_statements_and_the_spelling_of_the_document_do_not_matter(document: Any) -> None:
    """JSON text, object, reversed."""
    turned = doc(*reversed(document["Statement"]))

    assert evaluate([read(json.dumps(document))], "s3:GetObject", OBJECT) is evaluate([turned], "s3:GetObject", OBJECT)


PATTERNS = st.text("ab*?", max_size=6)


@given(PATTERNS, st.text("ab", max_size=6))
def test_a_pattern_that_covers_a_text_overlaps_it(pattern: str, text: str) -> None:
    """On plain texts both are the same question."""
    assert overlaps(pattern, text) is covers(pattern, text)


@given(PATTERNS, PATTERNS)
def test_overlapping_is_mutual(one: str, other: str) -> None:
    """Some text matches both."""
    assert overlaps(one, other) is overlaps(other, one)


@pytest.mark.parametrize(
    ("operator", "wanted", "outcome"),
    [
        ("DateLessThan", "2026-06-01T12:00:01Z", Outcome.ALLOWED),
        ("DateLessThan", "2026-06-01T12:00:00Z", Outcome.NOT_GRANTED),
        ("DateLessThanEquals", "2026-06-01T14:00:00+02:00", Outcome.ALLOWED),
        ("DateGreaterThan", "2026-06-01T12:00:00", Outcome.NOT_GRANTED),
        ("DateGreaterThanEquals", "2026-06-01", Outcome.ALLOWED),
        ("DateLessThan", "1780000000", Outcome.UNKNOWN),
    ],
)
def test_a_date_is_compared_with_the_time_that_is_known(operator: str, wanted: str, outcome: Outcome) -> None:
    """Without a time zone it is UTC; a notation that isn't read here (seconds) leaves it unknown."""
    condition = {operator: {"aws:CurrentTime": wanted}}
    document = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}}
    known = {"aws:CurrentTime": "2026-06-01T12:00:00Z"}

    assert evaluate([document], "s3:GetObject", "arn:aws:s3:::b/k", context=known) is outcome
    assert evaluate([document], "s3:GetObject", "arn:aws:s3:::b/k") is Outcome.UNKNOWN
